"""Patches: what travels instead of an image, from the image that a device has to the one that it shall have."""
