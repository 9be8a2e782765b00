"""A whole update, cut at each operation in each torn shape, recovered, and looked at from outside.

Run it with `python -m sweeps.powercut`; what it does and what it found is told in docs/power-cuts.md.
"""
