import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fota_operator.account.roles import TRUST_IOT
from fota_operator.cloud import Cloud
from fota_operator.jobs import progress
from fota_operator.jobs.progress import JobStatus, job_status
from fota_operator.local.aws import LocalAws
from tests.labs.device_side import DeviceSide
from tests.labs.fota_command import FotaCommand

pytestmark = pytest.mark.e2e

Start = Callable[..., list[object]]


@pytest.fixture
def start(thing: str, image_file: Path, local_aws: LocalAws) -> Start:
    """The arguments of a `fota start` that would be granted, with any of them exchanged."""

    def arguments(**others: object) -> list[object]:
        given = {"thing": thing, "firmware": image_file, "bucket": local_aws.bucket, "role": local_aws.role}
        return ["start", *(given | others).values()]

    return arguments


@pytest.fixture
def job_id(fota: FotaCommand, start: Start) -> str:
    return fota(*start()).stdout.strip()


def run(
    *arguments: object, source: str = "from fota_operator.cli.main import main; main()"
) -> "subprocess.CompletedProcess[str]":
    """The command as a process of its own."""
    command = [sys.executable, "-c", source, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def test_start_prints_the_id_of_the_job_and_nothing_else(fota: FotaCommand, start: Start, cloud: Cloud) -> None:
    result = fota(*start())
    assert result.exit_code == 0
    assert job_status(cloud, result.stdout.strip()).status == "IN_PROGRESS"


def test_start_says_what_it_did_on_stderr(fota: FotaCommand, start: Start) -> None:
    assert "Uploaded s3://fota-images/fota/" in fota(*start()).stderr


def test_start_can_answer_in_json(fota: FotaCommand, start: Start, thing: str) -> None:
    started = json.loads(fota(*start(), "--json").stdout)
    assert (started["thing"], started["dry_run"]) == (thing, False)


def test_start_dry_prints_the_document_and_makes_no_job(
    fota: FotaCommand, start: Start, thing: str, jobs_of: Callable[[str], list[str]]
) -> None:
    result = fota(*start(), "--dry-run", "--slot", "1")
    assert (json.loads(result.stdout)["bc_idx"], jobs_of(thing)) == (1, [])


@pytest.fixture
def stranger(cloud: Cloud, new_name: Callable[[], str]) -> str:
    name = new_name()
    trust = json.dumps(TRUST_IOT).replace("iot.amazonaws.com", "ec2.amazonaws.com")
    cloud.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    return name


@pytest.mark.parametrize(
    ("others", "options", "names", "exit_status"),
    [
        ({"thing": "nobody"}, [], "no thing nobody", 1),
        ({"thing": "no/body"}, [], "not a thing name", 2),
        ({"role": "nobody"}, [], "no role nobody", 1),
        ({"bucket": "nobodys-bucket"}, [], "no bucket nobodys-bucket", 1),
        ({"bucket": "No Bucket"}, [], "No Bucket", 2),
        ({"firmware": "none.pyz"}, [], "cannot read none.pyz", 1),
        ({"firmware": __file__}, [], "is no zipapp, littlefs", 2),
        ({}, ["--duration", 59], "expected 60 to 3600, got 59", 2),
        ({}, ["--duration", 3601], "expected 60 to 3600, got 3601", 2),
        ({}, ["--slot", -1], "--slot", 2),
    ],
)
def test_defect_57_an_error_is_one_line_that_says_what_to_do(
    fota: FotaCommand, start: Start, others: dict[str, object], options: list[object], names: str, exit_status: int
) -> None:
    result = fota(*start(**others), *options)
    assert (result.exit_code, result.stdout) == (exit_status, "")
    assert re.fullmatch(rf"fota: .*{re.escape(names)}.*; .*\n", result.stderr)


def test_a_role_that_iot_may_not_assume_ends_in_one_line(fota: FotaCommand, start: Start, stranger: str) -> None:
    result = fota(*start(role=stranger))
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "trust policy" in result.stderr


def test_without_credentials_the_command_ends_in_one_line(elsewhere: FotaCommand, start: Start) -> None:
    result = elsewhere(*start())
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "aws configure" in result.stderr


def test_a_dead_endpoint_ends_the_command_in_one_line(
    fota: FotaCommand, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One try is enough where nobody will answer.
    monkeypatch.setattr("fota_operator.cloud.MAX_ATTEMPTS", 1)
    result = FotaCommand(fota.environment | {"AWS_ENDPOINT_URL": "https://localhost:1"})(*start())
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "no answer from https://localhost:1" in result.stderr


@pytest.mark.parametrize("arguments", [["start"], ["watch"], ["nonsense"], ["status", "--nonsense"]])
def test_a_misused_command_ends_with_2(fota: FotaCommand, arguments: list[str]) -> None:
    assert fota(*arguments).exit_code == 2


def test_status_shows_thing_status_reason_and_message(
    fota: FotaCommand, job_id: str, thing: str, device: DeviceSide
) -> None:
    device.report(thing, job_id, "FAILED", reason="rolled-back", message="it [never] answered")
    lines = fota("status", job_id).stdout.splitlines()
    assert lines[0] == f"{job_id}: 1 of 1 failed; to AWS the job is COMPLETED"
    assert lines[2].split(maxsplit=3) == [thing, "FAILED", "rolled-back", "it [never] answered"]


def test_status_in_json_has_every_fact(fota: FotaCommand, job_id: str, thing: str, device: DeviceSide) -> None:
    device.report(thing, job_id, "IN_PROGRESS", step="download", progress="40 %")
    status = json.loads(fota("status", job_id, "--json").stdout)
    assert (status["job_id"], status["ended"], status["succeeded"]) == (job_id, False, False)
    (execution,) = status["executions"]
    assert execution["details"] == {"step": "download", "progress": "40 %"}
    assert execution["started_at"]


@pytest.mark.parametrize("command", ["status", "watch", "cancel"])
def test_a_job_that_is_not_there_ends_the_command_in_one_line(fota: FotaCommand, command: str) -> None:
    result = fota(command, "fota-none")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)


@pytest.mark.parametrize(("end", "exit_status"), [("SUCCEEDED", 0), ("FAILED", 1), ("REJECTED", 1)])
def test_the_exit_status_of_watch_says_how_the_job_ended(
    fota: FotaCommand, job_id: str, thing: str, device: DeviceSide, end: str, exit_status: int
) -> None:
    device.report(thing, job_id, end)
    assert fota("watch", job_id).exit_code == exit_status


def test_watch_tells_each_change_in_a_line_where_there_is_no_terminal(
    fota: FotaCommand, job_id: str, thing: str, device: DeviceSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    to_come = iter(("IN_PROGRESS", "SUCCEEDED"))
    look = progress._job_status

    def report_next(cloud: Cloud, job: str, within_s: Callable[[], int | None]) -> JobStatus:
        status = look(cloud, job, within_s)
        if (reported := next(to_come, None)) is not None:
            device.report(thing, job_id, reported, step="download")
        return status

    # The device acts between the looks of the command, which is in this very process.
    monkeypatch.setattr("fota_operator.jobs.progress._job_status", report_next)
    result = fota("watch", job_id, "--interval", 0.01, "--timeout", 60)
    assert result.stderr.splitlines() == [
        f"{thing}: QUEUED",
        f"{thing}: IN_PROGRESS step download",
    ]


def test_watch_that_gives_up_ends_with_1(fota: FotaCommand, job_id: str) -> None:
    result = fota("watch", job_id, "--timeout", 0.05, "--interval", 0.01)
    assert (result.exit_code, "has not ended within 0.05 s" in result.stderr) == (1, True)


def test_cancel_shows_what_became_of_the_job(fota: FotaCommand, job_id: str) -> None:
    assert json.loads(fota("cancel", job_id, "--json").stdout)["status"] == "CANCELED"


def test_cancel_dry_changes_nothing(fota: FotaCommand, job_id: str) -> None:
    assert json.loads(fota("cancel", job_id, "--dry-run", "--json").stdout)["status"] == "IN_PROGRESS"


def test_things_are_added_and_cleaned_up(fota: FotaCommand, tmp_path: Path, cloud: Cloud) -> None:
    folder = tmp_path / "fleet"
    added = fota("things", "add", "--base-name", "fleet", "--count", 2, "--folder", folder, "--json")
    assert [one["name"] for one in json.loads(added.stdout)] == ["fleet-1", "fleet-2"]
    assert (folder / "fleet-2" / "thing.conf.json").is_file()
    removed = fota("things", "cleanup", "--folder", folder)
    assert (removed.exit_code, removed.stdout.split()) == (0, ["fleet-1", "fleet-2"])


def test_things_connect_where_the_local_aws_says(
    fota: FotaCommand, tmp_path: Path, local_aws: LocalAws, new_name: Callable[[], str]
) -> None:
    name = new_name()
    fota("things", "add", name, "--folder", tmp_path)
    conf = json.loads((tmp_path / name / "thing.conf.json").read_text())
    assert conf["endpoint"] == local_aws.status().device_endpoint


def test_adding_again_says_that_they_were_there(
    fota: FotaCommand, tmp_path: Path, new_name: Callable[[], str]
) -> None:
    name = new_name()
    arguments = ("things", "add", name, "--folder", tmp_path)
    assert ("was there" in fota(*arguments).stdout, "was there" in fota(*arguments).stdout) == (False, True)


@pytest.mark.parametrize(
    "arguments", [[], ["a", "--base-name", "b", "--count", 1], ["--base-name", "b"], ["a", "--count", 1]]
)
def test_which_things_must_be_clear(fota: FotaCommand, arguments: list[object]) -> None:
    result = fota("things", "add", *arguments)
    assert (result.exit_code, "which things" in result.stderr) == (2, True)


def test_an_image_is_built(fota: FotaCommand, program: Path, tmp_path: Path) -> None:
    out = tmp_path / "new.pyz"
    result = fota("image", "build", program, "-o", out, "--version", "2.0")
    assert (result.exit_code, result.stdout.strip(), out.is_file()) == (0, str(out), True)


def test_the_local_aws_goes_up_and_down(fota: FotaCommand, tmp_path: Path) -> None:
    folder = tmp_path / "aws"
    up = fota("local", "up", "--folder", folder)
    try:
        assert "Only this machine reaches it" in up.stderr
        assert json.loads(fota("local", "status", "--folder", folder, "--json").stdout)["running"] is True
    finally:
        down = fota("local", "down", "--folder", folder)
    assert (up.exit_code, down.exit_code) == (0, 0)
    assert fota("local", "status", "--folder", folder).stdout == "stopped\n"


def test_the_environment_of_the_local_aws_is_for_a_shell(fota: FotaCommand, local_aws: LocalAws) -> None:
    exports = fota("local", "env", "--folder", local_aws.folder).stdout
    shell = subprocess.run(
        ["sh", "-c", exports + 'printf "%s %s" "$AWS_ENDPOINT_URL" "$SSL_CERT_FILE"'], capture_output=True, text=True
    )
    assert shell.stdout == f"{local_aws.status().gateway_url} {local_aws.ca_bundle}"


def test_without_the_extra_the_command_says_how_to_get_it() -> None:
    result = run(
        "--help", source="import sys; sys.modules['typer'] = None; from fota_operator.cli.main import main; main()"
    )
    assert (result.returncode, result.stderr.count("\n")) == (2, 1)
    assert "in a clone of this library's repository: pip install '.[operator]'" in result.stderr


def test_without_boto3_the_command_says_how_to_get_it(image_file: Path) -> None:
    source = "import sys; sys.modules['boto3'] = None; from fota_operator.cli.main import main; main()"
    result = run("start", "thing", image_file, "bucket", "role", source=source)
    assert (result.returncode, "pip install '.[operator]'" in result.stderr) == (2, True)


def test_help_is_fast_because_it_imports_nothing_slow() -> None:
    source = "import sys; import fota_operator.cli.app; print(*sys.modules)"
    imported = set(run(source=source).stdout.split())
    assert "typer" in imported
    assert not imported & {"boto3", "botocore", "rich", "cryptography", "paho"}


def test_the_command_is_installed() -> None:
    fota = Path(sys.executable).with_name("fota")
    assert subprocess.run([fota, "--version"], capture_output=True, text=True).stdout.startswith("0.")
