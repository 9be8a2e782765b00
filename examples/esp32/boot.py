"""Runs at every reset: the network and the clock first, then the image that is due."""

from network_of_board import connect, set_clock

from fota.start import start

connect("my-wifi", "its-password")
set_clock()
start("/fota")
