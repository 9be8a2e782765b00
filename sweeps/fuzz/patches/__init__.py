"""The fuzz of patches: changed ones are applied by both interpreters, and what came of each is compared.

It is a part of `python -m sweeps.fuzz`, which says in docs/fuzzing.md what it does and what it found.
"""
