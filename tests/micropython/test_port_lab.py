"""The bench itself: it starts as boards do, and the real `mpremote` works with it."""

from pathlib import Path

import pytest

from tests.labs.interpreter import only_where_it_runs
from tests.labs.port_lab import PortLab

pytestmark = [only_where_it_runs, pytest.mark.slow]


@pytest.fixture
def port(tmp_path: Path) -> PortLab:
    return PortLab(tmp_path)


def test_boot_then_usb_then_main_then_the_repl(port: PortLab) -> None:
    port.put("boot.py", "import hardware\nhardware.tell('boot.py')\n")
    port.put("main.py", "import hardware\nhardware.tell('main.py')\nprint('here is main')\n")
    with port:
        port.eventually(lambda: "repl" in port.told, "the REPL")
        port.wait_for(">>> ")
    assert port.told == ["boot.py", "usb", "main.py", "repl"]
    assert port.resets == ["power"]


@pytest.mark.parametrize("kind", ["esp32", "rp2"])
def test_a_boot_py_that_never_returns_leaves_no_port(tmp_path: Path, kind: str) -> None:
    port = PortLab(tmp_path, kind=kind)
    port.put("boot.py", "import time\nwhile True:\n    time.sleep(1)\n")
    with port:
        found = port.mpremote("exec", "print(6 * 7)", timeout_s=12)
    assert found.returncode != 0
    assert "usb" not in port.told


def test_an_exception_in_boot_py_keeps_main_from_running(port: PortLab) -> None:
    port.put("boot.py", "raise OSError('Wifi Internal State Error')\n")
    port.put("main.py", "print('here is main')\n")
    with port:
        port.wait_for(">>> ")
    assert port.said("Wifi Internal State Error")
    assert not port.said("here is main")


def test_what_a_soft_and_a_hard_reset_keep(port: PortLab) -> None:
    look = "import network, sys\nradio = network.WLAN()\nprint('radio', radio.active())\n"
    port.put("main.py", look + "if not radio.active():\n    radio.active(True)\n    sys.exit()\n")
    with port:
        port.wait_for("radio True")
        port.reset()
        port.wait_for("radio False", 2)
    assert port.resets[:3] == ["power", "soft", "hard"]


def test_mpremote_interrupts_a_program_and_does_its_work(port: PortLab) -> None:
    port.put("main.py", "import time\nprint('here is main')\nwhile True:\n    time.sleep_ms(50)\n")
    with port:
        port.wait_for("here is main")
        found = port.mpremote("exec", "print(6 * 7)")
        assert found.stdout.strip() == "42", found
        (port.flash.parent / "sent.py").write_text("WHAT = 'sent'\n")
        assert port.mpremote("cp", str(port.flash.parent / "sent.py"), ":sent.py").returncode == 0
        assert (port.flash / "sent.py").read_text() == "WHAT = 'sent'\n"
        port.mpremote("reset")
        port.wait_for("here is main", 2)
    assert port.resets[-1] == "hard"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("machine.reset()", ["hard", "hard"]),
        ("machine.soft_reset()", ["soft", "soft"]),
        ("sys.exit()", ["soft", "soft"]),
        ("machine.WDT(timeout=300)\ntime.sleep(9)", ["watchdog", "watchdog"]),
        # A soft reset stops no watchdog.
        ("machine.WDT(timeout=900) if machine.reset_cause() == 1 else 0\nsys.exit() if first() else time.sleep(9)",
         ["soft", "watchdog"]),
    ],
)  # fmt: skip
def test_the_resets_of_a_program(port: PortLab, text: str, expected: list[str]) -> None:
    first = "def first():\n    was = hardware.kept('was', 0)\n    hardware.keep('was', 1)\n    return not was\n"
    port.put("main.py", "import hardware, machine, sys, time\n" + first + text + "\n")
    with port:
        port.eventually(lambda: len(port.resets) > 2, "two resets")
    assert port.resets[1:3] == expected
