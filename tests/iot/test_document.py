"""The FOTA job document: what is taken, and what is refused with which field's name."""

from typing import Any

import pytest

from aws.iot import document as documents
from fota.errors import BadDocument
from tests.labs.device_lab import DeviceLab

MD5 = "0123456789abcdef0123456789abcdef"
SHA256 = MD5 + MD5
SECRET = "X-Amz-Signature=5ec7e7"
GOOD: dict[str, object] = {
    "operation": "fota",
    "bc_idx": 1,
    "bc_crc": MD5,
    "bc_size": 1000,
    "bc_url": f"https://bucket.s3.example/image?{SECRET}",
}


def but(**fields: object) -> dict[str, object]:
    return GOOD | fields


def without(name: str) -> dict[str, object]:
    return {key: value for key, value in GOOD.items() if key != name}


JSON_AS_TEXT = "an object, but as text"
NOT_OBJECTS: tuple[object, ...] = (None, [], [GOOD], "text", 7, 1.5, True)

# Values of the wrong type, for each field.
BAD_SIZES: tuple[object, ...] = (True, False, 1000.0, "1000", None, [1000], {})
BAD_SLOTS: tuple[object, ...] = (True, False, 1.0, "1", "", "Any", None, [1], {})
BAD_URLS: tuple[object, ...] = (None, 7, True, ["https://h/"], {}, "")

# What is wrong, the document, the field that the refusal must begin with.
BAD = [
    (JSON_AS_TEXT, '{"operation": "fota"}', "document"),
    *((f"{document!r:.20} is no object", document, "document") for document in NOT_OBJECTS),
    *((f"{name} is missing", without(name), name) for name in ("bc_idx", "bc_crc", "bc_size", "bc_url")),
    ("an extra field", but(bc_sha265=SHA256), "bc_sha265"),
    ("an extra field of the service's own", but(jobId="a"), "jobId"),
    ("an empty field name", GOOD | {"": 1}, ""),
    ("another operation", but(operation="reboot"), "operation"),
    ("an operation that is a number", but(operation=1), "operation"),
    ("an operation that is null", but(operation=None), "operation"),
    *((f"bc_size {size!r}", but(bc_size=size), "bc_size") for size in BAD_SIZES),
    *((f"bc_size {size}", but(bc_size=size), "bc_size") for size in (0, -1, -(2**31), 2**31, 2**63)),
    ("bc_size of a thousand digits", but(bc_size=10**1000), "bc_size"),
    *((f"bc_idx {slot!r}", but(bc_idx=slot), "bc_idx") for slot in BAD_SLOTS),
    ("bc_idx -1", but(bc_idx=-1), "bc_idx"),
    *((f"bc_crc {crc!r}", but(bc_crc=crc), "bc_crc") for crc in (None, 7, True, [MD5], "", MD5[:-1], MD5 + "0")),
    ("bc_crc with a letter past f", but(bc_crc=MD5[:-1] + "g"), "bc_crc"),
    ("bc_crc with spaces", but(bc_crc="0 1 2 3 4 5 6 7 8 9 a b c d e f "), "bc_crc"),
    ("bc_crc with digits of another script", but(bc_crc=MD5[:-1] + "\u0661"), "bc_crc"),
    ("bc_crc with a newline", but(bc_crc=MD5 + "\n"), "bc_crc"),
    ("bc_crc with a sign", but(bc_crc="0x" + MD5[:-2]), "bc_crc"),
    *((f"bc_sha256 {text!r:.20}", but(bc_sha256=text), "bc_sha256") for text in (None, 7, "", MD5, SHA256 + "00")),
    ("bc_sha256 with a letter past f", but(bc_sha256=SHA256[:-1] + "x"), "bc_sha256"),
    *((f"bc_url {url!r}", but(bc_url=url), "bc_url") for url in BAD_URLS),
    *(
        (f"scheme {scheme}", but(bc_url=f"{scheme}h/i?{SECRET}"), "bc_url")
        for scheme in ("http://", "ftp://", "file:///", "HTTPS://", " https://", "//", "", "https:/", "javascript:")
    ),
    ("a URL that is all query", but(bc_url=f"?{SECRET}"), "bc_url"),
    ("a query before the colon", but(bc_url=f"h?{SECRET}:8443"), "bc_url"),
    *(
        (f"a URL with {character!r}", but(bc_url=f"https://h/i{character}?{SECRET}"), "bc_url")
        for character in (
            "\r\nX-Header: 1",
            "\n",
            "\t",
            "\0",
            "\x7f",
            " ",
            "\u00e9",
            '"',
            "\\",
            "<",
            "^",
            "`",
            "{",
            "|",
        )
    ),
    ("a URL without a host", but(bc_url=f"https:///i?{SECRET}"), "bc_url"),
    ("a URL with a name and password", but(bc_url=f"https://user:word@h/i?{SECRET}"), "bc_url"),
    ("a URL with a bracketed host", but(bc_url=f"https://[::1]/i?{SECRET}"), "bc_url"),
    ("a URL with an empty port", but(bc_url=f"https://h:/i?{SECRET}"), "bc_url"),
    ("a URL with port 0", but(bc_url=f"https://h:0/i?{SECRET}"), "bc_url"),
    ("a URL with port 65536", but(bc_url=f"https://h:65536/i?{SECRET}"), "bc_url"),
    ("a URL with a port of many digits", but(bc_url=f"https://h:{'9' * 5000}/i"), "bc_url"),
    ("a URL with a port of words", but(bc_url=f"https://h:port/i?{SECRET}"), "bc_url"),
    ("a host that begins with a dot", but(bc_url=f"https://.h/i?{SECRET}"), "bc_url"),
    ("a URL that is too long", but(bc_url="https://h/" + "a" * 16_384), "bc_url"),
]


