"""Holds the device library against servers that other people wrote. `make peers` runs it.

What the programs of a peer need is fetched from Debian into `.peers`, without root.
"""
