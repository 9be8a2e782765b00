"""The device packages stay in the subset of Python that both interpreters understand."""

import pytest

from tests.labs.interpreter import SOURCE
from tests.structure.portable_rules import DEVICE, PORTABLE, RULES, broken

EXCEPTIONS = {
    # The one module that reads which interpreter runs; it and its like choose their half once, at import.
    "fota/machine.py": {"which interpreter runs", "code that runs at import"},
    "fota/storage.py": {"code that runs at import"},
    "fota/network_errors.py": {"code that runs at import"},
    "fota/patch/inflate.py": {"code that runs at import"},
    # A module that only MicroPython has.
    "fota/patch/_inflate_micropython.py": {"a module that MicroPython lacks"},
    # The image that it runs may raise anything.
    "fota/start.py": {"except for everything"},
    "fota/start_firmware.py": {"except for everything"},
    "aws/iot/mqtt/_outbox_micropython.py": {"except for everything"},
    # Here what a program's own callback, connection, sink of the log or error class raises is caught.
    "aws/iot/exchange.py": {"except for everything"},
    "aws/iot/leave.py": {"except for everything"},
    "aws/iot/flow.py": {"except for everything"},
    "fota/_machine_micropython.py": {"except for everything"},
    "fota/log.py": {"except for everything"},
    "fota/policy/asking.py": {"except for everything"},
    "fota/progress.py": {"except for everything"},
    "fota/policy/combine.py": {"except for everything"},
    # Here an error that nobody expected becomes the status of a job, and the program's loop goes on.
    "aws/iot/firmware_job.py": {"except for everything"},
    "aws/iot/fota.py": {"except for everything", "code that runs at import"},
}

BAD = [
    ("a module that MicroPython lacks", "import typing"),
    ("a module that MicroPython lacks", "from __future__ import annotations"),
    ("a module that MicroPython lacks", "import dataclasses, json"),
    ("a module that MicroPython lacks", "from enum import Enum"),
    ("a module that MicroPython lacks", "import contextlib"),
    ("a module that MicroPython lacks", "def f():\n    import threading"),
    ("a module that MicroPython lacks", "import tempfile"),
    ("a module that MicroPython lacks", "import shutil"),
    ("a module that MicroPython lacks", "import urllib3"),
    ("a module that MicroPython lacks", "from collections.abc import Callable\nfrom logging import handlers"),
    ("raise ... from", "def f(e):\n    raise ValueError() from e"),
    ("raise ... from", "def f():\n    raise ValueError() from None"),
    ("match", "def f(x):\n    match x:\n        case 1: pass"),
    ("positional-only parameters", "def f(a, /): pass"),
    ("positional-only parameters", "f = lambda a, /: a"),
    ("a dictionary unpacked into another", "def f(a):\n    return {**a, 'b': 1}"),
    ("a method that MicroPython lacks", "def f(h):\n    return h.hexdigest()"),
    ("a method that MicroPython lacks", "def f(h):\n    return h.copy()"),
    ("a method that MicroPython lacks", "def f(n):\n    return n.bit_length()"),
    ("a method that MicroPython lacks", "def f(t):\n    return t.removeprefix('x')"),
    ("a method that MicroPython lacks", "def f(t):\n    return t._replace(a=1)"),
    ("a method that MicroPython lacks", "def f(g):\n    return g.__doc__"),
    ("a function that MicroPython lacks", "import os\ndef f():\n    os.replace('a', 'b')"),
    ("a function that MicroPython lacks", "import os\ndef f(d):\n    os.fsync(d)"),
    ("a function that MicroPython lacks", "import os\ndef f(d):\n    os.makedirs(d)"),
    ("a function that MicroPython lacks", "import os\ndef f(d):\n    return os.path.join(d, 'x')"),
    ("a function that MicroPython lacks", "import time\ndef f():\n    return time.monotonic()"),
    ("a function that MicroPython lacks", "import hashlib\ndef f():\n    return hashlib.sha512()"),
    ("a name that MicroPython lacks", "def f(e):\n    raise FileNotFoundError(e)"),
    (
        "a name that MicroPython lacks",
        "def f(e):\n    return isinstance(e, TimeoutError)",
    ),
    (
        "a name that MicroPython lacks",
        "def f():\n    try: pass\n    except (OSError, ConnectionError): pass",
    ),
    ("talk at the terminal", "def f(x):\n    print(x)"),
    ("an argument that MicroPython lacks", "def f(a, b):\n    return zip(a, b, strict=True)"),
    ("an argument that MicroPython lacks", "import json\ndef f(a):\n    return json.dumps(a, sort_keys=True)"),
    ("assert", "def f(a):\n    assert a"),
    ("asynchronous code", "async def f(): pass"),
    ("which interpreter runs", "import sys\ndef f():\n    return sys.implementation.name"),
    ("except for everything", "def f():\n    try: pass\n    except Exception: pass"),
    ("except for everything", "def f():\n    try: pass\n    except (OSError, BaseException) as e: pass"),
    ("a bare except", "def f():\n    try: pass\n    except: pass"),
    ("a generic type outside an annotation", "Names = list[str]"),
    ("a generic type outside an annotation", "def f(x):\n    return isinstance(x, dict[str, int])"),
    ("a union of classes", "def f(x):\n    return isinstance(x, int | str)"),
    ("a union of classes", "def f(x):\n    return issubclass(x, (int | str, list))"),
    ("an attribute of a function", "def f(): pass\ndef g():\n    f.calls = 0"),
    ("code that runs at import", "import os\nos.getcwd()"),
    ("code that runs at import", "X = open('file')"),
    ("code that runs at import", "for x in (1, 2): pass"),
    ("code that runs at import", "if True:\n    X = 1"),
    ("code that runs at import", "class C:\n    if True:\n        x = 1"),
    ("code that runs at import", "TABLE = [x for x in (1, 2)]"),
]

