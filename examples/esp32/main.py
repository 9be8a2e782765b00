"""`main.py` of a board whose images are files: starts the one that is due. `boot.py` stays yours."""

from fota.start import start

start("/fota-home")
