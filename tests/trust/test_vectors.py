"""The vectors come out of their generator byte for byte, and the device gives each the verdict that its file says.

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
from fota.errors import Declined, FotaError, Refused
from tests.labs import vector_files
from tests.labs.device_lab import FACTORY, JOB
from tests.labs.trust_lab import DAMAGED, TrustLab, of_vector
from tests.labs.vector_files import VECTORS, Vector, name_of

REFUSED = vector_files.refused()
# `update` has no clock to trust, and a caller that names an image which was rolled back insists on it.
BY_JOBS_ALONE = ("not-valid-now", "known-bad")

# A device that refuses one job after another, for one reason.
LIVES: dict[tuple[str, str], list[Vector]] = {}
for refused in REFUSED:
    LIVES.setdefault((refused.verdict, refused.device_name), []).append(refused)


def leaves(branch: type[FotaError]) -> list[type[FotaError]]:
    below = [leaf for child in branch.__subclasses__() for leaf in leaves(child)]
    return below or [branch]


def good_job(bench: TrustLab, device: dict[str, Any]) -> str:
    """A job that this device must take after everything that it refused; how it ended."""
    ring = bench.keyring
    signers = [name for name in parts.PUBLISHED_TEST_KEYS if ring is None or parts.key_id(name) in ring.keys]
    content = "!" if device["capacity_bytes"] < 20 else "a better image"
    seq = 2**40 if ring is None or not ring.void else ring.void["seq_void"] - 1
    secver = 2**20 if ring is None or not ring.void else ring.void["secver_void"] - 1
    return bench.install(content, "good", signers=tuple(signers), seq=seq, secver=secver)


def is_for_images(vector: Vector) -> bool:
    """Whether `update` is asked too: it takes images, not keyrings."""
    return not isinstance(vector.document, dict) or vector.document.get("operation") == "fota"


def refused_by_update(vector: Vector) -> tuple[str, list[int]]:
    """The reason that `update` names, and what it erased and wrote before."""
    bench = of_vector(vector.device)
    with pytest.raises(Refused) as caught:
        fota.update(vector.document, device=bench.device)
    return caught.value.reason, bench.done()


def test_the_vectors_are_those_of_the_generator_which_removes_every_other(tmp_path: Path) -> None:
    (tmp_path / "old.jsonl").write_text("{}")
    vectors.write(tmp_path)
    made = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*.jsonl")}
    kept = {path.relative_to(VECTORS): path.read_bytes() for path in VECTORS.rglob("*") if path.is_file()}
    del kept[Path("README.md")]
    assert kept == made


def test_every_way_to_be_refused_has_a_vector() -> None:
    reasons = {leaf.reason for leaf in leaves(Refused)}
    # The program says it, and no document can have it said.
    assert reasons - {Declined.reason} == {vector.verdict for vector in REFUSED}


@pytest.mark.parametrize("vector", REFUSED, ids=name_of)
def test_a_refused_job_is_rejected_with_its_reason_before_anything_is_erased_or_written(vector: Vector) -> None:
    bench = of_vector(vector.device)
    bench.publish_vector(vector.document)
    bench.wake()
    assert (bench.statuses(), bench.reason()) == (["QUEUED", "REJECTED"], vector.verdict)
    assert bench.done() == [0, 0, 0]
    assert bench.running_image == FACTORY
    assert bench.server.asked == []


@pytest.mark.parametrize("reason", [reason for reason in vector_files.reasons() if reason not in BY_JOBS_ALONE])
def test_what_is_refused_as_a_job_is_refused_by_update_too(reason: str) -> None:
    those = [vector for vector in REFUSED if vector.verdict == reason and is_for_images(vector)]
    found = {vector.name: refused_by_update(vector) for vector in those}
    assert found == {vector.name: (reason, [0, 0, 0]) for vector in those}


@pytest.mark.parametrize(("reason", "device_name"), LIVES)
def test_after_every_refused_job_of_a_reason_the_device_takes_a_good_one(reason: str, device_name: str) -> None:
    those = LIVES[reason, device_name]
    bench = of_vector(those[0].device)
    for vector in those:
        bench.publish_vector(vector.document, vector.name)
        bench.wake()
    assert {(bench.status(vector.name), bench.reason(vector.name)) for vector in those} == {("REJECTED", reason)}
    if those[0].device["keyring"] == DAMAGED:
        bench.reboot()
        assert bench.running_image == FACTORY
    else:
        assert good_job(bench, those[0].device) == "SUCCEEDED"


@pytest.mark.parametrize("vector", vector_files.read("accepted"), ids=name_of)
def test_an_accepted_job_succeeds(vector: Vector) -> None:
    bench = of_vector(vector.device)
    if vector.device["now_s"] is None:
        vars(bench.service)["_now_s"] = lambda: None
    bench.publish_vector(vector.document, image=vector.image)
    bench.wake()
    bench.wake()
    assert (bench.status(), bench.details().get("reason")) == ("SUCCEEDED", None)
    assert bench.running_image.decode() == (vector.image or vector.device["running"])


@pytest.mark.parametrize("field", ["bc_size", "operation"])
def test_a_document_that_came_as_text_and_has_a_field_twice_is_refused(field: str) -> None:
    bench = TrustLab(parts.keyring())
    document = parts.document()
    text = json.dumps(document)[:-1] + f", {json.dumps(field)}: {json.dumps(document[field])}}}"
    bench.publish_vector(text)
    bench.wake()
    assert (bench.status(), bench.reason()) == ("REJECTED", "bad-document")


def test_a_slot_that_is_touched_is_counted() -> None:
    bench = TrustLab(parts.keyring())
    bench.offer("new image")
    bench.wake()
    erases, written_bytes, writes = bench.done()
    assert (erases, written_bytes) == (1, len("new image"))
    assert writes > 0
    assert bench.status(JOB) == "IN_PROGRESS"
