"""`fota-boot` as a real process: it has its home to itself, and starts what proves itself in a damaged one."""

import pytest

from fota.record import Record
from tests.labs.boot_lab import CONFIRMS, WAITS, alive, one_line, until

pytestmark = pytest.mark.slow

# One at a time.


def test_a_second_command_on_the_same_home_is_told_that_it_is_busy(lab):
    lab.provision()
    lab.start()
    lab.wait_for_start(1)
    one_line(lab.run(), "another program runs in this home folder")
    assert lab.started() == ["factory"]


def test_a_home_whose_supervisor_was_killed_is_free(lab):
    lab.provision()
    process = lab.start()
    pid = lab.wait_for_start(1)["pid"]
    lab.kill(process)
    until(lambda: not alive(pid), "the end of the image")
    lab.start()
    lab.wait_for_start(2)
    assert lab.started() == ["factory", "factory"]


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
