"""Wi-Fi and the time of an ESP32, each with a deadline: TLS needs both, and a device must boot without either."""

import time

DEADLINE_MS = 20_000


def connect(name, password):
    """Join a Wi-Fi network; whether that came about in time. The image goes on without: it tries again itself."""
    import network

    station = network.WLAN(network.STA_IF)
    station.active(True)
    if not station.isconnected():
        station.connect(name, password)
    began = time.ticks_ms()
    while not station.isconnected() and time.ticks_diff(time.ticks_ms(), began) < DEADLINE_MS:
        time.sleep_ms(100)
    return station.isconnected()


def set_clock():
    """Ask for the time, since certificates have dates; whether it came in time."""
    import ntptime

    ntptime.timeout = 5
    for _ in range(3):
        try:
            ntptime.settime()
        except OSError:
            continue
        return True
    return False
