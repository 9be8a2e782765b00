"""Keys, keyrings and signed releases: whom devices trust."""
