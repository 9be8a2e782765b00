"""AWS IoT on the device: a thing, its jobs, and the flow that joins jobs to `fota`."""
