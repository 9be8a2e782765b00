"""Who may decide what runs: signatures, manifests, keyrings, and the floor that protects against old releases."""
