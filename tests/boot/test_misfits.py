"""Bundles that a gateway has, and that do not fit it any more: its Python or its fota-boot was replaced.

A fota-boot that keeps an older protocol plays the replaced one here; with another Python it is the same question.
"""

import pytest

from fota import trial
from fota.boards.files import FilesBoard
from fota_boot import start_images
from tests.labs.boot_lab import CONFIRMS, CRASHES, QUICK, WAITS, until
from tests.labs.bundle_boot import no_tree, opened, packed, provision, put_on_trial, tree_of
from tests.labs.present import present

pytestmark = pytest.mark.slow

OLDER = {**QUICK, "start_images.PROTOCOL": 0}
STAYS = "from fota import device\n" + CONFIRMS


def confirmed_bundle(lab):
    """A home whose slot 1 has a confirmed bundle; slot 0 has the zipapp of the factory."""
    lab.provision(WAITS, slot_size_bytes=1 << 20)
    put_on_trial(lab, packed("new", STAYS))
    process = lab.start(shortened=QUICK)
    lab.wait_for("confirmed")
    assert lab.stop(process) == 0


def test_an_image_on_trial_that_does_not_fit_gives_way_and_is_named(lab):
    lab.provision(WAITS, slot_size_bytes=1 << 20)
    put_on_trial(lab, packed("new", CRASHES))
    process = lab.start(shortened=OLDER)
    lab.wait_for_start(1)
    assert lab.stop(process) == 0
    assert lab.started() == ["factory"]
    assert present(lab.record()).cause == "wrong-runtime"
    assert "image-misfit slot=1 problem=boot: the image needs protocol 1 of fota-boot, this device has 0" in lab.log()
    assert "rollback slot=1 cause=wrong-runtime" in lab.log()


def test_a_confirmed_image_that_does_not_fit_gives_way_to_one_that_does_until_the_next_job(lab):
    confirmed_bundle(lab)
    process = lab.start(shortened=OLDER)
    until(lambda: lab.started() == ["new", "factory"], "the old image")
    assert lab.stop(process) == 0
    record = present(lab.record())
    assert (record.confirmed_slot, record.trial_slot, record.cause) == (0, 1, "wrong-runtime")
    assert trial.is_fallen_back(record)
    assert "fell-back slot=1 cause=wrong-runtime" in lab.log()
    # With the former one again, its image is in its slot and proves itself; what runs is not changed behind a back.
    process = lab.start(shortened=QUICK)
    until(lambda: lab.started() == ["new", "factory", "factory"], "the image that is confirmed now")
    assert lab.stop(process) == 0
    assert start_images.proves_itself(FilesBoard(str(lab.home_path)), 1)


def test_if_no_image_fits_the_confirmed_one_is_started_all_the_same_and_that_is_said(lab):
    assert provision(lab, packed("factory", WAITS)).returncode == 0
    put_on_trial(lab, packed("new", CRASHES))
    process = lab.start(shortened=OLDER)
    assert lab.wait_for_start(1)["image"] == "factory"
    assert lab.stop(process) == 0
    assert "no-image-fits slot=0" in lab.log()
    assert present(lab.record()).confirmed_slot == 0
    process = lab.start(shortened=QUICK)
    lab.wait_for_start(2)
    assert lab.stop(process) == 0
    assert lab.started() == ["factory", "factory"]
    assert lab.log().count("no-image-fits") == 1


def test_if_no_image_fits_and_its_tree_is_gone_it_is_made_again(lab):
    assert provision(lab, packed("factory", WAITS)).returncode == 0
    no_tree(opened(tree_of(lab, 0)))
    process = lab.start(shortened=OLDER)
    lab.wait_for_start(1)
    assert lab.stop(process) == 0


def test_an_image_that_does_not_fit_and_crashes_is_started_again_after_a_pause(lab):
    assert provision(lab, packed("factory", CRASHES)).returncode == 0
    process = lab.start(shortened=OLDER)
    lab.wait_for_start(2)
    assert lab.stop(process) == 0
    assert "restart-delayed" in lab.log()


@pytest.mark.parametrize("trees", [1, 0], ids=["with its tree", "without one"])
def test_nothing_that_is_damaged_is_started_because_nothing_fits(lab, trees):
    assert provision(lab, packed("factory", WAITS)).returncode == 0
    path = lab.home_path / "slot-0.img"
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)
    tree = opened(tree_of(lab, 0))
    (tree / "app/data.db").write_text("x")
    if not trees:
        no_tree(tree)
    done = lab.run(FOTA_LAB="1")
    assert done.returncode != 0
    assert lab.started() == []
