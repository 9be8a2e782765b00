"""The bytes of a URL, in order, each exactly once: HTTP, retries, and how far a download has come."""
