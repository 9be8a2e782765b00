"""One file for each bench: what it does, beside whom, and what came of it."""
