"""What a board is given: no module too many, none missing, and how large that is."""

import ast
import functools
import http.server
import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from fota_operator.board.modules import BOARDS, EXTRAS, _imported, extras_of, modules_of, path_of
from tests.labs.interpreter import COMMAND
from tests.labs.interpreter import only_where_it_runs as pytestmark

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"
BUDGET_BYTES = {"esp32": 122 << 10, "littlefs": 126 << 10, "unix": 134 << 10}
"""What holds now, up to the next 2 KiB. Wanted are 48 KiB for a board."""

on_micropython = pytestmark
del pytestmark

_INSTALL = """
import mip, sys
url, target = sys.argv[1:3]
mip.install(url, target=target)
sys.path.insert(0, target)
for name in sys.argv[3:]:
    __import__(name)
print("ours", sorted(name for name in sys.modules if name.startswith(("fota", "aws"))))
"""


def tool(name, *arguments):
    done = subprocess.run([sys.executable, ROOT / "tools" / name, *arguments], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


@functools.cache
def sizes():
    status, said, problem = tool("sizes.py")
    assert (status, problem) == (0, "")
    return said.splitlines()


def listed(board, folder=SOURCE):
    urls = json.loads((folder / f"{board}.json").read_text())["urls"]
    assert [one for one, other in urls if one != other] == []
    return [one for one, _ in urls]


def module(name):
    return name.rsplit(".", 1)[0].replace("/", ".").removesuffix(".__init__")


def test_the_last_line_of_the_sizes_is_the_sum_for_each_board():
    *rows, last = sizes()
    assert list(json.loads(last)) == ["boards", "bundles"]
    assert json.loads(last)["bundles"].keys() == set(BOARDS)
    cells = [row.split()[1:] for row in rows if row.split()[0].endswith(".py")]
    sums = [sum(int(cell) for cell in column if cell != "-") for column in zip(*cells, strict=True)]
    assert json.loads(last)["boards"] == dict(zip(BOARDS, sums, strict=True))
    assert min(sums) > 10_000


@pytest.mark.parametrize("board", BOARDS)
def test_the_byte_code_of_a_board_does_not_grow(board):
    assert json.loads(sizes()[-1])["boards"][board] <= BUDGET_BYTES[board]


def test_the_lists_for_mip_are_current():
    assert tool("mip_lists.py", "--check") == (0, "", "")


@pytest.mark.parametrize("board", BOARDS)
def test_no_board_is_given_what_only_cpython_runs(board):
    assert [name for name in listed(board) if "_cpython" in name or "supervisor" in name] == []


def test_what_is_imported_for_types_alone_is_not_needed():
    source = "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    from fota import slots\nfrom fota import log\n"
    assert list(_imported(ast.parse(source))) == ["fota", "fota.log"]


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize(
    "name", ["fota/trust/p256.py", "fota/transfer/_http_micropython.py", "aws/iot/mqtt/_client_micropython.py"]
)
def test_a_board_is_given_what_is_imported_only_when_it_is_needed(board, name):
    assert name in listed(board)


def test_the_modules_of_the_esp32_are_not_given_to_other_boards():
    assert "fota/boards/boot_loader.py" in listed("esp32")
    assert "fota/boards/boot_loader.py" not in listed("littlefs")


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("name", EXTRAS)
def test_what_is_added_to_a_board_needs_nothing_but_that_and_what_the_board_has(name, board):
    added = extras_of(name)
    imported = {path_of(one) for path in added for one in _imported(ast.parse((SOURCE / path).read_text()))}
    assert imported - {None} - set(added) - set(modules_of(board)) == set()


@pytest.fixture
def installed_from(tmp_path):
    """`installed_from(folder, board)`: the lines that mip prints when it installs by a list, from a server here."""
    servers = []

    def install(folder, board):
        handler = functools.partial(Quiet, directory=str(folder))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.05,)).start()
        (tmp_path / "install.py").write_text(_INSTALL)
        url = f"http://127.0.0.1:{server.server_address[1]}/{board}.json"
        modules = [module(name) for name in listed(board, folder)]
        command = [str(COMMAND), "-X", "heapsize=16m", "install.py", url, "lib", *modules]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=tmp_path)
        return done.stdout.splitlines()

    yield install
    for server in servers:
        server.shutdown()
        server.server_close()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words):
        pass


@on_micropython
@pytest.mark.parametrize("board", BOARDS)
def test_mip_installs_what_a_board_imports_and_nothing_else(installed_from, tmp_path, board):
    said = installed_from(SOURCE, board)
    files = sorted(path.relative_to(tmp_path / "lib").as_posix() for path in (tmp_path / "lib").rglob("*.*"))
    assert files == sorted(listed(board))
    expected = {module(name) for name in listed(board)} | {"aws"}
    assert said[-1] == f"ours {sorted(expected)}"


@pytest.mark.slow
@on_micropython
def test_mip_installs_byte_code_that_is_imported_there(installed_from, tmp_path):
    assert tool("mip_lists.py", "--compiled", str(tmp_path / "made")) == (0, "", "")
    said = installed_from(tmp_path / "made", "littlefs")
    assert list((tmp_path / "lib").rglob("*.py")) == []
    assert "'aws.iot.fota'" in said[-1]
