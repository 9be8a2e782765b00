"""For porters and for our own tests: strict fakes, the contract of a slot back-end, a misbehaving server.

Published with the library. A new slot back-end proves itself with `fota_testing.slots_contract.check_slots`.
Nothing here needs a test runner: what is wrong is an AssertionError.
"""
