"""`fota board make`: what goes on a board, in its order, and the folder that holds it."""

import json
import stat
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography import x509

from fota.boards.files import FilesBoard
from fota_operator.board.folder import BoardContents, BoardFile, read_folder, write_folder
from fota_operator.board.kinds import KINDS, kind_of
from fota_operator.board.make import BoardRequest, make_contents
from fota_operator.board.wifi import Wifi
from fota_operator.cloud import ca_bundle
from fota_operator.errors import AlreadyThere, BadInput, NotFound
from fota_operator.images.image import build_image
from fota_operator.things.authorities import amazon_authorities
from tests.labs.board_files import PEM
from tests.labs.docs_pages import read
from tests.labs.fota_command import FotaCommand
from tests.labs.json_answers import misfits


def content_of(contents: BoardContents, path: str) -> bytes:
    return next(one.content for one in contents.files if one.path == path)


def request(thing: Path, image: Path, **fields: object) -> BoardRequest:
    return replace(BoardRequest(kind_of("pico-w"), thing, image), **fields)  # type: ignore[arg-type]


def test_what_starts_the_board_is_last_and_the_record_is_the_last_of_its_state(made: BoardContents) -> None:
    assert made.files[-1].path == "/main.py"
    assert [one.path for one in made.files if one.is_state][-1] == "/fota-home/record-1"
    assert not any(one.path == "/boot.py" for one in made.files)


def test_no_folder_of_the_board_has_the_name_of_a_package(made: BoardContents) -> None:
    """A folder in the root is found before /lib, and is taken for the package."""
    packages = {one.path.split("/")[2] for one in made.files if one.path.startswith("/lib/")}
    assert packages == {"fota", "aws"}
    assert {one.path.split("/")[1] for one in made.files}.isdisjoint(packages)


def test_main_py_is_the_example(made: BoardContents) -> None:
    assert content_of(made, "/main.py").decode() == read("examples/esp32/main.py")


def test_the_home_is_one_that_boots(made: BoardContents, tmp_path: Path) -> None:
    for one in made.files:
        if one.path.startswith("/fota-home/"):
            path = tmp_path / one.path.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(one.content)
    home = FilesBoard(str(tmp_path / "fota-home"))
    record = home.records.load()
    assert record is not None
    assert (record.boot_slot, record.confirmed_slot, record.trial_slot) == (0, 0, None)
    assert home.slots.seal_of(0) is not None
    assert json.loads(content_of(made, "/fota-home/wifi.json")) == {"name": "the shed", "password": "a password"}


def test_a_device_without_authorities_of_its_own_gets_amazon_s(made: BoardContents) -> None:
    assert content_of(made, "/fota-home/ca.pem") == amazon_authorities(ca_bundle())


# One of them has the serial number 0, which newer certificates may not have.
@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
def test_amazon_s_authorities_are_valid_for_years() -> None:
    soon = datetime.now(timezone.utc) + timedelta(days=3 * 365)
    found = x509.load_pem_x509_certificates(amazon_authorities(ca_bundle()))
    assert [one.subject.rfc4514_string() for one in found if one.not_valid_after_utc < soon] == []
    assert len(found) == 5


def test_a_thing_with_its_own_authorities_keeps_them(thing: Path, image: Path) -> None:
    own = PEM % (b"CERTIFICATE", b"CERTIFICATE")
    (thing / "cacert.pem").write_bytes(own)
    contents = make_contents(request(thing, image))
    assert content_of(contents, "/fota-home/ca.pem") == own
    assert content_of(contents, "/fota-home/thing/cacert.pem") == own


def test_a_folder_comes_back_as_it_was_written_and_only_its_owner_can_read_it(
    made: BoardContents, tmp_path: Path
) -> None:
    write_folder(tmp_path / "out", made)
    assert read_folder(tmp_path / "out") == made
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert modes == {0o600}
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o700


def test_a_second_make_takes_the_place_of_the_first_and_of_nothing_else(small: BoardContents, tmp_path: Path) -> None:
    write_folder(tmp_path / "out", small)
    other = replace(small, files=small.files[1:])
    write_folder(tmp_path / "out", other)
    assert read_folder(tmp_path / "out") == other
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter").write_text("dear")
    with pytest.raises(AlreadyThere, match="is there and holds other things; choose another folder"):
        write_folder(tmp_path / "mine", small)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "out"]


def test_a_folder_that_cannot_be_written_leaves_nothing(small: BoardContents, tmp_path: Path) -> None:
    odd = replace(small, files=(*small.files, BoardFile("/main.py/no", b"")))
    with pytest.raises(Exception, match="cannot write"):
        write_folder(tmp_path / "out", odd)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("change", ["content", "gone", "list", "format"])
