"""The reference of the device API names every public function, method, attribute and argument."""

import inspect
import re
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest

from aws.iot import fota, iot, jobs, mqtt
from aws.iot.background_cpython import Background
from aws.iot.mqtt._client_cpython import PahoConnection
from fota import errors
from fota import progress as progresses
from tests.labs.docs_pages import read, section

PAGE = "docs/reference/device-api.md"

HEADINGS = {
    iot: "## Thing",
    mqtt: "## The connection",
    jobs: "## Jobs",
    fota: "## {name}",
    progresses: "## Progress",
}
"""Where the callables of a module are described; a heading of a method's own is found by its name."""


def described(module: ModuleType, owner: str, name: str) -> str:
    """The section that should describe a callable: the narrowest heading that bears its name."""
    page = read(PAGE)
    for heading in (f"### {owner}.{name}", f"### {name}", f"## {name}", f"## {owner}"):
        if f"\n{heading}\n" in page:
            return section(page, heading)
    return section(page, HEADINGS[module])


def public_callables() -> Iterator[tuple[ModuleType, str, str, Callable[..., object]]]:
    """Module, owner, name and function of everything that a program may call."""
    for name, function in vars(fota).items():
        if inspect.isfunction(function) and function.__module__ == fota.__name__ and not name.startswith("_"):
            yield fota, "", name, function
    owners = ((iot, iot.Thing), (jobs, jobs.Jobs), (jobs, jobs.Job), (progresses, progresses.Progress))
    for module, owner in owners:
        if owner in (iot.Thing, jobs.Jobs):
            yield module, "", owner.__name__, owner
        yield from ((module, owner.__name__, name, function) for name, function in methods(owner))
    yield from ((mqtt, "The connection", name, function) for name, function in methods(PahoConnection))
    yield from ((fota, "start_background", name, function) for name, function in methods(Background))


def methods(owner: type) -> list[tuple[str, Callable[..., object]]]:
    found = inspect.getmembers(owner, inspect.isfunction)
    return [(name, function) for name, function in found if not name.startswith("_")]


@pytest.mark.parametrize(
    ("module", "owner", "name", "function"),
    [pytest.param(*each, id=".".join(filter(None, each[1:3]))) for each in public_callables()],
)
def test_every_public_callable_and_each_of_its_arguments_is_described(
    module: ModuleType, owner: str, name: str, function: Callable[..., object]
) -> None:
    text = described(module, owner, name)
    arguments = [argument for argument in inspect.signature(function).parameters if argument != "self"]
    assert arguments in shown_arguments(name, text)
    in_table = first_column(text, "argument")
    assert not in_table or in_table == arguments


def shown_arguments(name: str, text: str) -> list[list[str]]:
    """The names of the arguments, for each place in the text that shows the callable with them."""
    calls = re.findall(rf"`(?:\w+\.)?{name}\((.*?)\)`", text)
    return [[word.split("=")[0] for word in call.split(", ") if word not in ("", "*")] for call in calls]


def first_column(text: str, heading: str) -> list[str]:
    """What stands in code in the first column of the table with this heading; nothing without such a table."""
    _, found, rest = text.partition(f"| {heading} |")
    table = rest.partition("\n\n")[0] if found else ""
    return re.findall(r"^\| `(\w+)", table, re.MULTILINE)


@pytest.mark.parametrize("owner", [jobs.Job, jobs.Jobs, iot.Thing], ids=lambda owner: owner.__name__)
def test_every_public_attribute_is_described(owner: type) -> None:
    source = inspect.getsource(vars(owner)["__init__"])
    set_there = {line.strip().split(" = ")[0].split(":")[0] for line in source.splitlines() if "self." in line}
    attributes = {name.removeprefix("self.") for name in set_there if name.startswith("self.")}
    constants = {name for name in vars(owner) if name.isupper()}
    text = section(read(PAGE), f"## {owner.__name__}")
    listed = first_column(text, "attribute") or re.findall(r"`(\w+)`", text)
    assert {name for name in attributes if not name.startswith("_")} <= set(listed)
    assert not [name for name in constants if f"`{name}`" not in text]


def test_a_thing_of_the_page_has_the_signature_of_the_code() -> None:
    heads: dict[str, Callable[..., object]] = {
        "Thing": iot.Thing,
        "handle_fota_jobs": fota.handle_fota_jobs,
        "update": fota.update,
        "test": fota.test,
        "confirm": fota.confirm,
        "reset": fota.reset,
        "start_background": fota.start_background,
    }
    for name, function in heads.items():
        parameters = inspect.signature(function).parameters.values()
        bare = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in parameters]
        assert f"{name}{inspect.Signature(bare)}" in section(read(PAGE), f"## {name}")


def test_every_exception_that_the_page_names_exists() -> None:
    from aws.iot import errors as iot_errors

    known = {
        name for module in (errors, iot_errors) for name, value in vars(module).items() if inspect.isclass(value)
    }
    raised = [line for line in read(PAGE).splitlines() if "*Raises*" in line or "*raises*" in line]
    named = {word for line in raised for word in line.split("`")[1::2] if word[:1].isupper()}
    assert len(raised) > 8
    assert named <= known
