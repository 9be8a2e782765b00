"""The transcript of two rollouts, typed as it stands there while fifty scripted things do their part."""

import base64
import json
import re
import threading
from itertools import pairwise
from pathlib import Path

import pytest

from fota_operator.local.aws import LocalAws
from tests.labs.docs_pages import Block, blocks, read
from tests.labs.fleet import HANGS, SUCCEEDS, Ends, Fleet, fails
from tests.labs.shell import Shell

pytestmark = pytest.mark.e2e

THINGS = [f"pump-{number}" for number in range(1, 51)]
BAD_VERSION = "3"
CANARY = 2
MIN_FOLLOWED_STEPS = 9
BETWEEN_TURNS_S = 0.2


def version_in(document: dict[str, object]) -> str:
    """The version of the release that a job offers."""
    envelope = document["envelope"]
    assert isinstance(envelope, dict)
    return str(json.loads(base64.b64decode(envelope["payload"]))["version"])


def script(thing: str, document: dict[str, object]) -> Ends:
    # Both devices of the canary install it before either crashes: else AWS takes the second one's job back in time.
    return HANGS if version_in(document) == BAD_VERSION else SUCCEEDS


class Background:
    """The things, acting until the end of the test."""

    def __init__(self, local: LocalAws) -> None:
        self._cloud = local.cloud()
        self._fleet = Fleet(local, THINGS, self._script)
        self._ending = threading.Event()
        self._errors: list[BaseException] = []
        self._thread = threading.Thread(target=self._act)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop; fails if a thing got an answer that it should not."""
        self._ending.set()
        if self._thread.ident is not None:
            self._thread.join()
        assert self._errors == []

    def _script(self, thing: str, document: dict[str, object]) -> Ends:
        ends = script(thing, document)
        if ends is SUCCEEDS:
            self._say(thing, version=version_in(document))
        return ends

    def _say(self, thing: str, **said: object) -> None:
        """As a device does in its shadow: what is not said again stays."""
        reported = {"format": 1, "product": "pump", "state": "confirmed"} | said
        payload = json.dumps({"state": {"reported": reported}}).encode()
        self._cloud.iot_data.update_thing_shadow(thingName=thing, shadowName="fota", payload=payload)

    def _act(self) -> None:
        try:
            while not self._ending.wait(BETWEEN_TURNS_S):
                self._fleet.ended.clear()
                self._fleet.turn()
                if len(self._fleet.hanging) >= CANARY:
                    for taken in self._fleet.hanging:
                        self._say(taken.thing, last_failure={"job": taken.job_id, "reason": "rolled-back"})
                    self._fleet.wake(fails("rolled-back", "attempts 1, cause crashed"))
        except Exception as error:
            self._errors.append(error)


def test_every_command_of_the_transcript_answers_what_the_page_says(shell: Shell, tmp_path: Path) -> None:
    followed, background = 0, None
    shell.type("exec 2>&1")
    try:
        for block, following in pairwise([*blocks(read("docs/transcript.md")), Block("", "", "")]):
            if block.language != "sh":
                continue
            output = shell.type(block.content)
            if following.language == "text":
                assert fits(following.content, output), f"expected:\n{following.content}\ngot:\n{output}"
            if "fota things add" in block.content:
                background = Background(LocalAws(tmp_path / ".fota-local"))
                background.start()
            followed += 1
    finally:
        if background is not None:
            background.stop()
    assert followed >= MIN_FOLLOWED_STEPS


def fits(shown: str, output: str) -> bool:
    """Whether the output is what a page shows, as wide as its columns are.

    There `...` stands for anything in a line, or for any lines when it is alone.
    """
    lines = [
        r"(?:.*\n)*?"
        if line == "..."
        else ".*?".join(re.sub(r"(?:\\ )+", " +", re.escape(part)) for part in line.split("...")) + r" *\n"
        for line in shown.splitlines()
    ]
    return re.fullmatch(r"\s*" + "".join(lines) + r"\s*", output) is not None


@pytest.mark.parametrize(
    ("shown", "fitting"),
    [
        ("A  B\n1  2\n", True),
        ("A B\n...\n", True),
        ("...\n1 ...\n", True),
        ("A B\n", False),
        ("A B\n1 3\n", False),
        ("A\n...\n", False),
    ],
)
def test_an_answer_is_compared_whole(shown: str, fitting: bool) -> None:
    assert fits(shown, "\nA     B   \n1     2   \n") is fitting
