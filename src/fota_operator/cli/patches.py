"""Patches that a job offers, as the commands take and show them: their options, a table for people, JSON."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from fota_operator.cli.rollout_cost import in_bytes
from fota_operator.errors import BadInput
from fota_operator.plain import plain

if TYPE_CHECKING:
    from fota_operator.patches.offers import PatchOffers
    from fota_operator.rollouts.patches import PatchSavings

Patch = Annotated[
    list[str] | None,
    typer.Option(
        "--patch",
        metavar="OLD",
        help="Offer a patch from this older release or image: a file, or the SHA-256 of an image in the bucket. "
        "Repeat the option, up to 8 times.",
    ),
]
RolloutPatch = Annotated[
    list[str] | None,
    typer.Option(
        "--patch",
        metavar="VERSION|FILE|field",
        help="Offer a patch from this version, or from the release or image in this file; `field`: from the versions "
        "that the things run. Repeat the option for further versions.",
    ),
]
Whole = Annotated[
    str | None,
    typer.Option(
        "--whole",
        metavar="always|never|BYTES",
        help="Whether a device that no patch fits may fetch the whole image, or only one of at most this many bytes.",
    ),
]


def whole_option(text: str | None) -> str | int | None:
    """What --whole says; None if it was not given. *Raises* BadInput."""
    if text is None or text in ("always", "never"):
        return text
    if not (text.isdecimal() and text.isascii() and 0 < len(text) <= 10 and int(text) > 0):
        raise BadInput(f"--whole: expected always, never or a number of bytes, got {text!r}", "write one of them")
    return int(text)


def patch_flags(words: list[str] | None, whole: str | None) -> dict[str, object] | None:
    """The options as the table `patches` of a plan; None: they say nothing. The path of a file names that file."""
    from pathlib import Path

    allowed = whole_option(whole)
    if not words and allowed is None:
        return None
    files = [word for word in words or () if Path(word).is_file()]
    named = [word for word in words or () if word not in files]
    if "field" in named and len(named) > 1:
        raise BadInput("--patch: expected `field` or versions, got both", "leave one of the two out")
    return {
        "from": ("field" if named == ["field"] else named) or ([] if files else None),
        "releases": files or None,
        "whole": allowed,
    }


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


def savings_lines(offered: "PatchOffers", saved: "PatchSavings") -> Iterator[str]:
    """How many bytes travel with the patches and without, and from which versions there is none."""
    with_patches, without = in_bytes(saved.bytes_with), in_bytes(saved.bytes_without)
    percent = 100 * saved.bytes_with / saved.bytes_without if saved.bytes_without else 100
    yield (
        f"Over the air with patches: {with_patches} instead of {without} ({percent:.1f} %), "
        f"by what {saved.asked} things say that they run."
    )
    for one in offered.left_out:
        yield f"No patch from {plain(one.title)}{_running(one.things)}: {one.why}."


def savings_rows(image_bytes: int, saved: "PatchSavings") -> list[tuple[str, ...]]:
    """A row for each version that things run."""
    return [
        (
            "(not known)" if one.title is None else plain(one.title),
            f"{one.things:,}",
            one.way,
            f"{one.bytes_each:,}",
            f"{100 * one.bytes_each / image_bytes:.1f} %",
        )
        for one in saved.versions
    ]


def savings_as_json(offered: "PatchOffers | None", saved: "PatchSavings | None") -> dict[str, object] | None:
    """The patches of a rollout as programs read them; null: the plan asks for none."""
    found = offers_as_json(offered)
    if found is None or saved is None:
        return found
    versions = [
        {"version": one.title, "things": one.things, "bytes_each": one.bytes_each, "way": one.way}
        for one in saved.versions
    ]
    return found | {
        "asked": saved.asked,
        "versions": versions,
        "bytes_with": saved.bytes_with,
        "bytes_without": saved.bytes_without,
    }


def _running(things: int | None) -> str:
    return f", which {things} of them run" if things else ""
