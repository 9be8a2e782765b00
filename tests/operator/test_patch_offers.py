"""The patches that a job offers: which are made, within which bounds, and what the job document says of them."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fota_operator.errors import BadInput
from fota_operator.images.image import ESP32_KIND, LITTLEFS_KIND, Image, build_image, image_from
from fota_operator.jobs.publish import Firmware, Publication
from fota_operator.patches.make import apply_patch, make_patch
from fota_operator.patches.making import PatchBounds, make_offers, window_bits_of
from fota_operator.patches.offers import FROM_NOTHING, PatchOffers, PatchSource

URL = "https://s3.eu-west-1.amazonaws.com/bucket/fota/{}/image"


@pytest.fixture
def versions(tmp_path: Path) -> Callable[[int], Image]:
    """Versions of one application, by their numbers."""

    def build(number: int) -> Image:
        source = tmp_path / f"v{number}"
        source.mkdir()
        (source / "__main__.py").write_text(f"print({number})\n")
        (source / "library.py").write_text("".join(f"WORD_{at} = {at * at}\n" for at in range(2000)))
        return build_image(source, f"1.{number}.0", tmp_path / f"{number}.pyz")

    return build


def source(image: Image) -> PatchSource:
    return PatchSource(image.sha256, image.version, lambda: image.content)


def made(new: Image, *olds: Image, **more: object) -> PatchOffers:
    return make_offers(new, [source(one) for one in olds], **more)  # type: ignore[arg-type]


def publication(image: Image) -> Publication:
    return Publication(Firmware(image), "bucket", "arn:aws:iam::1:role/r", URL.format(image.sha256), is_aws=True)


def test_each_patch_makes_the_image_and_the_compressed_image_is_beside_them(
    versions: Callable[[int], Image],
) -> None:
    olds, new = [versions(1), versions(2)], versions(3)
    offered = made(new, *olds)
    assert [one.title for one in offered.offers] == ["compressed", "1.1.0", "1.2.0"]
    for patch, old in zip(offered.offers, [b"", olds[0].content, olds[1].content], strict=True):
        assert apply_patch(patch.content, old) == new.content
        assert patch.sha256 == hashlib.sha256(patch.content).hexdigest()
    assert max(one.size_bytes for one in offered.offers[1:]) < offered.offers[0].size_bytes < new.size_bytes


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (lambda _: None, "its image is not at hand"),
        (lambda image: image.content, "it is the image that is offered"),
    ],
)
def test_what_cannot_be_offered_is_left_out_with_the_reason(
    versions: Callable[[int], Image], content: Callable[[Image], bytes | None], why: str
) -> None:
    new = versions(1)
    digest = new.sha256 if "offered" in why else "a" * 64
    offered = make_offers(new, [PatchSource(digest, "0.9", lambda: content(new), 4)])
    assert [(one.title, one.why, one.things) for one in offered.left_out] == [("0.9", why, 4)]


def test_no_more_than_the_bound_are_offered_and_the_others_are_named(versions: Callable[[int], Image]) -> None:
    olds, new = [versions(number) for number in range(1, 4)], versions(9)
    offered = made(new, *olds, bounds=PatchBounds(count=2))
    assert [one.title for one in offered.offers] == ["compressed", "1.1.0"]
    assert [one.title for one in offered.left_out] == ["1.2.0", "1.3.0"]
    assert "2 at most" in offered.left_out[0].why


def test_patches_end_when_the_time_for_them_is_over(versions: Callable[[int], Image]) -> None:
    now = [0.0]

    def clock_s() -> float:
        now[0] += 4.0
        return now[0]

    new, olds = versions(3), [versions(1), versions(2)]
    asked_for: list[Image] = []

    def fetched(image: Image) -> PatchSource:
        def content() -> bytes:
            asked_for.append(image)
            return image.content

        return PatchSource(image.sha256, image.version, content)

    offered = make_offers(new, [fetched(one) for one in olds], bounds=PatchBounds(seconds=10.0, clock_s=clock_s))
    assert len(asked_for) < 2, "an image is not fetched if no time is left to make its patch"
    assert [one.title for one in offered.offers] == ["compressed"]
    assert [one.why for one in offered.left_out] == ["the 10 s for all patches were over"] * 2


def test_a_patch_that_somebody_made_before_is_used_only_if_it_makes_the_image(
    versions: Callable[[int], Image],
) -> None:
    old, new = versions(1), versions(2)
    right = make_patch(old.content, new.content, window_bits=9).content
    for known, used in ((right, True), (right[:-1], False), (b"nonsense", False)):
        offered = made(new, old, known=lambda _, known=known: known)
        assert (offered.offers[1].content == right) is used
        assert apply_patch(offered.offers[1].content, old.content) == new.content


def test_a_patch_that_is_no_smaller_than_the_compressed_image_is_not_offered(
    versions: Callable[[int], Image],
) -> None:
    new = versions(1)
    other = image_from(hashlib.sha512(b"x").digest() * 100)
    offered = made(new, other)
    assert [one.title for one in offered.offers] == ["compressed"]
    assert "no smaller" in offered.left_out[0].why


def test_boards_with_ota_partitions_are_offered_none(versions: Callable[[int], Image]) -> None:
    offered = made(replace(versions(2), kind=ESP32_KIND), versions(1))
    assert (offered.offers, len(offered.left_out)) == ((), 1)


def test_a_microcontroller_gets_a_small_window() -> None:
    assert (window_bits_of(LITTLEFS_KIND), window_bits_of("zipapp"), window_bits_of("bundle")) == (12, 15, 15)


def test_the_document_names_every_patch_by_the_contract(versions: Callable[[int], Image]) -> None:
    old, new = versions(1), versions(2)
    offered = publication(new).with_patches(made(new, old, whole="never"))
    document = json.loads(offered.document())
    assert document["x-whole"] == "never"
    compressed, patch = document["x-patches"]
    assert compressed["from"] == FROM_NOTHING
    assert offered.patches is not None
    place = URL.format(new.sha256).removesuffix("image") + f"patch-from-{old.sha256}"
    assert patch == {
        "from": old.sha256,
        "url": "${aws:iot:s3-presigned-url-v2:" + place + "}",
        "size": offered.patches.offers[1].size_bytes,
        "sha256": offered.patches.offers[1].sha256,
    }
    assert offered.document().count("${aws:iot:") == 3


def test_a_document_without_patches_is_what_it_was(versions: Callable[[int], Image]) -> None:
    new = versions(1)
    plain = publication(new)
    assert plain.with_patches(PatchOffers()).document() == plain.document()
    assert "x-whole" not in plain.with_patches(made(new)).document()


def test_patches_for_which_the_document_has_no_room_are_left_out_with_that_reason(
    versions: Callable[[int], Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = versions(1), versions(2)
    offers = made(new, old)
    one = publication(new).with_patches(replace(offers, offers=offers.offers[:1]))
    monkeypatch.setattr("fota_operator.jobs.document.MAX_DOCUMENT_BYTES", len(one.document()))
    fitting = publication(new).with_patches(offers)
    assert fitting.patches is not None
    assert [one.title for one in fitting.patches.offers] == ["compressed"]
    assert [(one.title, one.why) for one in fitting.patches.left_out] == [
        ("1.1.0", "the job document has no room for it")
    ]


@pytest.mark.parametrize("whole", ["never", 10])
def test_a_job_that_no_device_could_take_is_refused(versions: Callable[[int], Image], whole: str | int) -> None:
    new = versions(1)
    with pytest.raises(BadInput, match="may not fetch the whole image"):
        publication(new).with_patches(PatchOffers((), whole=whole))
