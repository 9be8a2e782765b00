"""Patches as an operator makes them: small for what changed little, whole for what takes too long, never wrong."""

from __future__ import annotations

import io
import os
import random
import signal
import time
import zipfile

import pytest

from fota_operator.patches import differences
from fota_operator.patches.make import apply_patch, make_patch
from fota_operator.patches.pairs import MAX_COMPARED_BYTES, pairs


def archive(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as made:
        for name, content in files.items():
            made.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)
    return buffer.getvalue()


def noise(seed: int, size: int) -> bytes:
    return random.Random(seed).randbytes(size)


FILES = {f"app/module_{number}.py": noise(number, 20_000) for number in range(20)}


def test_one_changed_line_costs_a_few_hundred_bytes() -> None:
    changed = FILES | {"app/module_7.py": noise(7, 9000) + b"a line more\n" + noise(7, 20_000)[9000:]}
    patch = make_patch(archive(FILES), archive(changed))
    assert len(patch.content) < 1000
    assert apply_patch(patch.content, archive(FILES)) == archive(changed)


def test_files_that_were_renamed_with_their_version_are_compared() -> None:
    old = archive({"web-1.2.0.dist-info/METADATA": noise(1, 30_000), "web/a.py": noise(2, 30_000)})
    new = archive({"web-1.10.1.dist-info/METADATA": noise(1, 29_000), "lib/moved.py": noise(2, 30_000)})
    assert len(make_patch(old, new).content) < 1000


def test_every_byte_of_the_new_image_is_in_one_pair() -> None:
    old, new = archive(FILES), archive(FILES | {"app/new.py": noise(99, 5000)})
    for before, after in ((old, new), (b"", new), (old, b"no archive"), (noise(1, 100), noise(2, 50))):
        place = 0
        for pair in pairs(before, after):
            assert pair.new.start == place
            assert 0 <= pair.old.start <= pair.old.end <= len(before)
            place = pair.new.end
        assert place == len(after)


def test_large_files_are_compared_in_windows() -> None:
    old = noise(1, 2 * MAX_COMPARED_BYTES + 100)
    new = old[: MAX_COMPARED_BYTES + 5] + b"in between" + old[MAX_COMPARED_BYTES + 5 :]
    found = pairs(old, new)
    assert max(pair.new.size_bytes for pair in found) <= MAX_COMPARED_BYTES
    assert max(pair.old.size_bytes for pair in found) <= 2 * MAX_COMPARED_BYTES
    assert found[-1].new.end == len(new)


def test_what_takes_too_long_travels_whole_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = differences._bsdiff

    def slow(before: bytes, after: bytes) -> bytes:
        if len(before) > 1000:
            time.sleep(60)
        return real(before, after)

    monkeypatch.setattr(differences, "_bsdiff", slow)
    old, new = archive({"a": noise(1, 80_000)}), archive({"a": noise(1, 70_000) + b"x" * 10})
    began = time.monotonic()
    patch = make_patch(old, new, pair_timeout_s=0.3)
    assert time.monotonic() - began < 30
    assert patch.slow == ("a",)
    assert apply_patch(patch.content, old) == new


def test_a_comparison_that_is_killed_travels_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(differences, "_bsdiff", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    patch = make_patch(noise(1, 80_000), noise(1, 80_000)[1:])
    assert patch.slow == ("bytes 0 to 79999",)
    assert apply_patch(patch.content, noise(1, 80_000)) == noise(1, 80_000)[1:]


def test_progress_is_told_up_to_the_end() -> None:
    told: list[tuple[int, int]] = []
    old, new = archive(FILES), archive(FILES | {"more": b"x" * 5000})
    make_patch(old, new, on_done=lambda done, whole: told.append((done, whole)))
    assert told[-1] == (len(new), len(new))
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_nothing_is_a_compressed_image() -> None:
    text = b"the same words again and again. " * 3000
    patch = make_patch(b"", text, window_bits=12)
    assert len(patch.content) < len(text) / 20
    assert apply_patch(patch.content, b"anything") == text
