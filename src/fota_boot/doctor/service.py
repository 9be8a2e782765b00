"""The doctor's checks of the service that keeps `fota-boot` running: who restarts it, and who notices a hang.

CPython on Linux. systemd is asked through `systemctl show`, with a deadline; a finding says what is unknown.
"""

import os
import subprocess

from fota_boot.doctor.findings import ERROR, OK, WARNING, Finding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_ANSWER_WITHIN_S = 5
_REMEDY = "run it as the unit that docs/how-to/gateway.md installs"


def examine_service(process: int, environment: "Mapping[str, str]") -> list[Finding]:
    """What happens to the `fota-boot` with that process number and environment when it ends or hangs."""
    unit = unit_of(_cgroups(process))
    if unit is None:
        text = "not a service of systemd: nothing is known to start fota-boot again if it ends"
        return [Finding("service", WARNING, text, _REMEDY)]
    return [*restarts(unit), watchdog(environment)]


def unit_of(cgroups: str) -> str | None:
    """The system's service in the lines of /proc/PID/cgroup; None for a process of a session or a container."""
    for line in cgroups.splitlines():
        path = line.rpartition(":")[2].split("/")
        if path[-1].endswith(".service") and "system.slice" in path:
            return path[-1]
    return None


def restarts(unit: str) -> list[Finding]:
    """Whether systemd always starts the service again, after any exit status and any number of ends."""
    found = _properties(unit)
    restart = found.get("Restart", "")
    if not restart:
        text = f"{unit}: systemd does not say how it is restarted"
        return [Finding("service", WARNING, text, f"look with: systemctl show -p Restart {unit}")]
    if restart != "always":
        text = f"{unit} has Restart={restart}: a device that ends so stays down"
        return [Finding("service", ERROR, text, "set Restart=always, then systemctl daemon-reload")]
    if found.get("StartLimitIntervalUSec", "0") != "0":
        text = f"{unit} is given up by systemd when it ends too often"
        return [
            Finding("service", WARNING, text, "set StartLimitIntervalSec=0 in [Unit], then systemctl daemon-reload")
        ]
    return [Finding("service", OK, f"{unit} is started again, always")]


def watchdog(environment: "Mapping[str, str]") -> Finding:
    """Whether systemd would notice a `fota-boot` that hangs: sd_watchdog_enabled(3)."""
    digits = environment.get("WATCHDOG_USEC", "")
    if environment.get("NOTIFY_SOCKET") and digits.isascii() and digits.isdigit() and int(digits) > 0:
        return Finding("watchdog", OK, f"systemd wants to hear from fota-boot within {int(digits) // 1_000_000} s")
    return Finding(
        "watchdog", WARNING, "nothing notices a fota-boot that hangs", "set Type=notify and WatchdogSec=60"
    )


def _cgroups(process: int) -> str:
    try:
        with open(f"/proc/{process}/cgroup", encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def _properties(unit: str) -> dict[str, str]:
    """The properties of the unit, from systemd; empty if it cannot be asked."""
    command = ["systemctl", "show", "--property=Restart,StartLimitIntervalUSec", "--", unit]
    try:
        done = subprocess.run(  # noqa: S603 - no word of it comes from outside but the unit's own name
            command,
            capture_output=True,
            text=True,
            timeout=_ANSWER_WITHIN_S,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )
    except (OSError, subprocess.SubprocessError):
        return {}
    pairs = [line.partition("=") for line in done.stdout.splitlines()]
    return {name: value for name, _, value in pairs} if done.returncode == 0 else {}
