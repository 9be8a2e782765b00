"""The programs that users copy live through an outage of any length, at their start and in their loop."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aws.iot import fota, iot
from fota import device as devices
from tests.labs.device_lab import DeviceLab
from tests.labs.docs_pages import ROOT, blocks, read

ROUNDS = 300
"""A connection keeps 100 messages while it is lost."""
DAY_S = 24 * 3_600


class Stopped(BaseException):
    """The program has gone round often enough."""


class Player:
    """Runs a program with a device on virtual time; `rounds` counts its looks at the jobs."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.lab = DeviceLab()
        self.lab.service.power_off()
        self.rounds = 0
        self.at_round: dict[int, Callable[[], object]] = {ROUNDS: self.stop}
        self._folder = folder
        for name in ("private.pem.key", "certificate.pem.crt", "ca.pem"):
            self.give(name, "")
        conf = {"endpoint": "broker.example", "mqttid": "lamp", "thingname": "lamp", "cacert": "ca.pem"}
        self.give("thing.conf.json", json.dumps(conf))
        look, thing = fota.handle_fota_jobs, iot.Thing

        def counted(*arguments: object, **options: object) -> object:
            self.rounds += 1
            self.at_round.pop(self.rounds, lambda: None)()
            return look(*arguments, **options)  # type: ignore[arg-type]

        def make_thing(*_: object, **__: object) -> iot.Thing:
            return thing("broker.example", "lamp", b"", b"", connection=self.lab.service)

        monkeypatch.setattr(fota, "handle_fota_jobs", counted)
        monkeypatch.setattr(iot, "Thing", make_thing)
        monkeypatch.setattr(time, "sleep", lambda seconds: self.lab.pass_ms(int(seconds * 1000)))
        monkeypatch.setattr(sys, "argv", ["program", str(folder / "thing")])
        monkeypatch.setenv("FOTA_HOME", str(folder))
        monkeypatch.setattr(devices, "_current", self.lab.device)

    def give(self, name: str, text: str) -> None:
        (self._folder / "thing").mkdir(exist_ok=True)
        (self._folder / "thing" / name).write_text(text)

    def stop(self) -> None:
        raise Stopped

    def run(self, program: Path) -> None:
        folders = [str(program.parent), str(ROOT / "examples/esp32/pump")]
        sys.path[:0] = folders
        try:
            with pytest.raises(Stopped):
                exec(compile(program.read_text(), str(program), "exec"), {"__name__": "__main__"})
        finally:
            for folder in folders:
                sys.path.remove(folder)
            for name in ("zerynth_board", "decide", "network_of_board"):
                sys.modules.pop(name, None)


@pytest.fixture
def player(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Player:
    return Player(tmp_path, monkeypatch)


@pytest.fixture(params=["tutorial", "gateway", "zerynth", "esp32/pump", "policy/gateway", "policy/board"])
def program(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "tutorial":
        (block,) = [block for block in blocks(read("docs/tutorial.md")) if block.words == "file=hello/__main__.py"]
        (tmp_path / "hello.py").write_text(block.content)
        return tmp_path / "hello.py"
    return (
        ROOT
        / "examples"
        / str(request.param)
        / ("main.py" if request.param in ("esp32/pump", "policy/board") else "__main__.py")
    )


@pytest.fixture(autouse=True)
def no_firmware_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program for the ancestor reads its version from the archive that it runs from."""

    class Loader:
        archive = "."

        def get_data(self, _name: str) -> bytes:
            return b'{"version": 1}'

    monkeypatch.setattr(sys.modules["__main__"], "__loader__", Loader())


def test_a_program_connects_however_long_the_network_is_away_at_its_start(player: Player, program: Path) -> None:
    lab, connect, since_ms = player.lab, player.lab.service.connect, player.lab.clock.now_ms()
    lab.service.reachable = False

    def connect_after_a_day(*, timeout_ms: int = 30_000) -> None:
        lab.service.reachable = lab.clock.now_ms() - since_ms > DAY_S * 1000
        connect()

    lab.service.connect = connect_after_a_day  # type: ignore[method-assign,assignment]
    player.run(program)
    assert (player.rounds, lab.service.sessions) == (ROUNDS, 1)


def test_a_program_goes_on_however_long_the_network_is_away_in_its_loop(player: Player, program: Path) -> None:
    player.at_round[10] = player.lab.service.drop
    player.at_round[ROUNDS - 20] = player.lab.service.mend
    player.run(program)
    assert (player.rounds, player.lab.service.sessions) == (ROUNDS, 2)
    assert len(player.lab.service.published) > 100
