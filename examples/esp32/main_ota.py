"""`main.py` of a board whose whole firmware is updated, in OTA partitions: starts the program that is in it."""

from fota.start_firmware import start

start("/fota-home", "pump.main")
