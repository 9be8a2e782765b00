"""When this board takes an update: a part of it each night, and the restart when somebody presses the button."""

from fota import policy as words
from fota.policy.combine import all_of
from fota.policy.max_bytes import MaxBytes
from fota.policy.window import Window


def is_pressed():
    """Whether the button of the board is pressed: put the pin of yours here, such as `not Pin(0, Pin.IN).value()`."""
    return True


# One hour ahead of UTC, all the year round: a board knows no time zones.
fetch = all_of(Window("01:00", "05:00", offset_minutes=60), MaxBytes(per_day=200_000))


def policy(offer):
    """It is called in the loop of the program, so it must be quick."""
    if offer.moment == words.DOWNLOAD:
        return fetch(offer)
    return words.Now() if is_pressed() else words.Later("press-the-button", again_s=1)
