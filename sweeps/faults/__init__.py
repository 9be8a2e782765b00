"""Every fault at every step: a matrix that is generated from two lists, and played on the real code of the device.

`python -m sweeps.faults` plays it, `python -m sweeps.faults.mutants` sees that it finds seeded bugs.

`rows` and `steps` are the two lists, `cell` plays one fault at one step and judges how that ended.
Beneath them is a device in a virtual world: `world` has the time and the threads, `network` the sockets, `broker` and
`objects` the two servers, `disk` the files, `life` the boots of a device, and `halves` what differs between the
interpreters. Nothing in it waits for real time.
"""
