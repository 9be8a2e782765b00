"""AWS on this machine, without an account."""
