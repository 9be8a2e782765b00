"""A bundle under a real fota-boot: started with its own packages alone, and not at all once its tree was changed."""

import importlib.util
import os
import sys
import zipfile
from pathlib import Path

import pytest

from fota import trial
from fota.boards.files import FilesBoard
from fota.digests import Hasher
from tests.labs.boot_lab import CONFIRMS, CRASHES, WAITS, one_line, until
from tests.labs.bundle_boot import PROGRAM, no_tree, opened, packed, provision, put_on_trial, tree_of
from tests.labs.present import present

pytestmark = pytest.mark.slow


def test_a_bundle_of_the_factory_is_unpacked_and_starts_with_nothing_beside_it(lab, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "intruder.py").write_text("raise SystemExit(9)\n")
    script = "import own\ntry:\n    import intruder\nexcept ImportError:\n    tell('alone')\n"
    script += "exit\nquit\nimport sysconfig\nwait_to_be_stopped()"
    assert provision(lab, packed("factory", script)).returncode == 0
    process = lab.start("--", "-x", "two", PYTHONPATH=os.pathsep.join([str(elsewhere), *sys.path]))
    lab.wait_for("alone")
    told = lab.wait_for_start(1)
    tree = tree_of(lab, 0)
    assert told["path"][:2] == [f"{tree}/app", f"{tree}/lib"]
    assert [path for path in told["path"] if "-packages" in path or path == ""] == []
    assert told["argv"] == [f"{tree}/app/__main__.py", "-x", "two"]
    assert (told["main"], told["protocol"]) == (f"{tree}/app/__main__.py", "1")
    assert lab.stop(process) == 0


def test_a_bundle_that_is_confirmed_stays_and_writes_no_byte_code_of_its_own(lab):
    lab.provision(WAITS, slot_size_bytes=1 << 20)
    put_on_trial(lab, packed("new", "from fota import device\n" + CONFIRMS))
    process = lab.start()
    lab.wait_for("confirmed")
    assert lab.stop(process) == 0
    process = lab.start()
    lab.wait_for_start(2)
    assert lab.stop(process) == 0
    assert lab.started() == ["new", "new"]


@pytest.mark.parametrize(
    ("entry", "more"),
    [
        ("own.cli", {"app/own/cli.py": "import own.told\n"}),
        ("own.cli:main", {"app/own/cli.py": "def main():\n    import own.told\n"}),
        ("own.cli:Command.main", {"app/own/cli.py": "class Command:\n    def main():\n        import own.told\n"}),
        ("tool", {"lib/tool/__init__.py": "", "lib/tool/__main__.py": "import own.told\n"}),
        ("tool", {"lib/tool.py": "import own.told\n"}),
    ],
)
def test_each_form_of_an_entry_starts(lab, entry, more):
    told = f"NAME = 'new'\n{PROGRAM}\nwait_to_be_stopped()\n"
    assert provision(lab, packed("other", "", {**more, "app/own/told.py": told}, entry)).returncode == 0
    process = lab.start("--", "-x")
    started = lab.wait_for_start(1)
    assert (started["image"], started["argv"][1:]) == ("new", ["-x"])
    assert started["argv"][0].startswith(str(tree_of(lab, 0)))
    assert lab.stop(process) == 0


def test_processes_that_a_bundle_makes_import_its_packages_and_not_its_program_twice(lab):
    script = "def double(number):\n    import own\n    return 2 * number\n"
    more = {"app/work.py": script}
    main = (
        "if __name__ == '__main__':\n    import multiprocessing, work\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "        tell('worked', answer=pool.map(work.double, [3]))\n    wait_to_be_stopped()"
    )
    content = packed("factory", main, more)
    assert provision(lab, content).returncode == 0
    process = lab.start()
    assert lab.wait_for("worked")["answer"] == [6]
    assert lab.stop(process) == 0


