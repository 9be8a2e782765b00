"""A bug is put into a copy of the source, or into this process, and nowhere else; one that does not fit says so."""

import inspect
import sys
from pathlib import Path

import pytest

from sweeps.seeding import addresses
from sweeps.seeding.addresses import DoesNotFit
from sweeps.seeding.bugs import Bug, at, bug, misfit_report, misfits
from sweeps.seeding.in_process import seeded
from sweeps.seeding.trees import put_into, seeded_copy
from sweeps.seeding.verbs import Patch, drop, replace, set_to, takes

MODULE = '''
"""A module."""
LIMIT = 3


class Counter:
    step = 2

    def count(self, start=1):
        def more():
            return LIMIT
        return start + self.step


def double(number):
    return number + number
'''


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A source folder with a module and a package, each with a short name."""
    folder = tmp_path / "source"
    (folder / "house").mkdir(parents=True)
    (folder / "counted.py").write_text(MODULE)
    (folder / "house/__init__.py").write_text("ROOMS = 2\n")
    monkeypatch.setattr(addresses, "MODULES", {"counted": "counted", "house": "house", "gone": "away.gone"})
    return folder


@pytest.fixture
def in_process(source: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """The module, imported from there."""
    monkeypatch.syspath_prepend(str(source))
    monkeypatch.delitem(sys.modules, "counted", raising=False)
    module = __import__("counted")
    monkeypatch.setitem(sys.modules, "counted", module)
    return module


def one(address: str, *patches: Patch) -> Bug:
    return bug("a bug", "Something is wrong.", at(address, *patches))


@pytest.mark.parametrize(
    ("address", "patch", "line"),
    [
        ("counted", replace("3", "4"), "LIMIT = 4"),
        ("counted:Counter", set_to("step", "0"), "    step = 0"),
        ("counted:Counter.count", replace("_ + _1", "_1"), "        return self.step"),
        ("counted:double", replace("_1 + _1", "_1"), "    return number"),
        ("counted:Counter.count.more", replace("LIMIT", "0"), "            return 0"),
        ("house", set_to("ROOMS", "1"), "ROOMS = 1"),
    ],
)
def test_an_address_is_a_module_a_class_or_a_function(source: Path, address: str, patch: Patch, line: str) -> None:
    (text,) = one(address, patch).mutated_files(source).values()
    assert line in text.splitlines()


@pytest.mark.parametrize(
    ("address", "patch", "why"),
    [
        ("gone:run", drop("f()"), "away.gone: no such module"),
        ("counted:triple", drop("f()"), "counted:triple: triple is defined 0 times"),
        ("counted:double.inner", drop("f()"), "counted:double.inner: inner is defined 0 times"),
        ("counted:double", drop("f()"), "counted:double: 'f()' was found 0 times"),
        ("counted", replace("return _", "pass"), "counted: 'return _' was found 3 times"),
        ("counted:double", replace("_1 + _2", "_1 + _2"), "counted.py: it is the same with the bug as without"),
    ],
)
def test_a_bug_that_does_not_fit_is_named_with_the_reason(source: Path, address: str, patch: Patch, why: str) -> None:
    fits = bug("another", "Something else is wrong.", at("counted", replace("3", "4")))
    found = misfits([fits, one(address, patch)], source)
    assert found == {"a bug": why}
    assert misfit_report(found, 2) == f"does not fit: a bug: {why}\n1 of 2 bugs fit the source as it is"


def test_a_function_that_is_defined_twice_does_not_fit(source: Path) -> None:
    (source / "counted.py").write_text("def f(): return 1\ndef f(): return 2\n")
    with pytest.raises(DoesNotFit, match="defined 2 times"):
        one("counted:f", replace("1", "3")).mutated_files(source)


def test_an_address_has_a_short_name_of_the_table() -> None:
    with pytest.raises(ValueError, match=r"expected one of .*boards, boot, "):
        at("fota.boot:choose", drop("f()"))


def test_all_changes_of_a_bug_are_made_in_one_file(source: Path) -> None:
    two = bug("two", "Two.", at("counted", replace("3", "4")), at("counted:Counter", set_to("step", "5")))
    assert {"LIMIT = 4", "    step = 5"} < set(two.mutated_files(source)["counted.py"].splitlines())


def test_seeding_changes_the_copy_and_not_the_source(source: Path, tmp_path: Path) -> None:
    copy = seeded_copy(one("counted", replace("3", "4")), tmp_path / "copy", source)
    assert (copy / "house/__init__.py").read_text() == "ROOMS = 2\n"
    assert "LIMIT = 4" in (copy / "counted.py").read_text()
    assert (source / "counted.py").read_text() == MODULE


def test_a_bug_that_does_not_fit_changes_nothing(source: Path) -> None:
    half = bug("half", "Half.", at("counted", replace("3", "4")), at("house", replace("3", "4")))
    with pytest.raises(DoesNotFit, match=r"house: '3' was found 0 times"):
        put_into(half, source)
    assert (source / "counted.py").read_text() == MODULE


def test_in_a_process_everybody_who_has_the_function_meets_the_bug(source: Path, in_process) -> None:
    double, count = in_process.double, in_process.Counter().count
    with (
        seeded(one("counted:double", replace("_1 + _1", "_1")), source),
        seeded(one("counted:Counter.count", replace("_1 + _", "_1")), source),
    ):
        assert (double(4), count(5)) == (4, 5)
    assert (double(4), count(5)) == (8, 7)


def test_a_bug_is_taken_out_again_though_something_fails(source: Path, in_process) -> None:
    with pytest.raises(KeyError), seeded(one("counted:double", replace("_1 + _1", "_1")), source):
        raise KeyError
    assert in_process.double(4) == 8


@pytest.mark.parametrize(
    ("address", "patch", "why"),
    [
        ("counted", replace("3", "4"), "expected a function"),
        ("counted:Counter", set_to("step", "0"), "expected a function"),
        ("counted:double", takes("more"), "the parameters of a function"),
        ("counted:Counter.count", replace("1", "0"), "the parameters of a function"),
    ],
)
def test_only_what_a_function_does_can_be_changed_in_a_process(
    source: Path, in_process, address: str, patch: Patch, why: str
) -> None:
    with pytest.raises(DoesNotFit, match=why), seeded(one(address, patch), source):
        pass
    assert inspect.signature(in_process.Counter.count).parameters["start"].default == 1
