"""Bugs seeded into a copy of the device's code, to see that the power-cut sweep finds each: the checks, checked.

Run it with `python -m sweeps.mutants`; the bugs are listed in docs/power-cuts-mutants.md. They are written from the
code and from what may go wrong with it; most of them without a look at the checks.
"""
