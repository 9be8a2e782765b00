"""How small patches are, beside other tools' on the same images, and what it costs to make and to apply them.

The images are made of packages of fixed versions, which are fetched once: a release that updates its dependencies,
one that changes the application alone, and one for MicroPython.
"""

import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import bsdiff4

from bench import peers
from bench.figures import Outcome, Row
from bench.place import ROOT, made
from bench.processes import ProcessFailed, run, run_program
from bench.stage import MIB, Stage
from fota_operator.images.bundle import BundlePlan, build_bundle
from fota_operator.images.image import Image, build_image
from fota_operator.images.micropython import build_micropython_image
from fota_operator.patches.make import CPYTHON_WINDOW_BITS, MICROPYTHON_WINDOW_BITS, make_patch

NAME = "patch"
AIM = "of the image at most 4 % (dependencies), 0.5 % (application), 5 % (MicroPython); 1.1 of bsdiff4's file"
_WITHIN_S = 200.0
_MIB = 1.0 / MIB
_HEAPS_KIB = (16, 20, 24, 28, 32, 40, 48, 64, 96, 128, 256)

_FLASK_OLD = (
    "flask==3.0.3", "werkzeug==3.0.6", "jinja2==3.1.4", "markupsafe==2.1.5", "click==8.1.7", "itsdangerous==2.1.2",
    "blinker==1.8.2",
)  # fmt: skip
_FLASK_NEW = (
    "flask==3.1.0", "werkzeug==3.1.3", "jinja2==3.1.5", "markupsafe==3.0.2", "click==8.1.8", "itsdangerous==2.2.0",
    "blinker==1.9.0",
)  # fmt: skip
_HTTPX_OLD = ("httpx==0.27.2", "httpcore==1.0.5", "h11==0.14.0", "anyio==4.6.0", "idna==3.8", "certifi==2024.8.30",
              "sniffio==1.3.1")  # fmt: skip
_HTTPX_NEW = ("httpx==0.28.1", "httpcore==1.0.7", "h11==0.14.0", "anyio==4.7.0", "idna==3.10", "certifi==2024.8.30",
              "sniffio==1.3.1")  # fmt: skip
_BOARD_OLD, _BOARD_NEW = ("microdot==2.0.6",), ("microdot==2.3.0",)


@dataclass(frozen=True)
class _Pair:
    """An older image and a newer one, in files."""

    title: str
    old: Path
    new: Path
    window_bits: int = CPYTHON_WINDOW_BITS

    @property
    def new_bytes(self) -> int:
        """The size of the new image."""
        return self.new.stat().st_size


def measure(stage: Stage) -> Outcome:
    """Each pair of images, with every tool; the first pair is timed, and the one for MicroPython there."""
    folder = stage.new_folder("patch")
    pairs = [_synthetic(folder)] if stage.tiny else list(_pairs(folder))
    missing = [name for name in ("xdelta3", "zstd") if shutil.which(name) is None]
    beside = "bsdiff4's own file" + "".join(f"; {name} is not installed here" for name in missing)
    rows = [row for pair in pairs for row in _sizes(folder, pair)]
    rows += _costs(stage, folder, pairs[0])
    rows += _on_micropython(folder, pairs[-1])
    return Outcome(NAME, beside, AIM, tuple(rows))


def _sizes(folder: Path, pair: _Pair) -> Iterator[Row]:
    old, new = pair.old.read_bytes(), pair.new.read_bytes()
    percent = 100.0 / len(new)
    ours = make_patch(old, new, window_bits=pair.window_bits).content
    _patch_of(folder, pair).write_bytes(ours)
    whole = f"{pair.title}, {len(new) * _MIB:.2f} MiB"
    mine = (len(ours) * percent,)
    theirs = folder / "bsdiff4.patch"
    bsdiff4.file_diff(str(pair.old), str(pair.new), str(theirs))
    yield Row(whole, "% of the image", mine, (theirs.stat().st_size * percent,))
    for name, size_bytes in _others(folder, pair):
        yield Row(f"{pair.title}; {name}", "% of the image", mine, (size_bytes * percent,))
    compressed = make_patch(b"", new, window_bits=pair.window_bits).size_bytes
    yield Row(f"{pair.title}; the compressed image", "% of the image", (compressed * percent,))


def _others(folder: Path, pair: _Pair) -> Iterator[tuple[str, int]]:
    out = folder / "other.patch"
    if shutil.which("xdelta3"):
        run(["xdelta3", "-9", "-e", "-f", "-s", str(pair.old), str(pair.new), str(out)], within_s=_WITHIN_S)
        yield "xdelta3 -9", out.stat().st_size
    if shutil.which("zstd"):
        command = ["zstd", "-q", "-f", "-19", "--long=27", f"--patch-from={pair.old}", str(pair.new), "-o", str(out)]
        run(command, within_s=_WITHIN_S)
        yield "zstd -19 --patch-from", out.stat().st_size


def _costs(stage: Stage, folder: Path, pair: _Pair) -> Iterator[Row]:
    """Time and memory to make the patch and to apply it, in processes of their own, ours and bsdiff4 in turn."""
    rounds = stage.pick(3, 1)
    for act in ("make", "apply"):
        found: dict[str, list[dict[str, float]]] = {"ours": [], "bsdiff4": []}
        for _ in range(rounds):
            for tool, results in found.items():
                new = pair.new if act == "make" else folder / f"{tool}.new"
                settings = {
                    "tool": tool, "act": act, "old": str(pair.old), "new": str(new),
                    "patch": str(folder / f"{tool}.patch"), "window_bits": pair.window_bits,
                }  # fmt: skip
                results.append(run_program("patch_tool", settings, python=sys.executable, within_s=_WITHIN_S))
        for unit, key, scale in (("s", "seconds", 1.0), ("MiB", "bytes", _MIB)):
            ours, theirs = (tuple(one[key] * scale for one in found[tool]) for tool in ("ours", "bsdiff4"))
            what = "" if unit == "s" else ", memory"
            yield Row(f"{act} it on CPython{what}", unit, ours, theirs)


