"""`boot.py` of a board whose whole firmware is updated, in OTA partitions: the record first, then the network."""

from network_of_board import connect, set_clock

from fota.boards.esp32 import open_board

open_board("/fota")
connect("my-wifi", "its-password")
set_clock()
