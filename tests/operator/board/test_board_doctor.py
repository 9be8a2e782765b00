"""`fota board doctor`: what it says of boards, by their facts, and of one that is really asked."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fota_boot.doctor.findings import ERROR, OK, WARNING, Finding
from fota_operator.board.checks import findings_of, require_fit
from fota_operator.board.facts import BoardFacts
from fota_operator.board.folder import BoardContents, write_folder
from fota_operator.board.kinds import kind_of
from fota_operator.board.put import put_board
from fota_operator.errors import BoardFailed
from tests.labs.fota_command import FotaCommand
from tests.labs.interpreter import only_where_it_runs
from tests.labs.json_answers import misfits
from tests.labs.serial_board import SerialBoard

WELL = BoardFacts(
    implementation="micropython",
    version=(1, 29, 0),
    machine="Generic ESP32S3 module with ESP32S3",
    platform="esp32",
    mpy_version=6,
    modules=frozenset({"ssl", "vfs", "hashlib", "network", "esp32", "machine", "binascii"}),
    heap_bytes=8 << 20,
    heap_free_bytes=8 << 20,
    stack_bytes=15360,
    block_bytes=4096,
    flash_bytes=2 << 20,
    flash_free_bytes=1 << 20,
    file_system="VfsLfs2",
    year=2026,
    ota=(),
    running="factory",
    path=("", ".frozen", "/lib"),
    files=frozenset({"/main.py", "/fota-home/record-0", "/fota-home/wifi.json", "/lib/fota/start.mpy"}),
    thing="pump-1",
)


def found(**changed: object) -> dict[str, Finding]:
    return {one.subject: one for one in findings_of(replace(WELL, **changed))}  # type: ignore[arg-type]


def test_a_board_that_is_well_has_no_finding_to_act_on() -> None:
    assert [(one.subject, one.text) for one in found().values() if one.level != OK] == []


@pytest.mark.parametrize(
    ("changed", "subject", "level", "words"),
    [
        ({"version": (1, 20, 0)}, "version", ERROR, "expected 1.28 or later, got 1.20.0"),
        ({"version": (1, 28, 0)}, "version", WARNING, "cannot tell littlefs from FAT"),
        ({"implementation": "circuitpython"}, "version", ERROR, "expected MicroPython, got circuitpython"),
        ({"mpy_version": 5}, "byte code", ERROR, "expected version 6, got 5"),
        ({"modules": frozenset({"vfs"})}, "modules", ERROR, "has no ssl, hashlib, binascii, network, machine"),
        ({"file_system": "VfsFat"}, "file system", ERROR, "FAT, where a power cut can destroy every file"),
        ({"file_system": ""}, "file system", WARNING, "not told by this version"),
        ({"heap_bytes": 100_000}, "heap", WARNING, "100000 bytes"),
        ({"files": frozenset()}, "home", WARNING, "not on this board"),
        ({"files": WELL.files - {"/main.py"}}, "main.py", ERROR, "missing, so nothing starts"),
        ({"files": WELL.files - {"/fota-home/wifi.json"}}, "Wi-Fi", WARNING, "no wifi.json"),
        ({"files": WELL.files | {"/lib/fota/start.py"}}, "library", WARNING, "there twice"),
        ({"files": WELL.files | {"/rom/fota/start.mpy"}}, "library", WARNING, "in ROMFS and in files"),
        ({"thing": ""}, "thing", ERROR, "who it is cannot be read"),
    ],
)
def test_each_finding_to_act_on_says_how(changed: dict[str, object], subject: str, level: str, words: str) -> None:
    finding = found(**changed)[subject]
    assert (finding.level, bool(finding.remedy)) == (level, True)
    assert words in finding.text


def test_which_way_to_boot_fits_is_said() -> None:
    assert found()["way to boot"].text == "images as files: there are no two OTA partitions"
    with_ota = found(ota=(("ota_0", 1 << 20), ("ota_1", 1 << 20)), running="ota_0")
    assert with_ota["way to boot"].text == "images as files, or the whole firmware in the OTA partitions"
    assert "ota_0 of 1048576 bytes" in with_ota["partitions"].text
    assert "no OTA partitions" in found(platform="rp2")["way to boot"].text


def test_a_clock_that_was_never_set_is_told() -> None:
    assert "not set, so the program must set it by NTP" in found(year=2000)["clock"].text


def test_files_for_another_kind_of_board_are_refused() -> None:
    require_fit(WELL, kind_of("esp32-c3"))
    with pytest.raises(BoardFailed, match="the files are for Raspberry Pi Pico W, and this is Generic ESP32S3"):
        require_fit(WELL, kind_of("pico-w"))


@pytest.mark.parametrize(
    "changed", [{"version": (1, 20, 0)}, {"file_system": "VfsFat"}, {"mpy_version": 5}, {"implementation": "other"}]
)
def test_what_would_not_start_is_not_put(changed: dict[str, object]) -> None:
    with pytest.raises(BoardFailed, match="this board cannot be used"):
        require_fit(replace(WELL, **changed), kind_of("esp32-s3"))  # type: ignore[arg-type]


@only_where_it_runs
@pytest.mark.slow
def test_a_real_interpreter_is_examined_and_goes_on(
    plugged_in: Callable[..., SerialBoard], small: BoardContents, tmp_path: Path
) -> None:
    write_folder(tmp_path / "out", small)
    with plugged_in() as board:
        put = FotaCommand()("board", "put", tmp_path / "out", "--port", board.port, "--json")
        assert (put.exit_code, misfits("board put", json.loads(put.stdout))) == (0, [])
        board.wait_for(b"main runs 1")
        said = board.output.count(b"main runs 1")
        done = FotaCommand()("board", "doctor", "--port", board.port, "--json")
        board.eventually(lambda: board.output.count(b"main runs 1") > said)
    answer = json.loads(done.stdout)
    assert (done.exit_code, answer["worst"]) == (0, "ok"), done.output
    assert misfits("board doctor", answer) == []
    subjects = {one["subject"] for one in answer["findings"]}
    assert {"board", "version", "file system", "flash", "heap", "stack", "clock", "way to boot", "home"} <= subjects


@only_where_it_runs
@pytest.mark.slow
def test_a_board_that_is_too_old_is_said_to_be_so_by_both_commands(
    plugged_in: Callable[..., SerialBoard], small: BoardContents, tmp_path: Path
) -> None:
    with plugged_in(version="1.20.0") as board:
        done = FotaCommand()("board", "doctor", "--port", board.port)
        with pytest.raises(BoardFailed, match=r"expected 1\.28 or later, got 1\.20\.0; install MicroPython 1\.29"):
            put_board(small, str(board.port))
    assert done.exit_code == 1
    assert "error   version: expected 1.28 or later, got 1.20.0" in done.stdout
    assert board.files() == {}


@only_where_it_runs
@pytest.mark.slow
def test_files_for_a_pico_are_not_put_on_a_pc(plugged_in: Callable[..., SerialBoard], small: BoardContents) -> None:
    with plugged_in() as board, pytest.raises(BoardFailed, match="make them again with `fota board make`, for unix"):
        put_board(replace(small, kind="pico-w"), str(board.port))
    assert board.files() == {}
