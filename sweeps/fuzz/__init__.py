"""Job documents and envelopes, mutated: what a device makes of them, and whether two interpreters agree.

Run it with `python -m sweeps.fuzz`; what it does and what it found is told in docs/fuzzing.md.
"""
