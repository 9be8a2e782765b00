"""Measures what an update costs, side by side with what a user would take instead: `python -m bench [NAME]`.

Prints tables and one JSON line for each bench; asserts nothing about time. The limits on sizes and memory are
in `tests/bench`.
"""
