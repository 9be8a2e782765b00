"""One file for each bench: what it does, what it compares with, and the result."""
