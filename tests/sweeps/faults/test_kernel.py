"""The processes of the matrix of faults keep to the rules of Linux."""

import pytest

from sweeps.faults.kernel import Entry, Kernel
from sweeps.faults.world import World


class Family:
    """A process, its child and its grandchild; a test looks at what becomes of them."""

    def __init__(self) -> None:
        self.world = World()
        self.kernel = Kernel(self.world)
        self.parent = self.kernel.start(None)
        self.child = self.kernel.start(None, parent=self.parent)
        self.grandchild = self.kernel.start(None, parent=self.child, in_new_session=True)

    def ends(self, entry: Entry) -> None:
        """It is killed, and what follows from that happens."""
        self.kernel.kill(entry.pid, 9)
        self.world.sleep_ms(1)


@pytest.fixture
def family() -> Family:
    """Three processes."""
    return Family()


def test_an_orphan_is_adopted_by_the_nearest_process_that_asked_for_that(family: Family) -> None:
    family.parent.adopts = True
    family.ends(family.child)
    assert family.grandchild.parent is family.parent


def test_an_orphan_that_nobody_asked_for_belongs_to_the_first_process(family: Family) -> None:
    family.ends(family.child)
    assert family.grandchild.parent is None


def test_a_child_ends_with_its_parent_only_if_it_asked_for_that(family: Family) -> None:
    family.child.dies_with_parent = True
    family.ends(family.parent)
    assert (family.child.status, family.grandchild.status) == (-9, None)


def test_a_process_that_has_ended_is_there_until_its_parent_buries_it(family: Family) -> None:
    family.ends(family.child)
    assert family.child.pid in family.kernel.entries
    assert family.kernel.buried(family.parent) == family.child.pid
    assert family.child.pid not in family.kernel.entries


def test_a_session_of_its_own_is_out_of_the_reach_of_a_signal_to_the_group(family: Family) -> None:
    family.kernel.kill_group(family.parent.group, 9)
    assert (family.child.status, family.grandchild.status) == (-9, None)