def _on_micropython(folder: Path, pair: _Pair) -> Iterator[Row]:
    """The time there, and the smallest heap in which it ends; every word has 64 bits."""
    out = folder / "board.new"
    words = [str(pair.old), str(_patch_of(folder, pair)), str(out)]
    least_kib = 0
    milliseconds: list[float] = []
    for kib in reversed(_HEAPS_KIB):
        program = str(ROOT / "bench/programs/patch_on_board.py")
        command = [peers.micropython(), "-X", f"heapsize={kib}k", program, *words]
        try:
            ended = run(command, within_s=_WITHIN_S, environment={"MICROPYPATH": str(ROOT / "src")})
        except ProcessFailed:
            break
        if out.read_bytes() != pair.new.read_bytes():
            raise ProcessFailed("MicroPython made another image")
        least_kib = kib
        milliseconds.append(float(ended.output.split()[-1]))
    if not milliseconds:
        raise ProcessFailed(f"MicroPython did not apply it with a heap of {_HEAPS_KIB[-1]} KiB")
    yield Row(f"apply it on MicroPython ({pair.title})", "s", tuple(one / 1000 for one in milliseconds[:3]))
    yield Row("apply it on MicroPython, the smallest heap with its source compiled there", "KiB", (float(least_kib),))


def _patch_of(folder: Path, pair: _Pair) -> Path:
    return folder / f"{pair.old.stem}.ours"


def _pairs(folder: Path) -> Iterator[_Pair]:
    flask = [_bundle(folder, name, pins, 1) for name, pins in (("flask-1", _FLASK_OLD), ("flask-2", _FLASK_NEW))]
    yield _Pair("dependencies of flask", flask[0], flask[1])
    httpx = [_bundle(folder, name, pins, 1) for name, pins in (("httpx-1", _HTTPX_OLD), ("httpx-2", _HTTPX_NEW))]
    yield _Pair("dependencies of httpx", httpx[0], httpx[1])
    changed = _bundle(folder, "flask-app", _FLASK_OLD, 2)
    yield _Pair("application beside flask", flask[0], changed)
    boards = [_board(folder, name, pins) for name, pins in (("board-1", _BOARD_OLD), ("board-2", _BOARD_NEW))]
    yield _Pair("MicroPython with microdot", boards[0], boards[1], window_bits=MICROPYTHON_WINDOW_BITS)


def _bundle(folder: Path, name: str, pins: tuple[str, ...], application: int) -> Path:
    source = folder / name
    shutil.copytree(_fetched(pins), source, ignore=shutil.ignore_patterns("bin", "__pycache__"))
    (source / "__main__.py").write_text(_application(application))
    path = folder / f"{name}.bundle"
    return _built(build_bundle(source, f"{application}", path, BundlePlan(without_library=True)), path)


def _board(folder: Path, name: str, pins: tuple[str, ...]) -> Path:
    source = folder / name
    shutil.copytree(_fetched(pins), source, ignore=shutil.ignore_patterns("bin", "__pycache__", "*.dist-info"))
    (source / "main.py").write_text("import microdot\n")
    for package in ("fota", "aws"):
        ignored = shutil.ignore_patterns("__pycache__", "*_cpython.py", "py.typed")
        shutil.copytree(ROOT / "src" / package, source / package, ignore=ignored)
    path = folder / f"{name}.img"
    return _built(build_micropython_image(source, "1", path, compile_sources=True), path)


def _application(number: int) -> str:
    """A program of 200 functions; in another version, five of them differ."""
    lines = [
        f"def step_{at}(value):\n    return value * {at + (number if at % 40 == 0 else 0)}\n" for at in range(200)
    ]
    return "\n\n".join(lines)


def _synthetic(folder: Path) -> _Pair:
    """Without a registry: an application that changes."""
    paths = []
    for number in (1, 2):
        source = folder / f"tiny-{number}"
        source.mkdir()
        (source / "__main__.py").write_text(_application(number))
        (source / "noise.bin").write_bytes(random.Random(1).randbytes(20_000))
        paths.append(folder / f"tiny-{number}.pyz")
        build_image(source, str(number), paths[-1])
    return _Pair("application", paths[0], paths[1], window_bits=MICROPYTHON_WINDOW_BITS)


def _built(_image: Image, path: Path) -> Path:
    return path


def _fetched(pins: tuple[str, ...]) -> Path:
    """The folder of these packages, fetched once. *Raises* PeerMissing."""
    folder = made() / f"packages-{pins[0]}"
    ready = folder.with_suffix(".ready")
    if not ready.exists() or ready.read_text() != "\n".join(pins):
        shutil.rmtree(folder, ignore_errors=True)
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
        try:
            command = [*install, "--no-deps", "--target", str(folder), *pins]
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=_WITHIN_S)
        except (OSError, subprocess.SubprocessError) as error:
            raise peers.PeerMissing(f"{', '.join(pins)} could not be fetched from PyPI: {error}") from error
        ready.write_text("\n".join(pins))
    return folder
