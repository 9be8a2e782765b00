import fcntl
import json
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fota_operator.errors import BadInput, LocalAwsFailed
from fota_operator.jobs.progress import job_status
from fota_operator.jobs.start import StartRequest, start_job
from fota_operator.local.aws import LocalAws
from fota_operator.things.things import add_things

pytestmark = pytest.mark.e2e


@contextmanager
def running(local: LocalAws) -> Iterator[LocalAws]:
    local.up()
    try:
        yield local
    finally:
        local.down()


@pytest.fixture
def stopped(tmp_path: Path) -> LocalAws:
    return LocalAws(tmp_path / "aws")


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def processes_of(folder: Path) -> list[str]:
    """The command lines of all processes that mention the folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in line:
            found.append(line)
    return found


def test_up_gives_a_bucket_and_a_role_that_a_job_can_use(local_aws: LocalAws) -> None:
    cloud = local_aws.cloud()
    assert cloud.s3.head_bucket(Bucket=local_aws.bucket)
    assert cloud.iam.get_role(RoleName=local_aws.role)


def test_up_twice_is_harmless(local_aws: LocalAws) -> None:
    before = local_aws.status()
    assert local_aws.up() == before


def test_up_makes_ready_what_an_up_that_was_killed_has_left(stopped: LocalAws) -> None:
    with running(stopped):
        stopped.cloud().s3.delete_bucket(Bucket=stopped.bucket)
        stopped.ca_bundle.unlink()
        stopped.up()
        assert stopped.cloud().s3.head_bucket(Bucket=stopped.bucket)


def test_up_waits_for_what_an_up_that_was_killed_has_begun(stopped: LocalAws) -> None:
    command = [sys.executable, "-m", "fota_operator.cli.main", "local", "up", "--folder", str(stopped.folder)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as killed:
        until(lambda: stopped.status().running)
        killed.kill()
    with running(stopped):
        assert stopped.cloud().s3.head_bucket(Bucket=stopped.bucket)


@pytest.mark.parametrize("name", ["scratch", "ministack.log", "bundle.pem", "server.pem", "server.toml"])
def test_what_the_folder_does_not_take_is_named_and_nothing_runs(stopped: LocalAws, name: str) -> None:
    (stopped.folder / name).mkdir(parents=True)
    if name == "scratch":
        (stopped.folder / name).rmdir()
        (stopped.folder / name).write_text("")
    with pytest.raises(LocalAwsFailed, match="cannot use"):
        stopped.up()
    assert processes_of(stopped.folder) == []


def test_both_listeners_on_one_port_are_refused(stopped: LocalAws, taken_port: int) -> None:
    port = taken_port + 1 if taken_port < 60_000 else taken_port - 1
    with pytest.raises(BadInput, match="device_port"):
        stopped.up(gateway_port=port, device_port=port)


def test_up_on_other_ports_than_it_runs_on_is_refused(local_aws: LocalAws) -> None:
    with pytest.raises(BadInput, match="fota local down"):
        local_aws.up(gateway_port=1)


@pytest.mark.parametrize("field", ["gateway_port", "device_port"])
def test_a_port_in_use_is_named_and_nothing_runs(stopped: LocalAws, taken_port: int, field: str) -> None:
    with pytest.raises(LocalAwsFailed, match=f"port {taken_port} is in use.*`{field}`"):
        stopped.up(**{field: taken_port})  # type: ignore[arg-type]  # mypy does not know which fields
    assert processes_of(stopped.folder) == []


@pytest.mark.parametrize("port", [-1, 65_536])
def test_what_is_no_port_is_refused(stopped: LocalAws, port: int) -> None:
    with pytest.raises(BadInput, match="1 to 65535"):
        stopped.up(gateway_port=port)


def test_what_it_knew_it_knows_again_on_the_same_ports(
    stopped: LocalAws, request_for: StartRequest, tmp_path: Path
) -> None:
    with running(stopped):
        ports = stopped.status().gateway_url, stopped.status().device_endpoint
        trusted = stopped.ca_bundle.read_bytes()
        (thing,) = add_things(stopped.cloud(), ["pump"], tmp_path / "things2", stopped.thing_options())
        started = start_job(stopped.cloud(), StartRequest("pump", request_for.image, stopped.bucket, stopped.role))
    with running(stopped):
        assert (stopped.status().gateway_url, stopped.status().device_endpoint) == ports
        assert stopped.ca_bundle.read_bytes() == trusted
        assert job_status(stopped.cloud(), started.job_id).executions[0].thing == thing.name
        assert stopped.cloud().s3.head_object(Bucket=started.bucket, Key=started.key)


def test_down_leaves_no_process_and_no_port(stopped: LocalAws) -> None:
    with running(stopped):
        assert len(processes_of(stopped.folder)) == 1
        status = stopped.status()
    assert processes_of(stopped.folder) == []
    for address in (status.gateway_url, status.device_endpoint):
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", int(str(address).rsplit(":", 1)[-1]))) != 0


def test_down_does_not_wait_for_clients_that_stay(stopped: LocalAws) -> None:
    with running(stopped):
        cloud = stopped.cloud()
        cloud.s3.list_buckets()
        # Their idle connections would hold it up for longer than that.
        assert stopped.down(timeout_s=5)


def test_down_twice_is_harmless(stopped: LocalAws) -> None:
    stopped.up()
    assert (stopped.down(), stopped.down()) == (True, False)


def test_down_where_nothing_ever_ran_makes_nothing(stopped: LocalAws) -> None:
    assert not stopped.down()
    assert not stopped.folder.exists()


def test_a_process_that_only_has_the_number_is_left_alone(stopped: LocalAws) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        stopped.folder.mkdir()
        note = {"pid": stranger.pid, "started_ticks": 1, "gateway_port": 1, "device_port": 2}
        (stopped.folder / "running.json").write_text(json.dumps(note))
        assert (stopped.status().running, stopped.down()) == (False, False)
        assert stranger.poll() is None
        stranger.communicate(b"\n")


@pytest.mark.parametrize("note", ["", "{", "[]", '{"pid": "x"}'])
def test_a_note_that_cannot_be_read_counts_as_none(stopped: LocalAws, note: str) -> None:
    stopped.folder.mkdir()
    (stopped.folder / "running.json").write_text(note)
    assert not stopped.status().running


def test_two_commands_at_once_do_not_start_two(stopped: LocalAws) -> None:
    stopped.folder.mkdir()
    with (stopped.folder / "lock").open("w") as other:
        # The weakest lock there is: only one that is exclusive collides with it.
        fcntl.flock(other, fcntl.LOCK_SH)
        with pytest.raises(LocalAwsFailed, match="another command"):
            stopped.up()


def test_its_key_and_folder_are_for_their_owner_only(local_aws: LocalAws) -> None:
    assert stat.S_IMODE((local_aws.folder / "server.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(local_aws.folder.stat().st_mode) == 0o700


def test_the_operators_own_aws_settings_do_not_leak_into_it(local_aws: LocalAws) -> None:
    environment = Path(f"/proc/{local_aws.status().pid}/environ").read_bytes()
    assert b"AWS_" not in environment


def test_where_it_does_not_run_there_is_nothing_to_point_at(stopped: LocalAws) -> None:
    with pytest.raises(LocalAwsFailed, match="fota local up"):
        stopped.environment()


def test_a_start_that_takes_too_long_is_stopped(stopped: LocalAws) -> None:
    with pytest.raises(LocalAwsFailed, match="not ready in time"):
        stopped.up(timeout_s=0.01)
    assert processes_of(stopped.folder) == []


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalAwsFailed, match="cannot use"):
        LocalAws(tmp_path / "file" / "aws").up()