def test_a_folder_that_was_changed_is_not_put(small: BoardContents, tmp_path: Path, change: str) -> None:
    out = tmp_path / "out"
    write_folder(out, small)
    one = out / "files/main.py"
    if change == "content":
        one.write_text("other")
    elif change == "gone":
        one.unlink()
    elif change == "list":
        (out / "board.json").write_text('{"format": 1, "files": 3}')
    else:
        (out / "board.json").write_text('{"format": 2}')
    with pytest.raises(BadInput, match="make the folder again with `fota board make`"):
        read_folder(out)


@pytest.mark.parametrize("path", ["/../etc/passwd", "main.py", "/lib/../../x"])
def test_a_list_that_leaves_the_folder_is_refused(small: BoardContents, tmp_path: Path, path: str) -> None:
    write_folder(tmp_path / "out", small)
    listed = tmp_path / "out/board.json"
    listed.write_text(listed.read_text().replace('"/main.py"', json.dumps(path)))
    with pytest.raises(BadInput, match="path: expected one from the root of the board"):
        read_folder(tmp_path / "out")


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ("thing.conf.json", "holds no thing; make it with `fota things add pump-1`"),
        ("private.pem.key", "is missing: the device that made its own key keeps it"),
        ("certificate.pem.crt", "is missing: the folder is not whole"),
    ],
)
def test_a_thing_that_is_not_whole_is_refused(thing: Path, image: Path, missing: str, words: str) -> None:
    (thing / missing).unlink()
    with pytest.raises(NotFound, match=words):
        make_contents(request(thing, image))


def test_a_key_that_is_no_pem_is_refused(thing: Path, image: Path) -> None:
    (thing / "private.pem.key").write_text("secret-of-mine")
    with pytest.raises(BadInput, match=r"private\.pem\.key: expected PEM, got 14 bytes of something else") as caught:
        make_contents(request(thing, image))
    assert "secret" not in str(caught.value)


def test_an_image_for_another_kind_of_device_is_refused(thing: Path, tmp_path: Path) -> None:
    (tmp_path / "gateway").mkdir()
    (tmp_path / "gateway" / "__main__.py").write_text("")
    build_image(tmp_path / "gateway", "1", tmp_path / "image.pyz")
    with pytest.raises(BadInput, match="expected an image of MicroPython, got one of the kind zipapp"):
        make_contents(request(thing, tmp_path / "image.pyz"))


def test_a_slot_that_does_not_hold_the_image_is_refused(thing: Path, image: Path) -> None:
    with pytest.raises(BadInput, match="4096 bytes do not hold the image"):
        make_contents(request(thing, image, slot_size_bytes=4096))


@pytest.mark.parametrize(
    ("name", "password", "words"),
    [("", "", "1 to 32 bytes, got 0"), ("x" * 33, "", "got 33"), ("x", "short", "8 to 63 characters, got 5")],
)
def test_a_wifi_that_cannot_be_is_refused(name: str, password: str, words: str) -> None:
    with pytest.raises(BadInput, match=words) as caught:
        Wifi(name, password)
    assert "short" not in str(caught.value)
    assert "password" not in repr(Wifi("shed", "the password"))


@pytest.mark.parametrize(
    ("name", "why"), [("esp8266", "heap is smaller"), ("nrf52", "no TCP"), ("toaster", "no such board")]
)
def test_a_board_that_cannot_work_is_refused_with_the_reason(name: str, why: str) -> None:
    with pytest.raises(BadInput, match=f"{name}: .*{why}.*; take one of esp32, ") as caught:
        kind_of(name)
    assert all(kind.name in str(caught.value) for kind in KINDS)


def test_the_command_says_what_it_made_and_the_password_is_in_no_line(
    thing: Path, image: Path, tmp_path: Path
) -> None:
    fota = FotaCommand({"FOTA_WIFI_PASSWORD": "a password"})
    words = ("board", "make", "pico-w", "--thing", "pump-1", "--folder", thing.parent, "--image", image)
    done = fota(*words, "--wifi", "shed", "-o", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert done.stdout == f"{tmp_path}/out\n"
    assert f"Next: fota board put {tmp_path}/out" in done.stderr
    assert "a password" not in done.output
    again = json.loads(fota(*words, "-o", tmp_path / "out", "--json").stdout)
    assert misfits("board make", again) == []
    assert (again["board"], again["thing"], again["files"][-1]["path"]) == ("pico-w", "pump-1", "/main.py")


def test_without_a_terminal_the_password_must_be_given(thing: Path, image: Path, tmp_path: Path) -> None:
    words = ("board", "make", "pico-w", "--thing", "pump-1", "--folder", thing.parent, "--image", image)
    done = FotaCommand({"FOTA_WIFI_PASSWORD": None})(*words, "--wifi", "shed", "-o", tmp_path / "out")  # type: ignore[dict-item]
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert "set FOTA_WIFI_PASSWORD; leave it empty for an open network" in done.stderr
    assert not (tmp_path / "out").exists()
