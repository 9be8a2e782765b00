"""When this gateway takes an update: at night, not on a low battery, and over a link that costs nothing or little."""

import subprocess

from fota.policy import RESTART
from fota.policy.combine import all_of, any_of
from fota.policy.max_bytes import MaxBytes
from fota.policy.max_rate import MaxRate
from fota.policy.metered import NotMetered
from fota.policy.when import When
from fota.policy.window import Window

BATTERY = "/sys/class/power_supply/BAT0/capacity"
NIGHT = ("02:00", "04:30")
AGAIN_S = 60
METERED = (
    *("busctl", "--system", "get-property", "org.freedesktop.NetworkManager"),
    *("/org/freedesktop/NetworkManager", "org.freedesktop.NetworkManager", "Metered"),
)


def is_metered():
    """Whether NetworkManager says that the link costs money; None when nobody knows, which counts as metered."""
    try:
        done = subprocess.run(METERED, capture_output=True, text=True, timeout=5, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    # 0 unknown, 1 yes, 2 no, 3 and 4 the same as guesses.
    return {"u 1": True, "u 2": False, "u 3": True, "u 4": False}.get(done.stdout.strip())


def is_charged():
    """Whether the battery is half full; a machine without one always is."""
    try:
        with open(BATTERY) as file:
            return int(file.read()) >= 50
    except FileNotFoundError:
        return True


fetch = all_of(any_of(NotMetered(is_metered), MaxBytes(per_month=20_000_000)), MaxRate(1_000_000))
restart = Window(*NIGHT, zone="Europe/Rome")
charged = When(is_charged, "battery-low", again_s=AGAIN_S)


def policy(offer):
    """Fetch at any hour, restart at night, and neither on a low battery."""
    return all_of(charged, restart if offer.moment == RESTART else fetch)(offer)
