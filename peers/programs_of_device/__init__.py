"""Programs that the device library is held against a peer with; each runs on both interpreters."""
