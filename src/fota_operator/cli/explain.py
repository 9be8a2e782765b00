"""`fota explain`: the story of one device, or of a job, in words."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from fota_operator.cli.job_status import describe_details, execution_as_json
from fota_operator.cli.options import Json
from fota_operator.cli.output import (
    answer_json,
    in_utc,
    moment,
    new_console,
    reporting_errors,
    writing_result,
)
from fota_operator.cli.wording import worded
from fota_operator.jobs.ways import way_in, way_in_words
from fota_operator.plain import visible

if TYPE_CHECKING:
    from fota_operator.jobs.explain import Chapter, OfferedJob, Story
    from fota_operator.things.connectivity import ThingConnection


@reporting_errors()
def explain(
    subject: Annotated[str, typer.Argument(metavar="THING|JOB", help="Name of a thing, or id of a job.")],
    thing: Annotated[
        str | None, typer.Argument(metavar="[THING]", help="After a job: show only this thing's share of it.")
    ] = None,
    most: Annotated[int, typer.Option(help="Show at most this many offers, 1 to 50.")] = 5,
    as_json: Json = False,
) -> None:
    """Explain what a device was offered, what happened and when, why, and what to do about it.

    For a thing, the newest offer comes first; for a job, the things whose update failed come first. This changes
    nothing.
    """
    from fota_operator.cloud import connect
    from fota_operator.jobs import explain as stories

    if thing is None:
        story = stories.explain(connect(), subject, most=most)
    else:
        story = stories.explain_thing(connect(), thing, subject, most=most)
    if as_json:
        answer_json(story_as_json(story))
    else:
        with writing_result():
            _tell(story)


def story_as_json(story: "Story") -> dict[str, object]:
    """A story as programs read it; times are in UTC, ISO 8601."""
    connection = story.connection
    return {
        "subject": story.subject,
        "connection": None
        if connection is None
        else {"connected": connection.connected, "since": in_utc(connection.since), "reason": connection.reason},
        "left_out": story.left_out,
        "chapters": [_chapter_as_json(chapter) for chapter in story.chapters],
    }


def _chapter_as_json(chapter: "Chapter") -> dict[str, object]:
    return {
        "offer": vars(chapter.offer),
        "execution": execution_as_json(chapter.execution),
        "moments": [{"at": in_utc(one.at), "status": one.status} for one in chapter.moments],
        "last_at": in_utc(chapter.last_at),
        "meaning": chapter.meaning.when,
        "remedy": chapter.meaning.remedy,
    }


def _tell(story: "Story") -> None:
    from rich.padding import Padding
    from rich.text import Text

    console = new_console(sys.stdout)
    if not story.chapters:
        console.print(Text(visible(f"{story.subject} was never offered anything.")))
    for chapter in story.chapters:
        console.print(Text(visible(f"{chapter.execution.thing}: {_brought(chapter.offer)}"), style="bold"))
        for line in _lines(chapter):
            console.print(Padding(Text(visible(line)), (0, 0, 0, 2), expand=False))
    if story.of_thing:
        console.print(Text(visible(_connected(story.connection))))
    if story.left_out:
        console.print(Text(f"{story.left_out} more; --most shows more of them."))


def _connected(connection: "ThingConnection | None") -> str:
    if connection is None:
        return "Whether it is connected is not known: AWS does not say; see `fota doctor`."
    word = "connected" if connection.connected else "offline"
    if connection.since is None:
        return f"It is {word}; since when is not known."
    why = "" if connection.connected or not connection.reason else f" ({connection.reason})"
    return f"It is {word} since {moment(connection.since)}{why}."


def _brought(offer: "OfferedJob") -> str:
    what = f"{offer.product} {offer.version}" if offer.product else offer.description or f"a {offer.kind} job"
    stage = "" if offer.stage is None else f", stage {offer.stage}"
    where = "" if offer.rollout is None else f" of the rollout {offer.rollout}{stage}"
    return f"{what}, by the job {offer.job_id}{where}"


def _lines(chapter: "Chapter") -> Iterator[str]:
    for one in chapter.moments:
        yield f"{moment(one.at)}  {one.status}"
    execution, offer = chapter.execution, chapter.offer
    if execution.execution_number > 1:
        yield f"It is try {execution.execution_number} of this job."
    because = f"{execution.status}{f' {execution.reason}' if execution.reason and not execution.deferral else ''}"
    yield f"{because}: {chapter.meaning.when}."
    way = way_in(execution.details)
    if way is not None:
        yield f"The image came by {way_in_words(way)}."
    said = describe_details(execution)
    if said:
        yield f"It says: {said}" if execution.deferral is None else f"It says: {execution.reason}; {said}"
    if chapter.last_at is not None:
        yield f"It must begin by {moment(chapter.last_at)}: so it was signed."
    if execution.status == "CANCELED" and offer.comment:
        yield f"The job was called off: {offer.comment}"
    if chapter.meaning.remedy:
        yield f"To do: {worded(chapter.meaning.remedy)}."
