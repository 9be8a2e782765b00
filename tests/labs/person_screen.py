"""What asks a person of an update, as the process sees it that shows the question."""

import json
import time
from pathlib import Path

import pytest

from fota.policy import Now, Offer
from fota.policy.ask_person_cpython import AskPerson

NO_ANSWER = ("Later", "no-answer")


class Screen:
    """The folder, as the process sees it that shows the question; and a clock that it can put forward."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder / "update"
        self.now_s = 1000.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now_s)
        self.ask = AskPerson(str(self.folder))

    def read(self, name: str) -> "dict[str, object] | None":
        path = self.folder / f"{name}.json"
        return json.loads(path.read_text()) if path.exists() else None

    def answer(self, line: str) -> Path:
        self.folder.mkdir(exist_ok=True)
        path = self.folder / "answer"
        path.write_text(line, newline="")
        return path

    def asked(self, **facts: object) -> "tuple[str, str | None]":
        """The kind of the answer that the device gets now, and its reason."""
        said = self.ask(offered(**facts))
        return type(said).__name__, None if isinstance(said, Now) else said.reason

    @property
    def problem(self) -> object:
        return (self.read("offer") or {})["problem"]


def offered(**facts: object) -> Offer:
    offer = Offer()
    offer.job_id, offer.release, offer.version = "job-1", "pump-2", "2.0"
    offer.size_bytes, offer.left_bytes = 1000, 400
    for name, value in facts.items():
        setattr(offer, name, value)
    return offer


@pytest.fixture
def screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Screen:
    return Screen(tmp_path, monkeypatch)
