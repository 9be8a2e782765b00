"""The fuzz: it sends changed job documents and envelopes to a device, and compares two interpreters.

Run it with `python -m sweeps.fuzz`. docs/fuzzing.md says what it does and what it found.
"""
