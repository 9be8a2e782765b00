"""What systemd hears of the application: its readiness, its status, and no good word while it hangs."""

import pytest

from tests.labs.beating import BY_HAND, HANGS
from tests.labs.boot_lab import CRASHES, QUICK, WAITS, BootLab
from tests.labs.notified import notified

pytestmark = pytest.mark.slow

__all__ = ("notified",)

RUNS = "READY=1\nSTATUS=running slot 0"
SAYS_READY = BY_HAND + "tell('says')\nsay('READY=1')\n"


@pytest.fixture
def started(tmp_path, notified):
    """`started(script, *options)`: a device that runs it, for the service manager `notified`."""
    labs = []

    def start(script, *options, **more):
        lab = BootLab(tmp_path)
        labs.append(lab)
        lab.provision(script)
        lab.start(*options, NOTIFY_SOCKET=notified.address, **more)
        return lab

    yield start
    for lab in labs:
        lab.close()


def test_the_status_of_the_application_is_shown_with_the_slot(started, notified):
    started(BY_HAND + "say('STATUS=pumping 3 l/s')\n" + WAITS)
    assert [notified.next() for _ in range(2)] == [RUNS, "STATUS=slot 0: pumping 3 l/s"]


def test_what_would_end_or_change_the_service_is_not_passed_on(started, notified):
    words = ["STOPPING=1", "RELOADING=1", "MAINPID=1", "FDSTORE=1", "ERRNO=2", "WATCHDOG_USEC=9000000", "READY=1"]
    started(BY_HAND + f"for word in {words}:\n    say(word)\nsay('STATUS=a\\tb')\n" + WAITS)
    assert [notified.next() for _ in range(2)] == [RUNS, "STATUS=slot 0: a b"]


def test_an_application_that_says_nothing_is_ready_when_it_was_started(started, notified):
    started(WAITS)
    assert notified.next() == RUNS


def test_readiness_is_passed_on_when_it_comes(started, notified):
    started(SAYS_READY + WAITS, "--ready-deadline", "60")
    assert notified.until(RUNS)[0].endswith("STATUS=starting slot 0")


def test_an_old_application_that_never_says_it_is_ready_in_the_end(started, notified):
    started(WAITS, "--ready-deadline", "1")
    assert notified.next() == "EXTEND_TIMEOUT_USEC=31000000\nSTATUS=starting slot 0"
    message, waited_s = notified.next_after()
    assert message == RUNS
    assert 0.5 < waited_s < 10


def test_images_that_end_do_not_make_systemd_wait_longer(started, notified):
    started(CRASHES, "--ready-deadline", "1", shortened=QUICK)
    came = notified.until(RUNS)
    budgets = [int(one.partition("=")[2].partition("\n")[0]) for one in came if one.startswith("EXTEND")]
    assert len(budgets) > 1
    assert budgets == sorted(budgets, reverse=True)
    assert budgets[-1] < 31_000_000


def test_an_image_that_hangs_is_told_and_the_watchdog_is_not_fed_until_it_is_gone(started, notified):
    deaf = "signal.signal(signal.SIGABRT, signal.SIG_IGN)\n"
    started(deaf + HANGS, WATCHDOG_USEC="100000", shortened={**QUICK, "STOP_GRACE_S": 2})
    while not (message := notified.next()).startswith("STATUS="):
        assert message in (RUNS, "WATCHDOG=1")
    assert message.startswith("STATUS=slot 0: the application hangs: no sign of life for 0.")
    assert message.endswith("; it is stopped, and started again")
    _, waited_s = notified.next_after()
    assert waited_s > 1.5


def test_the_watchdog_is_fed_while_the_application_keeps_its_promise(started, notified):
    lab = started(BY_HAND + "while True:\n    say('WATCHDOG=1')\n    time.sleep(0.01)\n", WATCHDOG_USEC="100000")
    came = [notified.next() for _ in range(30)]
    assert came == [RUNS, *["WATCHDOG=1"] * 29]
    assert lab.started() == ["factory"]


def test_a_systemd_that_does_not_listen_holds_nothing_up(started, notified):
    notified.fill_up()
    lab = started(BY_HAND + "say('STATUS=at work')\n" + HANGS, "--ready-deadline", "60", shortened=QUICK)
    lab.wait_for_start(2)