@pytest.mark.parametrize(("document", "field"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_a_bad_document_is_refused_and_the_field_is_named(document: object, field: str) -> None:
    with pytest.raises(BadDocument) as refusal:
        documents.parse(document)
    assert str(refusal.value).startswith(f"{field}: ")


@pytest.mark.parametrize("document", [row[1] for row in BAD], ids=[row[0] for row in BAD])
def test_a_refusal_shows_no_part_of_a_presigned_query(document: object) -> None:
    with pytest.raises(BadDocument) as refusal:
        documents.parse(document)
    assert "X-Amz" not in str(refusal.value)
    assert "5ec7e7" not in str(refusal.value)


@pytest.mark.parametrize(
    ("document", "field"),
    [
        (but(bc_crc=f"https://h/i?{SECRET}"), "bc_crc"),
        (but(bc_idx=f"https://h/i?{SECRET}"), "bc_idx"),
        (but(bc_sha256=f"https://h/i?{SECRET}"), "bc_sha256"),
        (but(operation=f"https://h/i?{SECRET}"), "operation"),
        (GOOD | {f"https://h/i?{SECRET}": 1}, "https://h/i"),
        (f"https://h/i?{SECRET}", "document"),
    ],
    ids=lambda value: value if isinstance(value, str) else "in",
)
def test_a_url_in_the_wrong_place_is_not_shown_with_its_query(document: object, field: str) -> None:
    with pytest.raises(BadDocument) as refusal:
        documents.parse(document)
    assert str(refusal.value).startswith(field)
    assert "X-Amz" not in str(refusal.value)


def test_a_url_of_the_most_characters_is_taken() -> None:
    url = "https://h/" + "a" * (documents.MAX_URL_CHARACTERS - 10)
    assert (len(url), documents.parse(but(bc_url=url)).url) == (16_384, url)


def test_a_refusal_stays_short_whatever_came() -> None:
    with pytest.raises(BadDocument) as refusal:
        documents.parse(GOOD | {"b" * 5000: 1})
    assert len(str(refusal.value)) < 300


ODD_BUT_GOOD = [
    ("slot 0", but(bc_idx=0)),
    ("any slot", but(bc_idx="any")),
    ("one byte", but(bc_size=1)),
    ("2 GiB less one", but(bc_size=2**31 - 1)),
    ("digits in capitals", but(bc_crc=MD5.upper())),
    ("a SHA-256", but(bc_sha256=SHA256)),
    ("no operation, as `update` may be given", without("operation")),
    ("an operator's own note", GOOD | {"x-ticket": {"any": ["thing"]}}),
    ("a host and a port", but(bc_url="https://localhost:4566/bucket/key?a=b%20c&d=e")),
    ("the longest URL", but(bc_url="https://h/" + "a" * 4086)),
]


@pytest.mark.parametrize("document", [row[1] for row in ODD_BUT_GOOD], ids=[row[0] for row in ODD_BUT_GOOD])
def test_a_good_document_is_taken_as_it_stands(document: dict[str, object]) -> None:
    asked = documents.parse(document)
    assert asked.url == document["bc_url"]
    assert asked.wanted.size_bytes == document["bc_size"]
    assert asked.wanted.md5 == bytes.fromhex(str(document["bc_crc"]))
    assert asked.slot == (None if document["bc_idx"] == "any" else document["bc_idx"])
    assert (asked.wanted.sha256 is None) == ("bc_sha256" not in document)


@pytest.mark.parametrize(
    ("document", "ours"),
    [
        (GOOD, True),
        ({"operation": "fota"}, True),
        ({"operation": "reboot"}, False),
        (without("operation"), False),
        ({}, False),
        ([], False),
        ("fota", False),
        (None, False),
    ],
)
def test_only_an_object_with_the_operation_fota_is_ours(document: object, ours: bool) -> None:
    assert documents.is_fota(document) is ours


def bad_jobs() -> list[object]:
    """The bad documents that lead to a refusal as a job: with another operation it would be another's."""
    others = ("another operation", "an operation that is a number", "an operation that is null", JSON_AS_TEXT)
    return [pytest.param(row[1], row[2], id=row[0]) for row in BAD if row[0] not in others]


@pytest.mark.parametrize(("document", "field"), bad_jobs())
def test_a_job_with_a_bad_document_is_rejected_by_name_and_nothing_is_written(
    lab: DeviceLab, document: object, field: str
) -> None:
    lab.publish_document(document)
    lab.wake()
    assert lab.statuses() == ["QUEUED", "REJECTED"]
    assert lab.reason() == "bad-document"
    assert lab.details()["message"].startswith(f"{field}: ")
    assert "X-Amz" not in str(lab.details())
    assert (lab.erases, lab.boots, lab.server.asked) == (0, 0, [])


@pytest.mark.parametrize(
    ("fields", "reason", "field"),
    [
        ({"bc_idx": 0}, "slot-is-running", "bc_idx"),
        ({"bc_idx": 2}, "no-such-slot", "bc_idx"),
        ({"bc_idx": 2**70}, "no-such-slot", "bc_idx"),
        ({"bc_size": 10_001}, "image-too-large", "bc_size"),
        ({"bc_size": 2**31 - 1, "bc_idx": 1}, "image-too-large", "bc_size"),
    ],
    ids=[
        "the running slot",
        "an absent slot",
        "a slot of twenty digits",
        "a byte over the slot",
        "far over the slot",
    ],
)
def test_a_job_that_this_device_cannot_do_is_rejected_by_name_and_nothing_is_written(
    lab: DeviceLab, fields: dict[str, Any], reason: str, field: str
) -> None:
    lab.publish(**fields)
    lab.wake()
    assert lab.statuses() == ["QUEUED", "REJECTED"]
    assert lab.reason() == reason
    assert lab.details()["message"].startswith(f"{field}: ")
    assert (lab.erases, lab.boots, lab.server.asked) == (0, 0, [])


def test_an_image_that_fills_the_slot_to_the_last_byte_is_taken(lab: DeviceLab) -> None:
    lab.update_to(b"x" * 10_000)
    assert lab.status() == "SUCCEEDED"


# Insisting on an image that was rolled back.


@pytest.mark.parametrize(
    ("fields", "insists"), [({}, False), ({"bc_insist": False}, False), ({"bc_insist": True}, True)]
)
def test_a_document_insists_only_if_it_says_so(fields: dict[str, object], insists: bool) -> None:
    assert documents.parse(but(**fields)).insists is insists


@pytest.mark.parametrize("value", ["true", "false", "", 1, 0, 1.0, None, [], [True], {}])
def test_insisting_with_another_type_is_refused_by_name(value: object) -> None:
    with pytest.raises(BadDocument, match=r"^bc_insist: expected true or false, got "):
        documents.parse(but(bc_insist=value))


@pytest.mark.parametrize("name", ["bc_Insist", "insist", "bc_insists"])
def test_insisting_misspelt_is_refused_and_not_ignored(name: str) -> None:
    with pytest.raises(BadDocument, match=f"^{name}: unknown field"):
        documents.parse(but(**{name: True}))
