"""How much memory this process has resident, now and at its peak. Linux only."""

from pathlib import Path


def resident_bytes() -> int:
    """Now."""
    return _field("VmRSS")


def forget_peak() -> None:
    """Count the peak from now on: https://man7.org/linux/man-pages/man5/proc_pid_clear_refs.5.html"""
    Path("/proc/self/clear_refs").write_text("5")


def peak_bytes() -> int:
    """The peak since `forget_peak`."""
    return _field("VmHWM")


def _field(name: str) -> int:
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith(name + ":"))
