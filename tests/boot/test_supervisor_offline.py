"""`fota-boot` as a real process: trouble of the world is waited out in a trial, and is no fault of the image."""

import pytest

from fota.record import Record
from tests.labs.boot_lab import CONFIRMS, CRASHES, QUICK, WAITS, until

pytestmark = pytest.mark.slow

NOTED = "from fota import boot_note; boot_note.offline(); "
REFUSED = "import socket; socket.create_connection(('127.0.0.1', 1))"
NO_CONNECTION = "from aws.iot.errors import ConnectFailed; raise ConnectFailed('not connected within 30000 ms')"
WRAPPED = f"""
try:
    {REFUSED}
except OSError as error:
    raise RuntimeError("no broker") from error
"""

# Each row: how a program ends when it cannot connect.
every_way = pytest.mark.parametrize(
    "script",
    [
        NO_CONNECTION,
        REFUSED,
        WRAPPED,
        "import socket; raise socket.gaierror(-3, 'Temporary failure in name resolution')",
        "raise TimeoutError('timed out')",
        "raise OSError(101, 'Network is unreachable')",
        "import ssl; raise ssl.SSLCertVerificationError(1, 'failed: certificate is not yet valid')",
        NOTED + "raise SystemExit(3)",
        NOTED,
        NOTED + "machine.restart()",
    ],
    ids=["library", "refused", "wrapped", "name", "timeout", "no route", "clock", "exits", "returns", "restarts"],
)


@every_way
def test_an_image_on_trial_that_cannot_connect_is_started_again_in_the_same_attempt(lab, script):
    lab.provision()
    first = f"if len(open(os.environ['LAB_EVENTS']).readlines()) < 3:\n    exec({script!r})\n    sys.exit()\n"
    lab.put_on_trial("new", first + CONFIRMS)
    lab.start(shortened=QUICK)
    lab.wait_for("confirmed")
    assert lab.started() == ["new"] * 3
    assert lab.events()[-1]["record"] == repr(Record(0, boot_slot=1, trial_slot=1, attempts_spent=1))


@pytest.mark.parametrize("script", [NO_CONNECTION, NOTED], ids=["raises", "returns"])
def test_at_its_deadline_it_is_given_up_as_offline(lab, script):
    lab.provision()
    lab.put_on_trial("new", script)
    lab.start("--deadline", "3", shortened={**QUICK, "MAX_DELAY_S": 0.2})
    until(lambda: lab.started()[-1:] == ["factory"], "the old image")
    assert lab.record() == Record(0, trial_slot=1, attempts_spent=1, cause="offline")
    assert len(lab.started()) > 2


def test_an_image_that_waits_for_the_network_itself_is_given_up_as_offline_at_its_deadline(lab):
    lab.provision()
    lab.put_on_trial("new", NOTED + WAITS)
    lab.start("--deadline", "3", shortened=QUICK)
    lab.wait_for_start(2)
    assert lab.record().cause == "offline"


def test_an_image_that_reached_the_cloud_and_did_not_confirm_has_hung(lab):
    lab.provision()
    lab.put_on_trial("new", NOTED + "boot_note.online()\n" + WAITS)
    lab.start("--deadline", "3", shortened=QUICK)
    lab.wait_for_start(2)
    assert lab.record().cause == "hung"


def test_an_image_that_is_killed_has_crashed_whatever_the_network(lab):
    lab.provision()
    lab.put_on_trial("new", NOTED + "os.kill(os.getpid(), signal.SIGSEGV)")
    lab.start(shortened=QUICK)
    lab.wait_for_start(2)
    assert lab.started() == ["new", "factory"]
    assert lab.record().cause == "crashed"


def test_the_offline_starts_of_a_trial_come_later_each_time(lab):
    lab.provision()
    lab.put_on_trial("new", NO_CONNECTION)
    lab.start(shortened={**QUICK, "MAX_DELAY_S": 0.2})
    lab.wait_for_start(6)
    assert delays(lab)[:5] == [0.05, 0.1, 0.2, 0.2, 0.2]


