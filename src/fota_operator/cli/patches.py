"""Patches that a job offers, as the commands take and show them: their options, a table for people, JSON."""

from typing import TYPE_CHECKING, Annotated

import typer

from fota_operator.errors import BadInput

if TYPE_CHECKING:
    from fota_operator.patches.offers import PatchOffers

Patch = Annotated[
    list[str] | None,
    typer.Option(
        "--patch",
        metavar="OLD",
        help="Offer a patch from this older release or image: a file, or the SHA-256 of an image in the bucket. "
        "Repeat the option, up to 8 times.",
    ),
]
Whole = Annotated[
    str | None,
    typer.Option(
        "--whole",
        metavar="always|never|BYTES",
        help="Whether a device that no patch fits may fetch the whole image, or only one of at most so many bytes.",
    ),
]


def whole_option(text: str | None) -> str | int | None:
    """What --whole says; None if it was not given. *Raises* BadInput."""
    if text is None or text in ("always", "never"):
        return text
    if not (text.isdecimal() and text.isascii() and 0 < len(text) <= 10 and int(text) > 0):
        raise BadInput(f"--whole: expected always, never or a number of bytes, got {text!r}", "write one of them")
    return int(text)


def offers_as_json(offered: "PatchOffers | None") -> dict[str, object] | None:
    """What is offered beside an image, as programs read it; null: nothing was asked for."""
    if offered is None:
        return None
    return {
        "whole": str(offered.whole),
        "offers": [
            {
                "from": one.title,
                "from_sha256": one.from_sha256,
                "patch_bytes": one.size_bytes,
                "sha256": one.sha256,
                "things": one.things,
            }
            for one in offered.offers
        ],
        "left_out": [{"from": one.title, "why": one.why, "things": one.things} for one in offered.left_out],
    }