GOOD = '''
"""What a module is for."""

import json
from fota import machine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Cell(Protocol):
        """Something."""

LIMIT = 1 << 16
"""A constant that says what it is."""


class Thing:
    """Something."""

    name: "list[int] | None" = None

    def __init__(self, names: list[str], *, count: int = 0) -> "dict[str, int]":
        self.names: list[str] = names
        try:
            json.dumps(names, separators=(",", ":"))
        except (OSError, ValueError) as error:
            raise KeyError(error)
'''


def test_every_rule_has_a_snippet_that_breaks_it():
    assert {rule for rule, _ in BAD} == set(RULES)


@pytest.mark.parametrize(("rule", "snippet"), BAD, ids=[snippet for _, snippet in BAD])
def test_a_snippet_that_breaks_a_rule_is_found(rule, snippet):
    assert rule in {name for _, name in broken(snippet)}


def test_a_module_as_it_should_be_breaks_no_rule():
    assert broken(GOOD) == []


def test_the_device_packages_are_where_this_test_looks():
    names = {path.relative_to(SOURCE).as_posix() for path in PORTABLE}
    assert {"fota/durable.py", "fota/slots/files.py", "aws/iot/flow.py", "aws/iot/document.py"} <= names


def test_a_portable_module_breaks_no_rule():
    found = {}
    for path in PORTABLE:
        name = path.relative_to(SOURCE).as_posix()
        allowed = EXCEPTIONS.get(name, set())
        found[name] = broken(path.read_text(), [rule for rule in RULES if rule not in allowed])
    assert {name: places for name, places in found.items() if places} == {}


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_an_exception_to_a_rule_is_still_needed(name):
    found = {rule for _, rule in broken((SOURCE / name).read_text())}
    assert found == EXCEPTIONS[name]


TRUSTS_ANYBODY = (
    "CERT_NONE",
    "_create_unverified_context",
    "ssl.wrap_socket",
    "check_hostname = False",
    "verify_mode = ",
    "verify=False",
    "assert_hostname=False",
    "tls_insecure_set",
)


def test_no_device_module_talks_to_a_server_that_it_does_not_verify():
    # MicroPython verifies nothing until it is told to.
    sources = {
        path.relative_to(SOURCE).as_posix(): path.read_text().replace("verify_mode = ssl.CERT_REQUIRED", "")
        for path in DEVICE
    }
    assert [(name, words) for name in sources for words in TRUSTS_ANYBODY if words in sources[name]] == []


def test_aws_is_a_namespace_that_other_packages_may_share():
    assert not (SOURCE / "aws" / "__init__.py").exists()
