"""`fota-boot` as a real process: it starts what is due, gives up what fails, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from boot_lab import CONFIRMS, CRASHES, WAITS, BootLab, alive, until
from fota.home import Home
from fota.record import Record
from fota.storage import HomeLock

QUICK = {"FIRST_DELAY_S": 0.05, "STOP_GRACE_S": 0.5}


@pytest.fixture
def lab(tmp_path):
    made = BootLab(tmp_path)
    yield made
    made.close()


# To provision.


def test_a_factory_image_makes_a_home_and_the_command_ends(lab):
    done = lab.run("--factory", str(lab.image("factory", WAITS)), "--slots", "3", "--slot-size", "5000")
    assert done.returncode == 0, done.stderr
    home = Home(str(lab.home_path))
    assert (home.slots.count, home.slots.capacity_bytes(2), home.records.load()) == (3, 5000, Record(0))
    assert lab.started() == []


def one_line(done, *words):
    """Exit status 1, nothing on stdout, and one line of its own that says what is wrong."""
    spoken = [line for line in done.stderr.splitlines() if line.startswith("fota-boot: ")]
    assert (done.returncode, done.stdout, len(spoken)) == (1, "", 1), done.stderr
    assert "Traceback" not in done.stderr
    assert all(word in spoken[0] for word in words), spoken


def test_a_home_is_not_provisioned_twice(lab):
    lab.provision()
    one_line(lab.run("--factory", str(lab.folder / "factory.pyz")), "holds slots already")


def test_a_factory_image_that_is_not_there_is_said(lab):
    one_line(lab.run("--factory", str(lab.folder / "gone.pyz")), "gone.pyz", "no such file")
    assert not lab.home_path.exists()


def test_a_factory_image_without_a_byte_is_said(lab):
    (lab.folder / "empty.pyz").touch()
    one_line(lab.run("--factory", str(lab.folder / "empty.pyz")), "empty.pyz", "holds no bytes")
    assert not lab.home_path.exists()


def test_a_factory_image_may_be_named_by_a_link(lab):
    (lab.folder / "latest.pyz").symlink_to(lab.image("factory", WAITS).name)
    done = lab.run("--factory", str(lab.folder / "latest.pyz"))
    assert done.returncode == 0, done.stderr


def test_two_do_not_provision_one_folder_at_once(lab):
    lab.home_path.mkdir()
    other = HomeLock(f"{lab.home_path}/lock")
    other.take()
    one_line(lab.run("--factory", str(lab.image("factory", WAITS))), "another program")
    assert [path.name for path in lab.home_path.iterdir()] == ["lock"]
    os.close(other.descriptor)


def test_a_factory_image_that_is_too_large_is_said(lab):
    one_line(lab.run("--factory", str(lab.image("large", WAITS)), "--slot-size", "10"), "10 bytes")


def test_more_slots_than_there_can_be_are_said(lab):
    one_line(lab.run("--factory", str(lab.image("factory", WAITS)), "--slots", "17"), "2 to 16")


def test_a_folder_that_holds_no_slots_is_said_with_what_to_do(lab):
    one_line(lab.run(), "--factory IMAGE")


@pytest.mark.parametrize(
    "options",
    [
        ["--deadline", "0"],
        ["--deadline", "-1"],
        ["--deadline", "soon"],
        ["--attempts", "0"],
        ["--attempts", "\u00b2"],
        ["--slots", "x"],
        ["--slot-size", "1.5"],
        ["--unknown"],
    ],
    ids=" ".join,
)
def test_a_misused_command_ends_with_2_and_starts_nothing(lab, options):
    lab.provision()
    done = lab.run(*options)
    assert done.returncode == 2
    assert "usage: fota-boot" in done.stderr
    assert lab.started() == []


@pytest.mark.parametrize("options", [["--home", ""], ["--home", "home", "--doctor", "--thing", ""]])
def test_a_folder_without_a_name_is_not_the_root_of_the_file_system(tmp_path, options):
    command = [sys.executable, "-m", "fota.supervisor", *options]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, "expected a folder, got ''" in done.stderr) == (2, True)


def test_a_home_must_be_named():
    done = subprocess.run([sys.executable, "-m", "fota.supervisor"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "--home" in done.stderr


def test_the_installed_command_is_the_same():
    command = Path(sys.executable).parent / "fota-boot"
    done = subprocess.run([str(command), "--help"], capture_output=True, text=True)
    assert done.returncode == 0
    assert "Exit status: 0 stopped when asked to" in done.stdout


# What starts.


def test_the_confirmed_image_is_started_in_place_and_knows_where_it_is(lab):
    lab.provision("tell('place', path=sys.argv[0], home=os.environ['FOTA_HOME'])\n" + WAITS)
    process = lab.start("--", "--its-own", "argument")
    place = lab.wait_for("place")
    start = lab.wait_for_start(1)
    assert place["path"] == str(lab.home_path / "slot-0.img")
    assert place["home"] == str(lab.home_path)
    assert (start["slot"], start["verdict"], start["arguments"]) == (0, "settled", ["--its-own", "argument"])
    assert lab.stop(process) == 0


def test_the_name_of_a_home_may_begin_with_a_dash(lab, monkeypatch):
    lab.provision()
    lab.home_path = lab.home_path.rename(lab.folder / "-home")
    monkeypatch.chdir(lab.folder)
    process = lab.start("--home=-home")
    lab.wait_for_start(1)
    assert lab.stop(process) == 0


def test_an_image_that_cannot_be_started_is_tried_again(lab):
    lab.provision()
    process = lab.start(shortened={**QUICK, "sys.executable": "'/none'"})
    until(lambda: lab.log().count("restart-delayed") > 1, "a second try")
    assert lab.stop(process) == 0


def test_a_deadline_of_centuries_is_waited_for(lab):
    lab.provision()
    lab.put_on_trial("new", CONFIRMS)
    process = lab.start("--deadline", "9" * 20)
    lab.wait_for("confirmed")
    assert lab.stop(process) == 0


def test_closed_streams_are_the_null_device_for_the_image(lab):
    lab.provision("tell('streams', names=[os.readlink(f'/proc/self/fd/{n}') for n in range(3)])\n" + WAITS)
    lab.start(closed="<&- >&- 2>&-")
    assert lab.wait_for("streams")["names"] == ["/dev/null"] * 3


def test_the_attempt_is_spent_on_disk_before_the_image_on_trial_runs(lab):
    lab.provision()
    lab.put_on_trial("new", WAITS)
    lab.start()
    start = lab.wait_for_start(1)
    assert (start["image"], start["slot"], start["verdict"]) == ("new", 1, "on-trial")
    assert start["record"] == repr(Record(0, boot_slot=1, trial_slot=1, attempts_spent=1))


def test_an_image_that_confirms_stays(lab):
    lab.provision()
    lab.put_on_trial("new", CONFIRMS)
    process = lab.start("--deadline", "1")
    lab.wait_for("confirmed")
    assert lab.record() == Record(1)
    assert lab.stop(process) == 0
    lab.start()
    assert lab.wait_for_start(2)["image"] == "new"


def test_an_image_that_is_confirmed_outlives_its_deadline(lab):
    lab.provision()
    lab.put_on_trial("new", "device.current().confirm()\ntime.sleep(1.3)\ntell('still here')\n" + WAITS)
    lab.start("--deadline", "1")
    lab.wait_for("still here")
    assert lab.started() == ["new"]


# What is given up. Each row: what the image on trial does, and the cause that is remembered.


@pytest.mark.parametrize(
    ("script", "cause"),
    [
        (CRASHES, "crashed"),
        ("import a_module_that_is_not_there", "crashed"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "crashed"),
        ("pass", "crashed"),
        ("machine.restart()", "not-confirmed"),
        (WAITS, "deadline"),
        ("device.current().give_up_trial('health-check')\nmachine.restart()", "health-check"),
    ],
    ids=["fails", "cannot import", "is killed", "just ends", "restarts", "hangs", "gives up"],
)
def test_a_trial_that_fails_ends_in_the_old_image_which_knows_why(lab, script, cause):
    lab.provision()
    lab.put_on_trial("new", script)
    process = lab.start("--deadline", "1")
    start = lab.wait_for_start(2)
    assert lab.started() == ["new", "factory"]
    assert start["verdict"] == "rolled-back"
    assert start["record"] == repr(Record(0, trial_slot=1, attempts_spent=1, cause=cause))
    assert not alive(lab.events()[0]["pid"])
    assert lab.stop(process) == 0


def test_a_damaged_image_is_never_started(lab):
    lab.provision()
    lab.put_on_trial("new", WAITS)
    path = lab.home_path / "slot-1.img"
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    lab.start()
    lab.wait_for_start(1)
    assert lab.started() == ["factory"]
    assert lab.record() == Record(0, trial_slot=1, cause="image-damaged")


@pytest.mark.parametrize("slot", [0, 1])
def test_an_image_that_cannot_even_be_read_does_not_stop_the_other(lab, slot):
    lab.provision()
    lab.put_on_trial("new", CONFIRMS)
    path = lab.home_path / f"slot-{slot}.img"
    path.unlink()
    path.mkdir()  # reading it is an error of the system, as from a bad block
    lab.start()
    assert lab.wait_for_start(1)["image"] == ("new" if slot == 0 else "factory")


def test_a_trial_with_three_attempts_is_started_three_times(lab):
    lab.provision()
    lab.put_on_trial("new", CRASHES)
    lab.start("--attempts", "3")
    lab.wait_for_start(4)
    assert lab.started() == ["new", "new", "new", "factory"]
    assert lab.record() == Record(0, trial_slot=1, attempts_spent=3, cause="crashed")


def test_attempts_past_the_most_are_cut_to_it(lab):
    lab.provision()
    lab.put_on_trial("new", CRASHES)
    lab.start("--attempts", "1000")
    lab.wait_for_start(11)
    assert lab.started() == ["new"] * 10 + ["factory"]


def test_an_image_that_confirms_when_its_deadline_stops_it_stays_confirmed(lab):
    lab.provision()
    script = "signal.signal(signal.SIGTERM, lambda *_: (device.current().confirm(), sys.exit(0)))\n" + WAITS
    lab.put_on_trial("new", script)
    lab.start("--deadline", "1", shortened=QUICK)
    lab.wait_for_start(2)
    assert lab.started() == ["new", "new"]
    assert lab.record() == Record(1)


def test_a_stop_during_a_trial_spends_the_attempt(lab):
    lab.provision()
    lab.put_on_trial("new", WAITS)
    process = lab.start()
    lab.wait_for_start(1)
    assert lab.stop(process) == 0
    lab.start()
    lab.wait_for_start(2)
    assert lab.started() == ["new", "factory"]
    assert lab.record().cause == "not-confirmed"


def test_a_power_cut_during_a_trial_spends_the_attempt(lab):
    lab.provision()
    lab.put_on_trial("new", WAITS)
    process = lab.start()
    pid = lab.wait_for_start(1)["pid"]
    lab.kill(process)
    os.killpg(pid, signal.SIGKILL)
    until(lambda: not alive(pid), "the end of the image")
    lab.start()
    lab.wait_for_start(2)
    assert lab.started() == ["new", "factory"]


# Again and again.


def test_an_image_that_changes_the_record_and_asks_for_a_restart_gets_it_at_once(lab):
    lab.provision()
    lab.put_on_trial(
        "new", "if record.trial_slot is not None:\n    device.current().confirm()\n    machine.restart()\n" + WAITS
    )
    lab.start()
    lab.wait_for_start(2)
    assert lab.started() == ["new", "new"]
    assert "restart-delayed" not in lab.log()


def test_an_image_that_only_asks_for_restarts_is_slowed_down(lab):
    lab.provision("machine.restart()")
    lab.start(shortened=QUICK)
    lab.wait_for_start(4)
    assert delays(lab)[:3] == [0.05, 0.1, 0.2]


def test_a_confirmed_image_that_crashes_is_started_again_later_each_time(lab):
    lab.provision(CRASHES)
    lab.start(shortened={**QUICK, "MOST_DELAY_S": 0.2})
    lab.wait_for_start(6)
    assert delays(lab)[:5] == [0.05, 0.1, 0.2, 0.2, 0.2]
    assert set(lab.started()) == {"factory"}
    assert lab.record() == Record(0)


def test_an_image_that_lived_long_enough_is_started_again_soon(lab):
    lab.provision(CRASHES)
    lab.start(shortened={**QUICK, "STABLE_S": 0})
    lab.wait_for_start(4)
    assert set(delays(lab)) == {0.05}


def delays(lab):
    return [float(line.rpartition("delay_s=")[2]) for line in lab.log().splitlines() if "restart-delayed" in line]


# To be stopped.


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_ends_the_image_and_the_command_with_0(lab, number):
    lab.provision("signal.signal(signal.SIGTERM, lambda *_: (tell('asked'), sys.exit(0)))\n" + WAITS)
    process = lab.start()
    pid = lab.wait_for_start(1)["pid"]
    until(lambda: "Term" in handlers(pid), "the handler of the image")
    assert lab.stop(process, number) == 0
    assert len(lab.events("asked")) == 1
    assert not alive(pid)
    assert "stopped status=0" in lab.log()


def handlers(pid):
    """The signals that a process handles, as far as these tests care."""
    status = Path(f"/proc/{pid}/status").read_text()
    caught = int(next(line for line in status.splitlines() if line.startswith("SigCgt")).split()[1], 16)
    return {number.name[3:].title() for number in signal.Signals if caught >> (number - 1) & 1}


def test_a_stop_while_a_crashed_image_waits_for_its_turn_is_obeyed_at_once(lab):
    lab.provision(CRASHES)
    process = lab.start(shortened={"FIRST_DELAY_S": 1000, "MOST_DELAY_S": 1000})
    until(lambda: "restart-delayed" in lab.log(), "the pause")
    assert lab.stop(process) == 0
    assert lab.started() == ["factory"]


def test_an_image_that_does_not_end_when_asked_is_killed(lab):
    lab.provision("signal.signal(signal.SIGTERM, signal.SIG_IGN)\ntell('deaf')\n" + WAITS)
    process = lab.start(shortened=QUICK)
    pid = lab.wait_for("deaf")["pid"]
    assert lab.stop(process) == 0
    assert not alive(pid)
    assert "image-killed" in lab.log()


def test_an_image_on_trial_that_does_not_end_at_its_deadline_is_killed(lab):
    lab.provision()
    lab.put_on_trial("new", "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + WAITS)
    lab.start("--deadline", "1", shortened=QUICK)
    lab.wait_for_start(2)
    assert lab.started() == ["new", "factory"]
    assert lab.record().cause == "deadline"


def test_what_an_image_started_does_not_outlive_it(lab):
    lab.provision()
    left = "left = subprocess.Popen(['sleep', '1000'])\ntell('left', child=left.pid)\n"
    lab.put_on_trial("new", left + "os._exit(3)")
    process = lab.start()
    child = lab.wait_for("left")["child"]
    lab.wait_for_start(2)
    until(lambda: not alive(child), "the end of what the image left")
    assert lab.stop(process) == 0


@pytest.mark.parametrize("name", ["SIGHUP", "SIGUSR1", "SIGUSR2", "SIGQUIT", "SIGWINCH"])
def test_other_signals_are_the_images(lab, name):
    lab.provision(
        f"signal.signal(signal.{name}, lambda number, _: tell('signal', number=number))\ntell('listens')\n" + WAITS
    )
    process = lab.start()
    lab.wait_for("listens")
    process.send_signal(getattr(signal, name))
    assert lab.wait_for("signal")["number"] == getattr(signal, name)
    assert process.poll() is None
    assert lab.stop(process) == 0


# One at a time.


def test_a_signal_that_is_ignored_stays_so_for_the_image_too(lab):
    lab.provision("tell('hangup', action=str(signal.getsignal(signal.SIGHUP)))\n" + WAITS)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # As nohup does.
    try:
        process = lab.start()
    finally:
        signal.signal(signal.SIGHUP, before)
    assert lab.wait_for("hangup")["action"] == str(signal.SIG_IGN)
    process.send_signal(signal.SIGHUP)
    assert lab.stop(process) == 0
    assert len(lab.started()) == 1


def test_a_second_command_on_the_same_home_is_told_that_it_is_busy(lab):
    lab.provision()
    lab.start()
    lab.wait_for_start(1)
    one_line(lab.run(), "another program runs in this home folder")
    assert lab.started() == ["factory"]


def test_an_image_whose_supervisor_died_keeps_the_home_to_itself(lab):
    lab.provision()
    process = lab.start()
    pid = lab.wait_for_start(1)["pid"]
    lab.kill(process)
    assert alive(pid)
    one_line(lab.run(), "another program runs in this home folder")
    assert lab.started() == ["factory"]


# What is damaged.


@pytest.mark.parametrize("ruin", [b"", bytes(4096), b"\xff" * 4096, None], ids=["empty", "zeros", "ones", "deleted"])
def test_with_both_copies_of_the_record_lost_the_first_slot_that_proves_itself_is_tried(lab, ruin):
    lab.provision()
    lab.put_on_trial("new", WAITS)
    for copy in (0, 1):
        path = lab.home_path / f"record-{copy}"
        path.unlink() if ruin is None else path.write_bytes(ruin)
    lab.start()
    assert lab.wait_for_start(1)["image"] == "factory"
    assert lab.record() == Record(1, boot_slot=0, trial_slot=0, attempts_spent=1)


def test_with_nothing_bootable_the_command_ends_with_1_and_says_so(lab):
    lab.provision()
    (lab.home_path / "slot-0.img").write_bytes(b"not what was sealed")
    one_line(lab.run(), "no slot holds an image that proves itself")
    assert lab.started() == []


def test_a_confirmed_image_that_was_damaged_gives_way_to_another_that_proves_itself(lab):
    lab.provision()
    lab.put_on_trial("new", CONFIRMS)
    process = lab.start()
    lab.wait_for("confirmed")
    lab.stop(process)
    (lab.home_path / "slot-1.img").write_bytes(b"not what was sealed")
    lab.start()
    lab.wait_for_start(2)
    assert lab.started() == ["new", "factory"]
    assert lab.record() == Record(0)
