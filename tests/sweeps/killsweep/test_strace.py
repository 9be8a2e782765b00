"""What is asked of strace, and what is read from its lines."""

from pathlib import Path

from sweeps.killsweep.points import CUT, EIO, ELSEWHERE, HOME, NEW_NETWORK, OLD_MAIN, SOCKET, Call, Point
from sweeps.killsweep.strace import calls_in, hit_line, home_names_in, injecting

HOME_FOLDER = Path("/devices/home")
RECORDED = [
    'execve("/usr/bin/python", ["python", "/devices/home/slot-0.img"], ...) = 0',
    'openat(AT_FDCWD</>, "/usr/lib/os.py", O_RDONLY) = 3</usr/lib/os.py>',
    'openat(AT_FDCWD</>, "/devices/home/record-0", O_WRONLY) = 4</devices/home/record-0>',
    'pwrite64(4</devices/home/record-0>, ""..., 24, 0) = 24',
    "fsync(5</devices/home>)                = 0",
    'read(6<socket:[1234]>, ""..., 5)       = 5',
    'read(3</usr/lib/os.py>, ""..., 4096)   = 4096',
    "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 7<socket:[1235]>",
    "+++ exited with 75 +++",
]


def test_each_call_is_numbered_among_those_that_an_injection_counts() -> None:
    assert calls_in(RECORDED, OLD_MAIN, HOME_FOLDER) == [
        Call(OLD_MAIN, ELSEWHERE, "openat", 1),
        Call(OLD_MAIN, HOME, "openat", 1),
        Call(OLD_MAIN, HOME, "pwrite64", 1),
        Call(OLD_MAIN, HOME, "fsync", 1),
        Call(OLD_MAIN, SOCKET, "read", 1),
        Call(OLD_MAIN, ELSEWHERE, "read", 2),
        Call(OLD_MAIN, SOCKET, "socket", 1),
    ]


def test_the_files_of_the_home_are_found_in_what_was_recorded() -> None:
    assert home_names_in(RECORDED, HOME_FOLDER) == {"record-0", ".", "slot-0.img"}


def test_a_fault_of_the_disk_is_asked_for_at_the_home_alone() -> None:
    point = Point(EIO, Call(OLD_MAIN, HOME, "fsync", 6))
    command = injecting(point, Path("out"), HOME_FOLDER, ["record-0"])
    assert command[-4:] == ["-P", "/devices/home/record-0", "-e", "inject=fsync:error=EIO:when=6"]


def test_a_cut_at_a_socket_is_asked_for_at_any_path() -> None:
    point = Point(CUT, Call(NEW_NETWORK, SOCKET, "read", 30))
    command = injecting(point, Path("out"), HOME_FOLDER, ["record-0"])
    assert "-P" not in command
    assert command[-1] == "inject=read:signal=SIGKILL:when=30"


def test_the_contents_of_buffers_are_never_asked_for() -> None:
    command = injecting(Point(CUT, Call(OLD_MAIN, HOME, "read", 1)), Path("out"), HOME_FOLDER, [])
    assert command[command.index("-s") + 1] == "0"


def test_the_call_that_was_hit_is_told() -> None:
    failed = "fsync(4</devices/home/record-0>) = -1 EIO (Input/output error) (INJECTED)"
    assert hit_line([*RECORDED[:-1], failed, "+++ exited with 0 +++"]) == failed
    assert hit_line([*RECORDED[:-1], "+++ killed by SIGKILL +++"]) == RECORDED[-2]


def test_a_point_that_was_not_reached_is_not_taken_for_a_hit() -> None:
    assert hit_line(RECORDED) == ""
