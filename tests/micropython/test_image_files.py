"""The files of a mounted image, read at any time: by the program, and by its callbacks in the middle of that."""

import pytest

from fota_operator.images.micropython import build_micropython_image
from tests.labs.interpreter import device, told
from tests.labs.interpreter import only_where_it_runs as pytestmark

__all__ = ["device", "pytestmark"]

FILES = 24

_MOUNTED = """
import json
import micropython
import os
import sys
import vfs
from fota.image_files import ImageFiles

vfs.mount(ImageFiles("image.lfs"), "/app", readonly=True)
"""

_LOOKS = """
import _thread
import time

lost, wrong, looks = [], [], [0, 0]

def look(name, by):
    looks[by] += 1
    try:
        os.stat("/app/" + name + ".py")
        with open("/app/" + name + ".py") as file:
            text = file.read()
        if not text.startswith("NAME = '" + name):
            wrong.append(name)
    except OSError as error:
        lost.append((name, error.errno))

def called(number):
    # A callback that is due again at once: it runs wherever the interpreter may run one.
    if looks[1] < 6000:
        if number % 3 == 0:
            look("m%02d" % (number % 24), 1)
        micropython.schedule(called, number + 1)

def thread():
    for turn in range(40):
        for number in range(24):
            look("m%02d" % number, 1)
    ended.append(True)

def look_at_all():
    for turn in range(40):
        for number in range(24):
            look("m%02d" % number, 0)

ended = []
"""

_ENDS = "print(json.dumps([len(lost), len(wrong), looks[0], looks[1] > 300]))"


@pytest.fixture
def folder(device):
    source = device / "source"
    (source / "parts").mkdir(parents=True)
    for number in range(FILES):
        name = f"m{number:02}"
        (source / f"{name}.py").write_text(f"NAME = '{name}'\n" + "#" * 600 + "\n")
    (source / "main.py").write_text("import parts.one\nprint(parts.one.WHAT)\n")
    (source / "parts" / "one.py").write_text("WHAT = '[\"imported\"]'\n")
    build_micropython_image(source, "1", device / "image.lfs")
    return device


@pytest.mark.parametrize(
    "story",
    [
        "micropython.schedule(called, 0)\nlook_at_all()\n",
        "_thread.start_new_thread(thread, ())\nlook_at_all()\nwhile not ended:\n    time.sleep_ms(1)\n",
    ],
    ids=["callback", "thread"],
)
def test_others_may_read_files_while_the_program_reads_files(folder, story):
    assert told(_MOUNTED + _LOOKS + story + _ENDS, folder=folder) == [[0, 0, 960, True]]


def test_a_callback_may_import_while_the_program_imports(folder):
    story = """
def called(number):
    __import__("m%02d" % number)
    if number < 23:
        micropython.schedule(called, number + 1)
sys.path.insert(0, "/app")
micropython.schedule(called, 0)
for number in range(23, -1, -1):
    __import__("m%02d" % number)
print(json.dumps([sum(1 for name in sys.modules if name[0] == "m" and name[1:].isdigit())]))
import main
"""
    assert told(_MOUNTED + story, folder=folder) == [[24], ["imported"]]


def test_two_open_files_are_read_in_turn(folder):
    story = """
one, two = open("/app/m00.py"), open("/app/m01.py")
same = True
while True:
    first, second = one.read(50), two.read(50)
    same = same and first.replace("m00", "m01") == second
    if not first:
        break
print(json.dumps([same, len([n for n in os.listdir("/app") if n[0] == "m"]), sorted(os.listdir("/app/parts"))]))
"""
    assert told(_MOUNTED + story, folder=folder) == [[True, FILES + 1, ["one.py"]]]


def test_it_is_a_folder_like_any_other_but_nothing_is_written(folder):
    story = """
os.chdir("/app/parts")
print(json.dumps([os.getcwd(), os.stat("one.py")[6], len(open("one.py").read()), os.statvfs("/app")[0]]))
os.chdir("..")
def refused(ask, *arguments):
    try:
        ask(*arguments)
    except OSError as error:
        return error.errno
print(json.dumps([
    refused(open, "/app/new", "w"), refused(open, "/app/m00.py", "r+b"), refused(os.remove, "/app/m00.py"),
    refused(os.mkdir, "/app/x"), refused(os.rename, "/app/m00.py", "/app/m99.py"), refused(os.stat, "/app/none"),
    refused(open, "/app/none"), refused(os.chdir, "/app/m00.py"),
]))
"""
    assert told(_MOUNTED + story, folder=folder) == [["/app/parts", 22, 22, 4096], [30, 30, 30, 30, 30, 2, 2, 20]]


def test_what_is_no_file_system_is_refused_when_it_is_opened(device):
    (device / "image.lfs").write_bytes(b"no file system" * 1000)
    story = "try:\n    ImageFiles('image.lfs')\nexcept OSError as error:\n    print('[\"refused\"]')\n"
    assert told(_MOUNTED.rsplit("vfs.mount", 1)[0] + story, folder=device) == [["refused"]]
