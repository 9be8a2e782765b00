"""The command of the peers: what it says and its exit status when a peer is not here or a check fails."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aws.iot.mqtt._client_cpython import PahoConnection
from peers import __main__ as command
from peers import catalogue, operator, packages, programs

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reference/peers.md").read_text()


def _peer(**checks: Callable[[], None]) -> catalogue.Peer:
    def rows() -> Iterator[tuple[str, catalogue.Check]]:
        yield from checks.items()

    return catalogue.Peer(lambda: "1.2", rows)


def _fails() -> None:
    raise AssertionError("other bytes")


def _is_not_here() -> None:
    raise programs.NotHere("MicroPython is needed")


def test_a_peer_that_cannot_be_fetched_is_told_with_the_reason(monkeypatch, capsys):
    def missing() -> str:
        raise programs.NotHere("nginx cannot be fetched: no network")

    monkeypatch.setitem(catalogue.PEERS, "nginx", catalogue.Peer(missing, lambda: iter(())))
    assert command.main(["nginx"]) == 3
    row, summary = capsys.readouterr().out.splitlines()
    assert "not here: nginx cannot be fetched: no network" in row
    assert json.loads(summary) | {"seconds": 0} == {
        "peers": 1,
        "passed": 0,
        "failed": 0,
        "not_here": 1,
        "seconds": 0,
    }


def test_a_failed_check_is_told_and_the_others_run_all_the_same(monkeypatch, capsys):
    monkeypatch.setitem(catalogue.PEERS, "nginx", _peer(bad=_fails, missing=_is_not_here, good=lambda: None))
    assert command.main(["nginx"]) == 1
    bad, missing, good, summary = capsys.readouterr().out.splitlines()
    assert "failed" in bad
    assert "other bytes" in bad
    assert "not here: MicroPython is needed" in missing
    assert "passed" in good
    assert [json.loads(summary)[word] for word in ("passed", "failed", "not_here")] == [1, 1, 1]


def test_several_peers_are_added_up_and_one_that_ends_without_a_word_has_failed(monkeypatch, capsys, tmp_path):
    python = tmp_path / "python"
    python.write_text(
        """#!/bin/sh
[ "$3" = moto ] && { echo "no such module" >&2; exit 1; }
echo "$3 all passed"
echo '{"passed": 2, "failed": 0, "not_here": 1}'
"""
    )
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    assert command.main(["nginx", "moto", "awscrt"]) == 1
    *rows, summary = capsys.readouterr().out.splitlines()
    assert [json.loads(summary)[word] for word in ("peers", "passed", "failed", "not_here")] == [3, 4, 1, 2]
    assert {"nginx all passed", "awscrt all passed"} < set(rows)
    assert any(row.startswith("moto") and "no such module" in row for row in rows)


def test_a_version_out_of_the_range_is_not_here(monkeypatch):
    monkeypatch.setattr(programs, "version", lambda _: "9.9.9")
    with pytest.raises(programs.NotHere, match=r"nginx 9\.9\.9 is not of the versions"):
        programs._require_range("nginx")


def test_the_version_of_a_package_is_that_of_its_own_folder(monkeypatch, tmp_path):
    for name in ("botocore-1.43.0.dist-info", "moto-5.2.5.dist-info", "moto"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(packages, "folder", lambda _: tmp_path)
    assert packages.version("moto") == "5.2.5"


def test_the_page_has_a_row_for_every_peer_and_for_every_command_of_the_operator():
    assert [name for name in catalogue.PEERS if f"\n{name} " not in PAGE] == []
    assert [row.title for row in operator.ROWS if f" {row.title} " not in PAGE] == []


def test_the_adapter_of_its_own_has_every_member_of_a_connection():
    source = (ROOT / "peers/adapters/over_aiomqtt.py").read_text()
    own = [name for name in vars(PahoConnection) if not name.startswith("_") and name != "sessions"]
    assert [name for name in own if f"    def {name}(" not in source] == []
    assert "self.sessions = 0" in source
