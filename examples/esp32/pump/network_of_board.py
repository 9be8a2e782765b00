"""Wi-Fi and the time of a board. It is a part of the image: an update can mend it, and a bad one is rolled back.

A device must run without either, so each has a deadline, and nothing that a radio raises ends the program.
"""

import json
import time

DEADLINE_MS = 20_000
_ANY_YEAR_OF_OURS = 2026
_NTP_TRIES = 3


def connect(path, waiting=lambda: None):
    """Join the Wi-Fi of that file, `{"name": ..., "password": ...}`; whether that came about in time.

    `waiting` is called about ten times in a second of waiting.
    """
    try:
        import network
    except ImportError:
        return True  # An operating system has done it.
    try:
        station = network.WLAN(network.STA_IF)
        if station.isconnected():
            return True
        with open(path) as file:
            wifi = json.load(file)
        # A soft reset keeps the radio: one that is connecting still takes no other order.
        station.active(False)
        station.active(True)
        station.connect(wifi["name"], wifi["password"])
        began = time.ticks_ms()
        while not station.isconnected() and time.ticks_diff(time.ticks_ms(), began) < DEADLINE_MS:
            time.sleep_ms(100)
            waiting()
        return station.isconnected()
    except Exception as error:
        print("no Wi-Fi:", error)
        return False


def set_clock(waiting=lambda: None):
    """Ask for the time if the clock is wrong, since certificates have dates; whether it is right now.

    `waiting` is called between the questions, which take up to 5 s each, and the look-up of a name before.
    """
    for _ in range(_NTP_TRIES):
        if time.gmtime()[0] >= _ANY_YEAR_OF_OURS:
            return True
        try:
            import ntptime

            ntptime.timeout = 5
            ntptime.settime()
        except Exception as error:
            print("no time:", error)
        waiting()
    return time.gmtime()[0] >= _ANY_YEAR_OF_OURS
