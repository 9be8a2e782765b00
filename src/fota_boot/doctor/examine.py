"""`fota-boot --doctor`: looks at a device, on the device, and says what is wrong with it and what to do.

CPython only; the base install is enough. It writes nothing and takes no lock, so that it can run while the device
runs; each wait has a deadline. Each part checks one thing; this file puts them in order and prints the findings.
"""

import datetime
import json
import os
import sys
import time

from fota.boards.files import FilesBoard
from fota.errors import NotProvisioned
from fota_boot.doctor import home as at_home
from fota_boot.doctor.access import examine_home_access, examine_owner
from fota_boot.doctor.copies import examine_copies
from fota_boot.doctor.findings import ERROR, OK, WARNING, Finding, worst
from fota_boot.doctor.network import examine_clock, examine_endpoint
from fota_boot.doctor.running import examine_environment, examine_running, running
from fota_boot.doctor.service import examine_service
from fota_boot.doctor.thing import examine_thing
from fota_boot.doctor.trees import examine_trees

EARLIEST_S = 1_704_067_200
"""2024-01-01: a clock that is earlier was never set."""

_CLOCK_STEP_S = 300


def examine(home: str, thing: str | None = None, *, connect: bool = False) -> list[Finding]:
    """Every finding, the good ones too: first the home, then what runs, then clock and network.

    `connect` opens an MQTT session, which ends that of a device that runs. *Blocks* for about half a minute at most,
    and for as long as the images take to be read.
    """
    return examine_home(home) + examine_connection(home, thing, connect=connect)


def examine_home(path: str) -> list[Finding]:
    """The findings about the home folder and what runs from it."""
    foreign = examine_owner(path)
    if foreign:
        # Another user does not see the home as the device sees it.
        return foreign
    try:
        home = FilesBoard(path)
    except NotProvisioned as error:
        text, _, remedy = str(error).partition("; ")
        return [Finding("home", ERROR, text, remedy)]
    findings = at_home.examine_file_system(path)
    findings += examine_home_access(path) + at_home.examine_slots(home) + examine_trees(home)
    findings += examine_copies(home)
    device = running(path)
    findings += examine_running(home, device)
    if device.chooser is not None:
        findings += examine_service(device.chooser.number, device.chooser.environment)
        findings += examine_environment(device.chooser.environment)
    return findings


def examine_connection(home: str, thing: str | None, *, connect: bool = False) -> list[Finding]:
    """The findings about the clock and, given a thing's folder, about its certificate, its key and its endpoint."""
    clock = _clock(home)
    if thing is None:
        text = "certificate and endpoint were not looked at"
        return [clock, Finding("thing folder", WARNING, text, "add --thing DIR")]
    findings, identity = examine_thing(thing, datetime.datetime.now(datetime.timezone.utc))
    if identity is None:
        return [clock, *findings]
    return [clock, examine_clock(identity), *findings, *examine_endpoint(identity, connect=connect)]


def show(findings: list[Finding], *, as_json: bool) -> int:
    """Write the findings to stdout, one line each or as JSON; returns the exit status: 1 if one is an error."""
    if as_json:
        fields = {"worst": worst(findings), "findings": [finding.as_fields() for finding in findings]}
        sys.stdout.write(json.dumps(fields, indent=2) + "\n")
    else:
        sys.stdout.write("".join(finding.as_line() + "\n" for finding in findings))
    return 1 if worst(findings) == ERROR else 0


def _clock(home: str) -> Finding:
    """Whether the clock can be right, as far as one can tell without a network."""
    now_s = time.time()
    remedy = "let the machine keep its clock by NTP, or give it one with a battery"
    if now_s < EARLIEST_S:
        return Finding("clock", ERROR, f"says {_day(now_s)}", remedy)
    newest_s = _newest_s(home)
    if newest_s > now_s + _CLOCK_STEP_S:
        return Finding("clock", WARNING, f"says {_day(now_s)}, and wrote to the home on {_day(newest_s)}", remedy)
    return Finding("clock", OK, f"says {_day(now_s)}")


def _newest_s(home: str) -> float:
    try:
        with os.scandir(home) as entries:
            return max((entry.stat(follow_symlinks=False).st_mtime for entry in entries), default=0.0)
    except OSError:
        return 0.0


def _day(moment_s: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(moment_s))
