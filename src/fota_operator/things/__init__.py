"""Things of AWS IoT, and the folders that their devices get."""
