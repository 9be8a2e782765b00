"""The library as one module: what a program imports stays, names differ only where nobody sees them, and its size."""

import ast
import json
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from bundle_names import names_read_by
from bundle_scopes import Renamer
from bundle_source import LATE
from bundle_words import words_of_documents

from fota_operator.board.modules import BOARDS, OPEN, modules_of
from tests.labs.interpreter import ended, told
from tests.labs.interpreter import only_where_it_runs as pytestmark

ROOT = Path(__file__).parents[2]
BUDGET_BYTES = {"esp32": 92 << 10, "littlefs": 96 << 10, "unix": 100 << 10}
"""What holds now, up to the next 2 KiB. Wanted are 62 KB for an ESP32."""

BUDGET_LOADED_BYTES = {"esp32": 80 << 10, "littlefs": 80 << 10, "unix": 84 << 10}
"""The same for the file that each program loads."""

BUDGET_NAMES = 1_080
"""The names that it brings. Behind the 1,260th MicroPython makes room for 1,280 more; the program has its own."""

BUDGET_COMPRESSED_BYTES = {"esp32": 58 << 10, "littlefs": 60 << 10, "unix": 62 << 10}

on_micropython = pytestmark
del pytestmark


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundles")
    done = subprocess.run([sys.executable, ROOT / "tools/bundle.py", folder], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return folder


def files(folder):
    return sorted(path for path in folder.rglob("*.mpy"))


@pytest.mark.parametrize("board", BOARDS)
def test_a_bundle_does_not_grow(made, board):
    found = files(made / board)
    assert sum(path.stat().st_size for path in found) <= BUDGET_BYTES[board]
    assert len(zlib.compress(b"".join(path.read_bytes() for path in found), 9)) <= BUDGET_COMPRESSED_BYTES[board]


@pytest.mark.parametrize("board", BOARDS)
def test_what_each_program_loads_does_not_grow(made, board):
    assert (made / board / "fota_bundle.mpy").stat().st_size <= BUDGET_LOADED_BYTES[board]


@pytest.mark.parametrize("board", BOARDS)
def test_mip_is_given_a_list_of_all_that_there_is(made, board):
    urls = json.loads((made / board / f"{board}.json").read_text())["urls"]
    there = [path.relative_to(made / board).as_posix() for path in files(made / board)]
    assert sorted(one for one, _ in urls) == there
    assert all(one == other for one, other in urls)


_NAMES = """
import json, sys
sys.path.insert(0, sys.argv[1])
names = {}
for name in sys.argv[2:]:
    __import__(name)
    names[name] = [one for one in dir(sys.modules[name]) if one[0] != "_"]
print(json.dumps([names, "fota_bundle" in sys.modules]))
"""


def public(module):
    path = next(path for path in modules_of("unix") if _name(path) == module)
    body = ast.parse((ROOT / "src" / path).read_text()).body
    return {
        one.name for one in body if isinstance(one, (ast.FunctionDef, ast.ClassDef)) and not one.name.startswith("_")
    }


def _name(path):
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


@on_micropython
@pytest.mark.parametrize("kind", ["unix", "unix-source"])
def test_what_a_program_imports_is_there_as_byte_code_and_as_source(made, tmp_path, kind):
    ((names, is_one),) = told(_NAMES, str(made / kind), *OPEN, folder=tmp_path)
    assert is_one
    assert names.keys() == set(OPEN)
    for module in OPEN:
        assert public(module) <= set(names[module])


_LOADED = """
import json, micropython, sys
sys.path.insert(0, sys.argv[1])
for name in sys.argv[2:]:
    __import__(name)
micropython.qstr_info()
print(json.dumps([name for name in sys.modules if name.startswith("fota_bundle")]))
for name in ("policy", "connected", "patch", "rare"):
    __import__("fota_bundle_" + name)
print(json.dumps([name for name in sys.modules if name.startswith("fota_bundle")]))
from fota.policy import Later
print(json.dumps([Later("busy").reason]))
"""


@on_micropython
def test_what_few_programs_need_is_loaded_late(made, tmp_path):
    programs = [name for name in OPEN if name != "fota.policy"]
    at_first, then, later = told(_LOADED, str(made / "unix"), *programs, folder=tmp_path)
    assert at_first == ["fota_bundle"]
    assert set(then) == {"fota_bundle", *LATE}
    assert later == ["busy"]


@on_micropython
def test_the_bundle_has_room_for_the_names_of_a_program(made, tmp_path):
    programs = ("fota.start", "aws.iot.iot", "aws.iot.jobs", "aws.iot.fota")
    done = ended(_LOADED, str(made / "littlefs"), *programs, folder=tmp_path)
    assert int(done.stdout.partition("n_qstr=")[2].partition(",")[0]) <= BUDGET_NAMES


_ERRORS = """
import json, sys
sys.path.insert(0, sys.argv[1])
from fota.errors import FotaError, StorageFailed
from aws.iot.errors import IotError, NotConnected
from fota.log import place_of
import io
try:
    raise StorageFailed("the disk")
except FotaError as error:
    problem = error
trace = io.StringIO()
try:
    from aws.iot import iot
    iot.Thing("endpoint", "client", 1, 2)
except Exception as error:
    sys.print_exception(error, trace)
told = [type(problem).__name__, problem.reason, str(problem), issubclass(NotConnected, IotError)]
told.append(trace.getvalue())
print(json.dumps(told))
"""


@on_micropython
def test_errors_keep_their_names_reasons_and_messages(made, tmp_path):
    ((name, reason, text, is_ours, trace),) = told(_ERRORS, str(made / "unix"), folder=tmp_path)
    assert (name, reason, text, is_ours) == ("StorageFailed", "storage-failed", "the disk", True)
    assert 'File "fota_bundle"' in trace


@on_micropython
def test_a_traceback_is_read_with_the_map(made, tmp_path):
    ((*_, trace),) = told(_ERRORS, str(made / "unix"), folder=tmp_path)
    command = [sys.executable, ROOT / "tools/bundle_traceback.py", made / "unix.map.json"]
    done = subprocess.run(command, input=trace, capture_output=True, text=True)
    assert done.returncode == 0
    assert "in aws.iot.credentials." in done.stdout, done.stdout


def renamed(source):
    of = {"f": ast.Name("G"), "modu.x": ast.Name("X"), "limit": ast.Constant(7)}
    tree = Renamer(of.get, lambda name: "q" if name == "_a" else name, lambda names, used: {})
    return ast.unparse(ast.fix_missing_locations(tree.visit(ast.parse(source))))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("f(limit)", "G(7)"),
        ("def g(f):\n    return f", "def g(f):\n    return f"),
        ("def g():\n    f = 1\n    return lambda: f", "def g():\n    f = 1\n    return lambda: f"),
        ("[f for f in f]", "[f for f in f]"),
        (
            "class C:\n    f = 1\n\n    def g(self):\n        return f",
            "class C:\n    f = 1\n\n    def g(self):\n        return G",
        ),
        ("modu.x.y", "X.y"),
        ("def g(modu):\n    return modu.x", "def g(modu):\n    return modu.x"),
        ("a._a = b.__a__", "a.q = b.__a__"),
        ("def g():\n    global f\n    f = 2", "def g():\n    global G\n    G = 2"),
        (
            "def g():\n    try:\n        pass\n    except E as f:\n        return f",
            "def g():\n    try:\n        pass\n    except E as f:\n        return f",
        ),
        (
            "def g():\n    def f():\n        pass\n    return f",
            "def g():\n\n    def f():\n        pass\n    return f",
        ),
        ("try:\n    pass\nexcept E as e:\n    raise f(e)", "try:\n    pass\nexcept E as e:\n    raise G(e)"),
    ],
)
def test_a_name_is_replaced_only_where_it_is_that_of_the_module(source, expected):
    assert renamed(source) == expected


