"""Contracts and fakes, for porters and for the tests of the library itself.

Three checks hold a part that a porter brings against its contract, clause by clause:
`slots_contract.check_slots`, `board_contract.check_board` and `connection_contract.check_connection`.
The fakes are stricter than what they take the place of: `flash` is flash and an ESP32 that lose power in any
operation, `posix` a disk that does, `jobs` is AWS IoT Jobs in memory, and `servers` are an HTTPS server and an MQTT
broker that misbehave as they are told to.

The package is published with the library. Nothing in it needs a test runner: a clause that does not
hold is an AssertionError, and a call that only a defect makes is Misuse, which no `except Exception` hides.
"""
