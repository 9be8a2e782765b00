"""What devices and AWS say, made fit to be shown: on one line, and without what a presigned URL keeps secret."""

import re

from fota.log import without_query

_URL = re.compile(r"\bhttps?://\S+", re.IGNORECASE)


def plain(text: str) -> str:
    """The text without queries of URLs (a presigned URL is a password) and without control characters.

    A terminal obeys what a device may have put there: escape sequences, line breaks, text that runs backwards.
    """
    visible = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(_URL.sub(lambda url: without_query(url[0]), visible).split())
