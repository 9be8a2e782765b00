"""Programs that are measured, each in a process of its own, run by a Python that has what it needs.

Each takes its settings as JSON on its command line and prints what it found as one line of JSON.
"""
