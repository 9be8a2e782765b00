"""`fota-boot` as a real process: it starts what is due, and starts it again later each time."""

from fota.record import Record
from tests.labs.boot_lab import CONFIRMS, CRASHES, QUICK, WAITS, until

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
    assert lab.record() == Record(1, fallback_slot=0, healthy_boots=1)
    assert lab.stop(process) == 0
    lab.start()
    assert lab.wait_for_start(2)["image"] == "new"


def test_an_image_that_is_confirmed_outlives_its_deadline(lab):
    lab.provision()
    lab.put_on_trial("new", "device.current().confirm()\ntime.sleep(1.3)\ntell('still here')\n" + WAITS)
    lab.start("--deadline", "1")
    lab.wait_for("still here")
    assert lab.started() == ["new"]


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
    lab.start(shortened={**QUICK, "MAX_DELAY_S": 0.2})
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
