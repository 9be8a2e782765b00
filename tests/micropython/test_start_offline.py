"""A trial on a board whose image cannot connect: it goes on until its time is over. And what is said of a crash."""

import hashlib

import pytest

from fota import trial
from fota.boards.files import FilesBoard
from fota.boards.provisioning import provision
from fota.digests import Digests
from fota.record import Record
from fota.storage import SlotReader
from fota_operator.images.micropython import build_micropython_image
from tests.labs.board import Board
from tests.labs.interpreter import only_where_it_runs
from tests.labs.present import present

pytestmark = [only_where_it_runs, pytest.mark.slow]

WAITS = "import time\nprint('factory runs')\ntime.sleep(600)\n"
REFUSED = "import socket\nsocket.socket().connect(socket.getaddrinfo('127.0.0.1', 1)[0][-1])\n"
NO_CONNECTION = "class ConnectFailed(Exception):\n    pass\nraise ConnectFailed('not connected')\n"
NOTED = "from fota import boot_note\nboot_note.offline()\n"
EXITS = NOTED + "import sys\nsys.exit(0)\n"
CONFIRMS = "from fota import device\ndevice.current().confirm()\nprint('new is confirmed')\n" + WAITS
CRASHES = "import pump\n"
PUMP = (
    "def start():\n    raise RuntimeError('sensor driver missing at https://s3/x?X-Amz-Signature=5ec7e7')\nstart()\n"
)


@pytest.fixture
def make_board(tmp_path, library):
    """A board whose factory image waits, and whose other image, with this program, is on trial."""

    def make(main, *, deadline_s=20.0, **more):
        factory, new = (_image(tmp_path, name, text, more) for name, text in (("old", WAITS), ("new", main)))
        reader = SlotReader(str(factory))
        home = provision(
            str(tmp_path / "home"),
            reader,
            image_size_bytes=factory.stat().st_size,
            slot_count=2,
            slot_size_bytes=1 << 20,
        )
        reader.close()
        content = new.read_bytes()
        writer = home.slots.writer(1, len(content))
        writer.write(memoryview(content))
        writer.close()
        home.slots.seal(1, Digests(len(content), hashlib.md5(content).digest(), hashlib.sha256(content).digest()))
        home.records.save(trial.begun(present(home.records.load()), 1))
        return Board(tmp_path / "home", library, deadline_s=deadline_s)

    return make


def _image(folder, name, main, more):
    source = folder / name
    source.mkdir()
    (source / "main.py").write_text(main)
    for module, text in more.items():
        (source / f"{module}.py").write_text(text)
    path = folder / f"{name}.lfs"
    build_micropython_image(source, "1", path)
    return path


def home_of(tmp_path):
    return FilesBoard(str(tmp_path / "home"))


@pytest.mark.parametrize("ends", [REFUSED, NO_CONNECTION, EXITS], ids=["refused", "library", "exits"])
def test_an_image_that_cannot_connect_is_started_again_in_the_same_attempt(make_board, tmp_path, ends):
    # The first two boots of the image find a file missing, and end.
    count = "import os\ntry:\n    os.stat('{0}/{1}')\nexcept OSError:\n    open('{0}/{1}', 'w').close()\n    "
    steps = "".join(
        count.format(tmp_path, name) + f"exec({ends!r})\n    raise SystemExit\n" for name in ("first", "second")
    )
    with make_board(steps + CONFIRMS) as board:
        board.wait_for("new is confirmed")
        armed = [int(line.split()[3]) for line in board.said("watchdog armed")]
    assert (board.boots, home_of(tmp_path).records.load()) == (3, Record(1, fallback_slot=0, healthy_boots=1))
    assert armed[0] == 20_000 > armed[1] > armed[2]


def test_when_its_time_is_over_it_is_given_up_as_offline(make_board, tmp_path):
    with make_board(REFUSED, deadline_s=2.5) as board:
        board.wait_for("factory runs")
    assert home_of(tmp_path).records.load() == Record(0, trial_slot=1, attempts_spent=1, cause="offline")
    assert board.boots == 3


def test_a_power_cut_in_such_a_trial_gives_no_other_attempt(make_board, tmp_path):
    with make_board(NOTED + "print('noted')\n" + WAITS) as board:
        board.wait_for("noted")
        board.cut_power()
        board.eventually(lambda: board.boots == 2, "the second boot")
    assert home_of(tmp_path).records.load() == Record(0, trial_slot=1, attempts_spent=1, cause="offline")


def test_a_crash_is_kept_in_one_line_with_file_and_line(make_board, tmp_path):
    with make_board(CRASHES, pump=PUMP) as board:
        board.wait_for("factory runs")
    home = home_of(tmp_path)
    assert present(home.records.load()).cause == "crashed"
    assert home.note.last_words() == {"error": "pump.py:2: RuntimeError: sensor driver missing at https://s3/x?..."}
    assert board.said("image-ended problem=pump.py:2: RuntimeError")


@pytest.mark.parametrize(
    ("ends", "runs"), [(CRASHES, "factory runs"), (REFUSED, "new again")], ids=["crash", "offline"]
)
def test_a_confirmed_image_falls_back_after_three_crashes_and_not_for_want_of_the_network(
    make_board, tmp_path, ends, runs
):
    later = "print('new again') if fails > 3 else None\n" + ends
    first = "from fota import device, record\n"
    first += f"import os\nfails = len([name for name in os.listdir('{tmp_path}') if name.startswith('start-')])\n"
    first += f"open('{tmp_path}/start-%d' % fails, 'w').close()\n"
    first += "if fails == 0:\n    device.current().confirm()\n    raise SystemExit\n"
    with make_board(first + later, pump=PUMP) as board:
        board.wait_for(runs)
    found = present(home_of(tmp_path).records.load())
    assert (found.confirmed_slot, found.trial_slot) == ((0, 1) if ends == CRASHES else (1, None))
