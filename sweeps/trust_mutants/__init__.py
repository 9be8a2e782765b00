"""Takes away the checks of trust of a device, one at a time.

Then a vector must get another verdict, or a test must fail. If neither happens, nothing tests that check.
Run it with `python -m sweeps.trust_mutants`.
"""
