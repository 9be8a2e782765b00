"""The bytes that fill a slot, built and read."""
