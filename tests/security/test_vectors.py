"""The vectors come out of their generator byte for byte, and the device gives each the verdict that its folder says.

A vector that is refused leaves every slot and every cell untouched, and the device takes a good job afterwards.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import vector_parts as parts

import vectors
from aws.iot import fota
from fota.errors import FotaError, Refused
from iot.lab import FACTORY, JOB
from security.bench import DAMAGED, VECTORS, Bench, of_vector

ACCEPTED = sorted(VECTORS.glob("accepted/*.json"))
REFUSED = sorted(VECTORS.glob("refused/*/*.json"))


def name_of(path: Path) -> str:
    return str(path.relative_to(VECTORS).with_suffix(""))


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def leaves(branch: type[FotaError]) -> list[type[FotaError]]:
    below = [leaf for child in branch.__subclasses__() for leaf in leaves(child)]
    return below or [branch]


def good_job(bench: Bench, device: dict[str, Any]) -> str:
    """A job that this device must take, whatever it refused before."""
    ring = bench.keyring
    signers = [name for name in parts.PUBLISHED_TEST_KEYS if ring is None or parts.key_id(name) in ring.keys]
    content = "!" if device["capacity_bytes"] < 20 else "a better image"
    return bench.install(content, "good", signers=tuple(signers), seq=2**40, secver=2**20)


def test_the_vectors_are_those_of_the_generator(tmp_path: Path) -> None:
    vectors.write(tmp_path)
    made = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*.json")}
    kept = {path.relative_to(VECTORS): path.read_bytes() for path in VECTORS.rglob("*") if path.is_file()}
    assert kept == made


def test_a_file_that_is_no_vector_any_more_is_removed_by_the_generator(tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text("{}")
    vectors.write(tmp_path)
    assert not (tmp_path / "old.json").exists()


def test_every_way_to_be_refused_has_a_vector() -> None:
    folders = {path.parent.name for path in REFUSED}
    assert {leaf.reason for leaf in leaves(Refused)} == folders


@pytest.mark.parametrize("path", REFUSED, ids=name_of)
def test_a_refused_job_is_rejected_with_its_reason_before_anything_is_erased_or_written(path: Path) -> None:
    vector = read(path)
    bench = of_vector(vector["device"])
    bench.publish_vector(vector["document"])
    bench.wake()
    assert (bench.statuses(), bench.reason()) == (["QUEUED", "REJECTED"], path.parent.name)
    assert bench.done() == [0, 0, 0]
    assert bench.running_image == FACTORY
    assert bench.server.asked == []


@pytest.mark.parametrize("path", REFUSED, ids=name_of)
def test_after_a_refused_job_the_device_takes_a_good_one(path: Path) -> None:
    vector = read(path)
    bench = of_vector(vector["device"])
    bench.publish_vector(vector["document"])
    bench.wake()
    if vector["device"]["keyring"] == DAMAGED:
        bench.reboot()
        assert bench.running_image == FACTORY
    else:
        assert good_job(bench, vector["device"]) == "SUCCEEDED"


# `update` has no clock to trust, and whoever calls it with an image that was rolled back insists.
BY_JOBS_ALONE = ("not-valid-now", "known-bad")


def by_update(path: Path) -> bool:
    """Whether `update` is asked too: it is for images."""
    document = read(path)["document"]
    is_ours = not isinstance(document, dict) or document.get("operation") == "fota"
    return is_ours and path.parent.name not in BY_JOBS_ALONE


@pytest.mark.parametrize("path", list(filter(by_update, REFUSED)), ids=name_of)
def test_what_is_refused_as_a_job_is_refused_by_update_too(path: Path) -> None:
    vector = read(path)
    bench = of_vector(vector["device"])
    with pytest.raises(Refused) as caught:
        fota.update(vector["document"], device=bench.device)
    assert caught.value.reason == path.parent.name
    assert bench.done() == [0, 0, 0]


@pytest.mark.parametrize("path", ACCEPTED, ids=name_of)
def test_an_accepted_job_succeeds(path: Path) -> None:
    vector = read(path)
    bench = of_vector(vector["device"])
    if vector["device"]["now_s"] is None:
        bench.service._now_s = lambda: None  # type: ignore[method-assign]
    image = vector.get("image", "")
    bench.publish_vector(vector["document"], image=image)
    bench.wake()
    bench.wake()
    assert (bench.status(), bench.details().get("reason")) == ("SUCCEEDED", None)
    assert bench.running_image.decode() == (image or vector["device"]["running"])


@pytest.mark.parametrize("field", ["bc_size", "operation"])
def test_a_document_that_came_as_text_and_has_a_field_twice_is_refused(field: str) -> None:
    bench = Bench(parts.keyring())
    document = parts.document()
    text = json.dumps(document)[:-1] + f", {json.dumps(field)}: {json.dumps(document[field])}}}"
    bench.publish_vector(text)
    bench.wake()
    assert (bench.status(), bench.reason()) == ("REJECTED", "bad-document")


def test_a_slot_that_is_touched_is_counted() -> None:
    bench = Bench(parts.keyring())
    bench.offer("new image")
    bench.wake()
    erases, written_bytes, writes = bench.done()
    assert (erases, written_bytes) == (1, len("new image"))
    assert writes > 0
    assert bench.status(JOB) == "IN_PROGRESS"
