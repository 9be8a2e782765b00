"""The digests of an image: when they match, and how they are kept."""

import hashlib
import random

import pytest

from fota import digests
from fota.digests import Digests
from tests.labs.image_digests import digests_of
from tests.labs.present import present

NEW = random.Random(2).randbytes(50_000)


def test_digests_that_differ_in_anything_both_say_do_not_match():
    whole = digests_of(NEW)
    others = [
        Digests(whole.size_bytes + 1, whole.md5, whole.sha256),
        Digests(whole.size_bytes, bytes(16), whole.sha256),
        Digests(whole.size_bytes, whole.md5, bytes(32)),
    ]
    assert [whole.matches(other) or other.matches(whole) for other in others] == [False] * 3
    assert whole.matches(digests_of(NEW, sha256=False))
    assert digests_of(NEW, sha256=False).matches(whole)


def test_digests_are_read_as_they_were_written():
    found = present(digests.decode(digests.encode(digests_of(NEW))))
    assert (found.size_bytes, found.md5, found.sha256) == (len(NEW), *(digests_of(NEW).md5, digests_of(NEW).sha256))


@pytest.mark.parametrize("length", [0, 1, 51, 53, 4096])
def test_bytes_of_another_length_are_no_digests(length):
    assert digests.decode(bytes(length)) is None


def test_a_seal_without_a_sha256_cannot_be_made():
    with pytest.raises(ValueError, match="SHA-256"):
        digests.encode(digests_of(NEW, sha256=False))


# FIPS mode: OpenSSL forbids MD5, unless it is said that no security rests on it.


def test_digests_are_computed_where_md5_is_forbidden(monkeypatch):
    md5 = hashlib.md5

    def forbidden(content=b"", *, usedforsecurity=True):
        if usedforsecurity:
            raise ValueError("[digital envelope routines] unsupported")
        return md5(content, usedforsecurity=False)

    monkeypatch.setattr(hashlib, "md5", forbidden)
    hasher = digests.Hasher()
    hasher.update(memoryview(NEW))
    assert hasher.digests().md5 == md5(NEW).digest()