def test_two_attempts_are_not_gone_within_a_second(lab):
    lab.provision()
    lab.put_on_trial("new", "tell('at', time=time.monotonic())\n" + CRASHES)
    lab.start("--attempts", "2")
    lab.wait_for_start(3)
    first, second = (one["time"] for one in lab.events("at"))
    assert second - first >= 1
    assert delays(lab) == [1]


def test_an_image_without_a_process_is_waited_for_and_spends_no_attempt(lab):
    lab.provision()
    lab.put_on_trial("new", CONFIRMS)
    # The first three starts fail as they do without memory.
    lab.start(shortened={**QUICK, "failures": "[0, 0, 0]", "ImageProcess.__init__": _NO_MEMORY})
    lab.wait_for("confirmed")
    assert lab.log().count("Cannot allocate memory") == 3
    assert lab.events()[0]["record"] == repr(Record(0, boot_slot=1, trial_slot=1, attempts_spent=1))


_NO_MEMORY = (
    "(lambda made: lambda *a, **k: made(*a, **k) if not s.failures else "
    "(s.failures.pop(), (_ for _ in ()).throw(OSError(12, 'Cannot allocate memory'))))(s.ImageProcess.__init__)"
)


def test_an_image_that_never_gets_a_process_is_given_up_at_its_deadline_as_not_started(lab):
    lab.provision()
    lab.put_on_trial("new", CONFIRMS)
    lab.start("--deadline", "3", shortened={**QUICK, "sys.executable": "'/none'"})
    until(lambda: "rollback" in lab.log(), "the end of the trial")
    assert lab.record() == Record(0, trial_slot=1, attempts_spent=1, cause="not-started")


def test_an_image_that_the_launcher_cannot_become_has_not_crashed(lab):
    lab.provision()
    lab.put_on_trial("new", CONFIRMS)
    # Each launcher has less memory than it needs, until the third one.
    lab.start(shortened={**QUICK, "failures": "[0, 0, 0]", "ImageProcess.__init__": _NO_MEMORY_TO_EXECUTE})
    lab.wait_for("confirmed")
    assert lab.log().count("Cannot allocate memory") == 3
    assert lab.events()[0]["record"] == repr(Record(0, boot_slot=1, trial_slot=1, attempts_spent=1))


_LAUNCHER = "__import__('fota_boot.processes', fromlist=['']).__dict__"
_NO_MEMORY_TO_EXECUTE = (
    f"(lambda made, whole: lambda *a, **k: ({_LAUNCHER}.update(_LAUNCHER=whole if not s.failures else "
    "(s.failures.pop(), whole.replace('os.execv(sys.argv[3], sys.argv[3:])', "
    "'raise OSError(12, \\'Cannot allocate memory\\')'))[1]), made(*a, **k))[1])"
    f"(s.ImageProcess.__init__, {_LAUNCHER}['_LAUNCHER'])"
)


def test_a_launcher_that_is_killed_is_no_crash_of_the_image(lab):
    lab.provision()
    lab.put_on_trial("new", CONFIRMS)
    lab.start("--deadline", "1", shortened={**QUICK, "ImageProcess.__init__": _KILLED})
    until(lambda: "rollback" in lab.log(), "the end of the trial")
    assert lab.record() == Record(0, trial_slot=1, attempts_spent=1, cause="not-started")


_KILLED = (
    f"(lambda made: lambda *a, **k: ({_LAUNCHER}.update(_LAUNCHER='import os; os.kill(os.getpid(), 9)'), "
    "made(*a, **k))[1])(s.ImageProcess.__init__)"
)


def test_a_power_cut_while_it_is_offline_gives_no_attempt(lab):
    lab.provision()
    lab.put_on_trial("new", NOTED + "tell('noted')\n" + WAITS)
    process = lab.start()
    lab.wait_for("noted")
    lab.kill(process)
    lab.start()
    lab.wait_for_start(2)
    assert lab.started() == ["new", "factory"]
    assert lab.record().cause == "offline"


def delays(lab):
    return [float(line.rpartition("delay_s=")[2]) for line in lab.log().splitlines() if "restart-delayed" in line]
