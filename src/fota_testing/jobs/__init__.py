"""AWS IoT Jobs in memory, and a connection to it, on a virtual clock."""
