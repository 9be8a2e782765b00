"""The ready-made policies give the same answers on the interpreter of the microcontrollers, and take little of it."""

import subprocess
import sys

import pytest

from tests.labs.interpreter import installed, micropython
from tests.labs.interpreter import only_where_it_runs as pytestmark

__all__ = ("installed", "pytestmark")

_SCENARIO = """
from fota.policy import DOWNLOAD, RESTART, Later, No, Now, Offer
from fota.policy.combine import all_of, any_of
from fota.policy.max_bytes import MaxBytes
from fota.policy.max_rate import MaxRate
from fota.policy.metered import NotMetered
from fota.policy.when import When
from fota.policy.window import Window


def say(answer):
    if isinstance(answer, Now):
        print("now", answer.max_bytes_per_s, answer.max_bytes, answer.for_s)
    elif isinstance(answer, Later):
        print("later", answer.reason, answer.again_s)
    else:
        print("no", answer.reason)


def broken(offer):
    raise OSError(5)


offer = Offer()
offer.left_bytes = 500_000
night = Window("22:30", "06:15", offset_minutes=330, days="mon,tue,fri,sun")
always = Window("00:00", "00:00", offset_minutes=-720)
budget = MaxBytes(per_day=200_000, per_month=1_000_000)
policies = (
    night,
    always,
    budget,
    MaxRate(1),
    NotMetered(lambda: False, check_s=9),
    NotMetered(lambda: None),
    When(lambda: True, "battery-low"),
    When(lambda: 1, "battery-low", again_s=7),
    all_of(night, budget, MaxRate(4096)),
    any_of(night, budget),
    any_of(broken, lambda offer: True),
    all_of(broken, lambda offer: No("never")),
    all_of(lambda offer: False, lambda offer: True),
)
say(night(offer))
for time_s in range(1_800_000_000, 1_800_000_000 + 9 * 86_400, 5_011):
    offer.time_s = time_s
    offer.day_bytes = time_s % 250_000
    offer.month_bytes = time_s % 1_100_000
    for policy in policies:
        say(policy(offer))
for make in (
    lambda: Window("2:30", "06:15", offset_minutes=0),
    lambda: Window("02:30", "06:15", offset_minutes=0, days="funday"),
    lambda: Window("02:30", "06:15"),
    lambda: MaxBytes(per_day=1),
    lambda: MaxRate(0),
    lambda: When(1, "load"),
    lambda: When(bool, ""),
    lambda: all_of(),
    lambda: all_of(broken)(offer),
):
    try:
        make()
    except (ValueError, OSError) as error:
        print(type(error).__name__, error.args[0])
"""

_ZONE = """
from fota.policy.window import Window
try:
    Window("02:00", "04:00", zone="Europe/Rome")
except ValueError as error:
    print(error)
"""

_HEAP = """
import gc
from fota.policy import Offer
from fota.policy.combine import all_of
from fota.policy.max_bytes import MaxBytes
from fota.policy.window import Window
policy = all_of(Window("22:30", "06:15", offset_minutes=60), MaxBytes(per_day=200_000))
offer = Offer()
offer.left_bytes = 500_000


def held(rounds):
    for number in range(rounds):
        offer.time_s = 1_800_000_000 + 997 * number
        policy(offer)
    gc.collect()
    return gc.mem_alloc()


held(10)
print(held(10), held(1000))
"""


def test_the_answers_are_the_same_there(installed):
    here = subprocess.run([sys.executable, "-c", _SCENARIO], capture_output=True, text=True)
    assert here.stderr == ""
    assert micropython(_SCENARIO, folder=installed).splitlines() == here.stdout.splitlines()
    assert len(here.stdout.splitlines()) > 2000


def test_a_zone_is_refused_there_and_the_message_names_the_offset(installed):
    assert micropython(_ZONE, folder=installed).startswith("zone: this interpreter knows no time zones; give offset")


def test_a_thousand_questions_hold_no_memory_there(installed):
    first, last = map(int, micropython(_HEAP, folder=installed).split())
    assert last - first <= 64


@pytest.mark.parametrize("name", ["combine", "max_bytes", "max_rate", "metered", "when", "window"])
def test_each_can_be_left_out_of_a_board_but_not_what_it_imports(name, installed):
    script = f"import sys, fota.policy.{name}\nprint(sorted(n for n in sys.modules if n.startswith('fota.policy.')))"
    assert micropython(script, folder=installed) == f"['fota.policy.{name}']\n"