def test_the_defaults_and_values_of_a_class_are_read_while_it_is_made():
    (kind,) = ast.parse("class C:\n    a = b\n    def f(self, c=d, *, e=g.h):\n        return i").body
    assert isinstance(kind, ast.ClassDef)
    assert set(names_read_by(kind)) - {"a"} == {"b", "d", "g"}


@pytest.mark.parametrize("board", BOARDS)
def test_no_attribute_of_a_class_hides_a_global_that_the_class_reads(made, board):
    source = "\n".join(path.read_text() for path in (made / f"{board}-source").glob("fota_bundle*.py"))
    kinds = [one for one in ast.parse(source).body if isinstance(one, ast.ClassDef)]
    assert len(kinds) > 30
    for kind in kinds:
        bound = {one.name for one in kind.body if isinstance(one, ast.FunctionDef)}
        for one in kind.body:
            if isinstance(one, ast.Assign):
                bound.update(target.id for target in one.targets if isinstance(target, ast.Name))
        defaults = [
            part
            for one in kind.body
            if isinstance(one, ast.FunctionDef)
            for default in (*one.args.defaults, *one.args.kw_defaults)
            if default
            for part in ast.walk(default)
        ]
        assert not bound & {part.id for part in defaults if isinstance(part, ast.Name)}, kind.name


def test_what_the_documentation_names_stays():
    assert {"handle_fota_jobs", "wait", "publish"} <= words_of_documents()
