"""Makes texts fit to be shown: without what a terminal obeys, and without the secrets of a presigned URL."""

import re

from fota.log import without_query
from fota.visible_cpython import visible

__all__ = ("plain", "visible")

_URL = re.compile(r"\bhttps?://\S+", re.IGNORECASE)


def plain(text: str) -> str:
    """The text without queries of URLs (a presigned URL is a password) and without control characters.

    A device's text may hold what a terminal obeys: escape sequences, line breaks, right-to-left marks.
    """
    visible = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(_URL.sub(lambda url: without_query(url[0]), visible).split())
