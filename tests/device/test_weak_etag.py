"""An ETag that is weak at first and strong later names the same object; another one does not."""

import pytest

from fota.transfer.http_head import is_other_etag


@pytest.mark.parametrize(
    ("etag", "expected", "is_other"),
    [
        ('"a"', 'W/"a"', False),
        ('W/"a"', '"a"', False),
        ('W/"a"', 'W/"a"', False),
        ('"a"', '"b"', True),
        ('W/"a"', '"b"', True),
        ('"W/a"', '"a"', True),
        (None, '"a"', False),
        ('"a"', None, False),
    ],
)
def test_etags_are_compared_without_the_mark_of_a_weak_one(etag, expected, is_other):
    assert is_other_etag(etag, expected) is is_other
