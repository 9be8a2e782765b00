"""What `fota image build` refuses to pack unless it is named: what cannot work in an image, and secrets."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from typer.testing import CliRunner

from fota_operator.cli.app import app
from fota_operator.errors import BadInput
from fota_operator.images.image import Image, build_image
from fota_operator.images.micropython import build_micropython_image

AWS_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


def private_key(encoding: str, encrypted: bool = False) -> bytes:
    form = getattr(serialization.PrivateFormat, encoding)
    lock = serialization.BestAvailableEncryption(b"secret") if encrypted else serialization.NoEncryption()
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(serialization.Encoding.PEM, form, lock)


REFUSED: dict[str, tuple[bytes, str]] = {
    "lib/fast.cpython-311-x86_64-linux-gnu.so": (b"\x7fELF", "machine code"),
    "libz.so.1.2": (b"\x7fELF", "machine code"),
    "fast.pyd": (b"MZ", "machine code"),
    "fast.DLL": (b"MZ", "machine code"),
    ".env": (b"A=1\n", "secrets"),
    "settings/.env.production": (b"A=1\n", "secrets"),
    ".netrc": (b"", "secrets"),
    "device.p12": (b"\x30", "secrets"),
    "pump-1.key": (private_key("PKCS8"), "private key"),
    "old.txt": (private_key("TraditionalOpenSSL"), "private key"),
    "ssh": (private_key("OpenSSH"), "private key"),
    "locked.pem": (private_key("PKCS8", encrypted=True), "private key"),
    "locked-old.pem": (private_key("TraditionalOpenSSL", encrypted=True), "private key"),
    "windows.pem": (private_key("PKCS8").replace(b"\n", b"\r\n"), "private key"),
    "in_source.py": (b"KEY = " + repr(private_key("PKCS8").decode()).encode(), "private key"),
    "aws.ini": (f"[default]\naws_secret_access_key = {AWS_SECRET}\n".encode(), "secret access key"),
    "aws.json": (json.dumps({"AWS_SECRET_ACCESS_KEY": AWS_SECRET}).encode(), "secret access key"),
    "broken.py": (b"x = 1\ndef f(:\n", "does not compile: line 2"),
    "odd.py": (b"x = '\xff'\n", "does not compile"),
    "zeros.py": (b"x = 1\0\n", "does not compile"),
    "deep.py": (b"x = " + b"(" * 3000 + b")" * 3000, "does not compile"),
}


def put(folder: Path, name: str, content: bytes) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_is_refused_by_name_and_taken_when_it_is_named(program: Path, tmp_path: Path, name: str) -> None:
    content, why = REFUSED[name]
    put(program, name, content)
    with pytest.raises(BadInput, match=why) as refused:
        build_image(program, "1", tmp_path / "image.pyz")
    assert str(program / name) in refused.value.message
    assert not (tmp_path / "image.pyz").exists()

    build_image(program, "1", tmp_path / "image.pyz", allow=[name])
    assert zipfile.ZipFile(tmp_path / "image.pyz").read(name) == content


@pytest.mark.parametrize("name", sorted(set(REFUSED) - {name for name, (_, why) in REFUSED.items() if "code" in why}))
def test_an_image_for_micropython_refuses_the_same(program: Path, tmp_path: Path, name: str) -> None:
    content, why = REFUSED[name]
    put(program, "main.py", b"")
    put(program, name, content)
    with pytest.raises(BadInput, match=why):
        build_micropython_image(program, "1", tmp_path / "image")
    build_micropython_image(program, "1", tmp_path / "image", allow=[name])


INNOCENT = {
    "certificate.pem": b"-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUM3bq\n-----END CERTIFICATE-----\n",
    "public.pem": b"-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE0123456789\n",
    "reads_keys.py": b'START = "-----BEGIN PRIVATE KEY-----"\nEND = "-----END PRIVATE KEY-----"\n',
    "reads_aws.py": b'SECRET = "aws_secret_access_key"\nvalue = config[SECRET]\n',
    ".env.example": b"A=\n",
    "env.py": b"A = 1\n",
    "so.py": b"",
    "notes.so.txt": b"",
    "warns.py": b"assert (1, 'always true')\nx = '\\d'\n",
    "latin.py": b"# -*- coding: latin-1 -*-\nx = '\xff'\n",
    "data.bin": bytes(range(256)),
}


@pytest.mark.parametrize("name", INNOCENT)
def test_what_only_looks_like_it_is_taken(program: Path, tmp_path: Path, name: str) -> None:
    put(program, name, INNOCENT[name])
    assert name in build_image(program, "1", tmp_path / "image.pyz").files


def git(folder: Path) -> str:
    put(folder, "vendor/.git/config", b"[core]\n")
    return "vendor/.git"


def environment(folder: Path) -> str:
    put(folder, "venv/pyvenv.cfg", b"home = /usr/bin\n")
    return "venv"


@pytest.mark.parametrize("make", [git, environment])
@pytest.mark.parametrize("build", [build_image, build_micropython_image])
def test_a_folder_is_refused_by_name_and_taken_whole_when_it_is_named(
    program: Path, tmp_path: Path, build: Callable[..., Image], make: Callable[[Path], str]
) -> None:
    put(program, "main.py", b"")
    name = make(program)
    with pytest.raises(BadInput, match=name):
        build(program, "1", tmp_path / "image")
    files = build(program, "1", tmp_path / "image", allow=[name + "/"]).files
    assert any(file.startswith(name) for file in files)


def test_a_link_that_leaves_the_folder_is_refused_and_one_inside_is_its_file(program: Path, tmp_path: Path) -> None:
    put(program, "real.py", b"A = 1\n")
    (program / "inside.py").symlink_to("real.py")
    put(tmp_path, "outside.py", b"B = 1\n")
    assert "inside.py" in build_image(program, "1", tmp_path / "image.pyz").files
    (program / "link.py").symlink_to(tmp_path / "outside.py")
    with pytest.raises(BadInput, match=r"link\.py is a link that leaves the folder"):
        build_image(program, "1", tmp_path / "image.pyz")
    build_image(program, "1", tmp_path / "image.pyz", allow=["link.py"])
    assert zipfile.ZipFile(tmp_path / "image.pyz").read("link.py") == b"B = 1\n"


def test_a_name_allows_no_other_file(program: Path, tmp_path: Path) -> None:
    put(program, "a/.env", b"")
    put(program, "b/.env", b"")
    with pytest.raises(BadInput, match=r"b/\.env"):
        build_image(program, "1", tmp_path / "image.pyz", allow=["a"])


@pytest.mark.parametrize("name", ["nothing.so", "../program/__main__.py", "/etc/passwd"])
def test_a_name_that_is_not_in_the_folder_is_refused(program: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match="`allow` names"):
        build_image(program, "1", tmp_path / "image.pyz", allow=[name])


def test_the_command_lists_what_it_packed_and_names_its_option(program: Path, tmp_path: Path) -> None:
    put(program, "lib/fast.so", b"\x7fELF")
    words = ["image", "build", str(program), "-o", str(tmp_path / "image.pyz"), "--version", "1"]
    refused = CliRunner().invoke(app, words)
    assert refused.exit_code == 2
    assert "to pack it as it is, give lib/fast.so as --allow" in refused.stderr
    built = CliRunner().invoke(app, [*words, "--allow", "lib/fast.so"])
    assert built.exit_code == 0
    assert "           4  lib/fast.so\n" in built.stderr
    assert built.stdout == f"{tmp_path / 'image.pyz'}\n"


def test_of_many_files_the_largest_are_listed_and_json_has_all(program: Path, tmp_path: Path) -> None:
    for number in range(50):
        put(program, f"{number:02}.bin", b"x" * (1000 + number))
    words = ["image", "build", str(program), "-o", str(tmp_path / "image.pyz"), "--version", "1"]
    told = CliRunner().invoke(app, words).stderr.splitlines()
    assert told[0].endswith("  10.bin")
    assert told[40] == "and 12 smaller files, which --json lists"
    answer = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)
    assert len(answer["files"]) == 52
    assert answer["files"][0] == {"path": "00.bin", "size_bytes": 1000}