def test_an_entry_that_is_not_there_is_said_and_rolls_back(lab):
    lab.provision(WAITS, slot_size_bytes=1 << 20)
    put_on_trial(lab, packed("new", "", entry="nowhere"))
    process = lab.start()
    until(lambda: lab.started() == ["factory"], "the old image")
    assert lab.stop(process) == 0
    assert "the bundle has no module nowhere that can be run" in lab.log()


def test_a_bundle_that_crashes_goes_back_and_its_last_words_name_its_file(lab):
    lab.provision(WAITS, slot_size_bytes=1 << 20)
    put_on_trial(lab, packed("new", "import own.bad", {"app/own/bad.py": "raise RuntimeError('dry')\n"}))
    process = lab.start()
    until(lambda: lab.started() == ["new", "factory"], "the old image")
    assert lab.stop(process) == 0
    assert FilesBoard(str(lab.home_path)).note.last_words()["error"] == "app/own/bad.py:1: RuntimeError: dry"


def own_data(tree):
    (tree / "app/data.db").write_text("x")


def other_byte_code(tree):
    path = next((tree / "app/own/__pycache__").iterdir())
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1] + b"x")


def no_value(tree):
    for number in (0, 1):
        (tree.parent / f"{tree.name}-{number}").write_bytes(bytes(4096))


@pytest.mark.parametrize("harm", [own_data, other_byte_code, no_tree, no_value])
def test_a_tree_that_was_changed_gives_way_like_a_damaged_image(lab, harm):
    lab.provision(WAITS, slot_size_bytes=1 << 20)
    put_on_trial(lab, packed("new", CRASHES))
    harm(opened(tree_of(lab, 1)))
    process = lab.start()
    lab.wait_for_start(1)
    assert lab.stop(process) == 0
    assert lab.started() == ["factory"]
    assert present(lab.record()).cause == "image-damaged"


def test_the_tree_of_the_only_image_is_made_again_when_nothing_else_can_start(lab):
    assert provision(lab, packed("factory", "wait_to_be_stopped()")).returncode == 0
    own_data(opened(tree_of(lab, 0)))
    process = lab.start()
    lab.wait_for_start(1)
    assert lab.stop(process) == 0
    assert not (tree_of(lab, 0) / "app/data.db").exists()
    assert "unpacked" in lab.log()


@pytest.mark.parametrize(("is_known_bad", "started"), [(True, "factory"), (False, "bad")])
def test_a_changed_tree_of_the_confirmed_bundle_gives_way_only_to_an_image_that_has_not_failed(
    lab, is_known_bad, started
):
    assert provision(lab, packed("factory", "wait_to_be_stopped()")).returncode == 0
    home = FilesBoard(str(lab.home_path))
    before = present(home.records.load())
    put_on_trial(lab, packed("bad", "wait_to_be_stopped()"))
    home.records.save_in_both(before)
    if is_known_bad:
        home.journal.remember_bad(present(home.slots.seal_of(1)))
    own_data(opened(tree_of(lab, 0)))
    process = lab.start()
    assert lab.wait_for_start(1)["image"] == started
    assert lab.stop(process) == 0


def test_a_changed_tree_of_the_confirmed_bundle_does_not_give_way_to_the_image_that_was_just_rolled_back(lab):
    assert provision(lab, packed("factory", "wait_to_be_stopped()")).returncode == 0
    put_on_trial(lab, packed("bad", CRASHES))
    home = FilesBoard(str(lab.home_path))
    home.records.save_in_both(trial.rolled_back(present(home.records.load()), "crashed"))
    own_data(opened(tree_of(lab, 0)))
    process = lab.start()
    assert lab.wait_for_start(1)["image"] == "factory"
    assert lab.stop(process) == 0
    assert present(lab.record()).cause == "crashed"


def test_a_bundle_whose_seals_are_all_lost_proves_itself_and_is_unpacked_again(lab):
    assert provision(lab, packed("factory", "wait_to_be_stopped()")).returncode == 0
    for path in lab.home_path.glob("slot-*.seal-*"):
        path.write_bytes(bytes(4096))
    no_tree(opened(tree_of(lab, 0)))
    process = lab.start()
    assert lab.wait_for_start(1)["image"] == "factory"
    assert lab.stop(process) == 0


