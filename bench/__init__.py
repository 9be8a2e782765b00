"""Side by side: what an update costs, measured against what a user would take instead. `python -m bench [NAME]`.

Prints tables and one JSON line for each bench; asserts nothing about time. What must hold of sizes and memory is
in `tests/bench`.
"""
