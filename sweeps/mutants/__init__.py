"""Seeds bugs into a copy of the device's code, one at a time, to see that the power-cut sweep finds each.

Run it with `python -m sweeps.mutants`; docs/power-cuts-mutants.md lists the bugs. Their authors looked at the code
and at what may go wrong with it; most of them had not seen the checks. `sweeps.seeding` says how to write a bug.
"""
