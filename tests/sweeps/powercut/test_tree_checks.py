"""The checks of unpacked bundles are checked: with a bug in the code under test, each finds what it is there for."""

import math
from collections.abc import Callable

import pytest

from fota.bundle import folders_cpython as folders
from fota.bundle.trees_cpython import Tree
from fota.slots import files
from fota_boot import start_images
from sweeps.powercut import bundles, damage, factory
from sweeps.powercut.families import BUNDLED, named
from sweeps.powercut.history import Violation
from sweeps.powercut.power_session import PowerSession, State
from sweeps.powercut.scenarios import BAD_BUNDLE, BUNDLE, IMAGES
from sweeps.powercut.sweep import Sweep

TREE_HARMS = ("slot-1.program=first", "slot-1.package=short", "slot-1.more=more", "slot-1.files=gone")


def sweep_of(family: str) -> Sweep:
    return Sweep([named(family)], seed=1, states=1 << 40, deadline_s=math.inf, stops=True)


def checks_of(sweep: Sweep) -> set[str]:
    return {message.partition(":")[0] for _, message in sweep.counts.found}


def found_by(play: Callable[[Sweep], object], family: str) -> set[str]:
    sweep = sweep_of(family)
    play(sweep)
    assert sweep.counts.runs
    return checks_of(sweep)


def cut(family: str) -> set[str]:
    return found_by(lambda sweep: sweep.first_cuts(named(family), ("lost", "kept", "names", "contents")), family)


def destroyed(family: str, *harms: str) -> set[str]:
    return found_by(lambda sweep: sweep.damages(named(family), harms), family)


@pytest.mark.parametrize("family", [scenario.name for scenario in BUNDLED])
def test_an_update_with_a_bundle_needs_no_power_cut_to_end_as_it_must(family: str) -> None:
    PowerSession(named(family), State(factory.factory_disk(is_keyed=False))).run()


@pytest.mark.slow
@pytest.mark.parametrize("family", ["bundle", "bundle-then-bad"])
def test_a_tree_that_was_changed_never_starts_and_the_device_does(family: str) -> None:
    assert destroyed(family, *TREE_HARMS) == set()


@pytest.mark.slow
def test_trees_that_are_all_lost_are_made_again() -> None:
    assert destroyed("bundle-to-bundle", f"{damage.EVERY_TREE}=noise") == set()


@pytest.mark.slow
def test_a_tree_that_is_not_flushed_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "flush", lambda _paths: None)
    assert cut("bundle") & {"I6", "I21"}


def test_a_tree_that_is_removed_while_it_counts_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tree, "forget", lambda tree: folders.remove(tree.path))
    assert cut("bad-bundle-then-zipapp") == {"I2"}


def test_a_tree_that_stays_beside_another_image_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "forget_tree", lambda _home, _slot: None)
    with pytest.raises(Violation, match=r"^I21: slot 1 holds better, and beside it is a tree"):
        PowerSession(named("bad-bundle-then-zipapp"), State(factory.factory_disk(is_keyed=False))).run()


@pytest.mark.slow
def test_a_tree_that_is_not_looked_at_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tree, "is_whole", lambda _tree, **_: True)
    assert destroyed("bundle", TREE_HARMS[0]) == {"I21"}


def test_a_bundle_that_starts_from_its_image_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start_images, "command", lambda home, slot, *_: (home.slots.image_path(slot), []))
    with pytest.raises(Violation, match=r"^I21: bundle was started from .*slot-1\.img"):
        PowerSession(named("bundle"), State(factory.factory_disk(is_keyed=False))).run()


@pytest.mark.slow
def test_lost_trees_that_nobody_makes_again_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start_images, "_unpack", lambda *_, **__: False)
    assert destroyed("bundle-to-bundle", f"{damage.EVERY_TREE}=noise") == {"I1"}


@pytest.mark.slow
def test_a_bundle_that_gives_way_to_an_image_that_was_never_tried_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start_images, "_was_well", lambda *_: True)
    assert destroyed("bundle-then-bad", TREE_HARMS[0]) == {"I7"}


def test_no_two_bundles_have_the_same_tree() -> None:
    trees = [image.tree for image in IMAGES if image.files]
    assert len(trees) == 3
    assert all(one != other for one in trees for other in trees if one is not other)


def test_a_tree_has_its_files_their_byte_code_and_its_folders() -> None:
    program = BUNDLE.files[0]
    (code,) = (path for path in BUNDLE.tree if path.endswith(".pyc"))
    assert BUNDLE.tree[program.path] == program.content
    assert BUNDLE.tree[code] == bundles.byte_code_of(program.content)
    assert {path for path, content in BAD_BUNDLE.tree.items() if content is None} == {
        "app",
        "app/__pycache__",
        "lib",
        "lib/pump",
    }
