"""Patches made from images: what an operator ships beside the whole image."""