def test_a_program_that_writes_into_its_tree_gives_way_at_the_next_start(lab):
    lab.provision(WAITS, slot_size_bytes=1 << 20)
    writes = "import os\ntree = os.path.dirname(__file__)\nos.chmod(tree, 0o755)\nopen(tree + '/x', 'w').close()\n"
    put_on_trial(lab, packed("new", "from fota import device\n" + writes + CONFIRMS))
    process = lab.start()
    lab.wait_for("confirmed")
    assert lab.stop(process) == 0
    process = lab.start()
    until(lambda: lab.started() == ["new", "factory"], "the old image")
    assert lab.stop(process) == 0


def test_the_doctor_says_that_a_tree_was_changed(lab):
    assert provision(lab, packed("factory", "")).returncode == 0
    assert "confirmed: " in lab.run("--doctor").stdout
    own_data(opened(tree_of(lab, 0)))
    done = lab.run("--doctor")
    assert done.returncode == 1
    assert "its tree was changed" in done.stdout


def test_a_compiled_package_runs_in_a_bundle(lab):
    path = Path(present(present(importlib.util.find_spec("_cffi_backend")).origin))
    more = {f"lib/{path.name}": path.read_bytes()}
    script = "import _cffi_backend\ntell('compiled', file=_cffi_backend.__file__)\nwait_to_be_stopped()"
    assert provision(lab, packed("factory", script, more)).returncode == 0
    process = lab.start()
    assert lab.wait_for("compiled")["file"] == f"{tree_of(lab, 0)}/lib/{path.name}"
    assert lab.stop(process) == 0


def test_a_factory_bundle_for_another_python_is_refused_and_nothing_is_made(lab):
    one_line(provision(lab, packed("factory", "", runtime="cp27-any")), "the image needs cp27-any, this device is cp")
    one_line(provision(lab, packed("factory", "", boot=2)), "the image needs protocol 2 of fota-boot")
    assert not lab.home_path.exists()


@pytest.mark.parametrize("content", [b"print('hello')", b"PK\x03\x04", bytes(4096), None])
def test_a_factory_file_that_is_no_image_is_refused(lab, content):
    path = lab.folder / "factory.pyz"
    if content is None:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("main.py", "")
    else:
        path.write_bytes(content)
    one_line(lab.run("--factory", str(path)), "factory.pyz", "--factory expects an image")
    assert not lab.home_path.exists()


def test_a_home_of_a_former_fota_boot_is_started_as_it_is(lab):
    # It has no tree, and a bundle that an image without trees has put there cannot start: the old image does.
    lab.provision(WAITS, slot_size_bytes=1 << 20)
    content = packed("new", CRASHES)
    home = FilesBoard(str(lab.home_path))
    hasher = Hasher()
    hasher.update(memoryview(content))
    writer = home.slots.writer(1, len(content))
    writer.write(memoryview(content))
    writer.close()
    home.slots.seal(1, hasher.digests())
    home.records.save(trial.begun(present(home.records.load()), 1))
    process = lab.start()
    lab.wait_for_start(1)
    assert lab.stop(process) == 0
    assert lab.started() == ["factory"]
    assert present(lab.record()).cause == "image-damaged"


def test_an_image_whose_library_knows_no_protocol_runs_and_is_updated(lab):
    # It reads FOTA_HOME and FOTA_SLOT alone, as the first library did.
    script = "for name in ('FOTA_BOOT_PROTOCOL', 'FOTA_NOTE'):\n    os.environ.pop(name, None)\n" + CONFIRMS
    lab.provision(WAITS, slot_size_bytes=1 << 20)
    lab.put_on_trial("old", script)
    process = lab.start()
    lab.wait_for("confirmed")
    assert lab.stop(process) == 0
