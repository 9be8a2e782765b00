"""The example for CI: a workflow whose every command is run, in order, against a local AWS and scripted things."""

import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from fota_operator.local.aws import LocalAws
from tests.labs.docs_pages import ROOT, read
from tests.labs.fleet import Fleet
from tests.labs.fota_command import parse_fota

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TIMEOUT_S = 120.0
WORKFLOW = ROOT / "examples/ci/firmware.yml"
LOCK = ROOT / "examples/ci/requirements.txt"
FOTA = "python -m fota_operator "
# What a parsed YAML file holds is anything.
Job = dict[str, Any]


@pytest.fixture(scope="module")
def workflow() -> Job:
    parsed: Job = yaml.safe_load(WORKFLOW.read_text())
    return parsed


def commands(job: Job) -> list[str]:
    """The lines that a job runs."""
    return [line for step in job["steps"] for line in step.get("run", "").splitlines()]


def test_every_command_of_the_workflow_can_be_typed_like_that(workflow: Job) -> None:
    ours = [line for job in workflow["jobs"].values() for line in commands(job) if line.startswith(FOTA)]
    assert len(ours) >= 7
    for line in ours:
        parse_fota(shlex.split(line)[3:])


def test_everything_that_runs_is_named_by_its_content(workflow: Job) -> None:
    for job in workflow["jobs"].values():
        for step in job["steps"]:
            assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", step.get("uses", "a@" + "0" * 40))
    (library,) = [
        step["with"] for step in workflow["jobs"]["build"]["steps"] if step.get("with", {}).get("path") == "library"
    ]
    assert library["ref"] == "${{ vars.FOTA_COMMIT }}"
    assert 'test "$(git -C library rev-parse HEAD)" = "$COMMIT"' in commands(workflow["jobs"]["build"])


def test_nothing_is_installed_in_a_job_that_may_do_something_with_aws(workflow: Job) -> None:
    for name, job in workflow["jobs"].items():
        trusted = "id-token" in job["permissions"]
        installs = [line for line in commands(job) if re.search(r"\b(pip|uv|pipx|curl|wget|npm)\b", line)]
        assert (trusted, len(installs)) == ((False, 1) if name == "build" else (True, 0))
        for line in installs:
            assert {"--require-hashes", "--no-deps", "--only-binary"} <= set(line.split())


def test_the_lock_holds_each_dependency_of_the_command_by_one_digest() -> None:
    lines = [line for line in LOCK.read_text().splitlines() if not line.startswith("#")]
    locked = {line.split("==")[0] for line in lines}
    for line in lines:
        assert re.fullmatch(r"[a-z0-9_.-]+==[0-9a-z.]+ --hash=sha256:[0-9a-f]{64}", line)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["operator"]
    assert {re.split(r"[><=;]", one)[0] for one in wanted if "python_version <" not in one} <= locked


def test_no_text_of_the_repository_tells_to_install_a_name_that_is_not_ours() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "*.py", "*.md", "*.yml", "*.toml", "*.txt", "*.sh", "Makefile"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    told = re.compile(r"pip3? install[^\n`\"]*(?<![./])aws-iot-fota")
    assert [
        name for name in listed if name != "tests/docs/test_ci.py" and told.search((ROOT / name).read_text())
    ] == []


def test_a_person_is_asked_between_the_canary_and_the_rest(workflow: Job) -> None:
    canary, rest = workflow["jobs"]["canary"], workflow["jobs"]["rest"]
    assert commands(canary)[-1].startswith(f"{FOTA}rollout wait")
    assert (rest["needs"], rest["environment"]) == ("canary", "production")


def test_no_secret_is_stored_with_the_repository(workflow: Job) -> None:
    text = WORKFLOW.read_text()
    assert "secrets." not in text
    assert "aws-access-key-id" not in text
    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        rights = {"contents": "read"} if name == "build" else {"contents": "read", "id-token": "write"}
        assert job["permissions"] == rights


def test_the_job_that_signs_cannot_roll_out_and_those_that_roll_out_cannot_sign(workflow: Job) -> None:
    roles = {
        name: [step["with"]["role-to-assume"] for step in job["steps"] if "role-to-assume" in step.get("with", {})]
        for name, job in workflow["jobs"].items()
    }
    assert roles["release"] == ["${{ vars.FOTA_SIGNING_ROLE }}"]
    assert roles["canary"] == roles["rest"] == ["${{ vars.FOTA_ROLLOUT_ROLE }}"]


def test_each_job_ends_within_the_session_of_its_role(workflow: Job) -> None:
    for job in [job for name, job in workflow["jobs"].items() if name != "build"]:
        (session_s,) = [
            step["with"].get("role-duration-seconds", 3600)
            for step in job["steps"]
            if "aws-region" in step.get("with", {})
        ]
        assert job["timeout-minutes"] * 60 <= session_s


def test_every_wait_of_the_workflow_ends_before_its_job_does(workflow: Job) -> None:
    for job in workflow["jobs"].values():
        waits = [int(found) for line in commands(job) for found in re.findall(r"--timeout (\d+)", line)]
        assert sum(waits) < job["timeout-minutes"] * 60


def test_the_page_names_every_variable_and_environment(workflow: Job) -> None:
    page = read("docs/how-to/ci.md")
    environments = {job["environment"] for job in workflow["jobs"].values() if "environment" in job}
    variables = set(re.findall(r"vars\.(\w+)", WORKFLOW.read_text()))
    assert {name for name in environments | variables if f"`{name}`" not in page} == set()


@pytest.fixture
def account(tmp_path: Path) -> Iterator[LocalAws]:
    """An AWS of its own: the page makes it ready under the default names."""
    local = LocalAws(tmp_path / "aws")
    local.up()
    yield local
    local.down()


@pytest.fixture
def repository(tmp_path: Path, account: LocalAws) -> Path:
    """What the page says has to be there first: the repository, the key in KMS, and what AWS needs."""
    (tmp_path / "firmware").mkdir()
    (tmp_path / "firmware/__main__.py").write_text("print('pump')\n")
    # The same plan, but that nobody waits for an hour.
    plan = (ROOT / "examples/ci/rollout.toml").read_text()
    (tmp_path / "rollout.toml").write_text(re.sub(r"soak-minutes = \d+", "soak-minutes = 0", plan))
    kms = account.cloud().kms
    key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName="alias/firmware", TargetKeyId=key)
    for line in page_commands():
        type_in(tmp_path, account, line)
    return tmp_path


def page_commands() -> list[str]:
    """What the page tells to type before the first workflow runs."""
    before = read("docs/how-to/ci.md").partition("## When a stage")[0]
    return [line.strip() for line in before.splitlines() if line.startswith("   fota ")]


def type_in(folder: Path, local: LocalAws, line: str, turn: Callable[[], object] = lambda: None) -> None:
    """Run a line as the runner would, while the things act."""
    turn()
    runner = {"GITHUB_REF_NAME": "v1.4.0", "ROLLOUT": "pump-17"}
    path = {"PATH": f"{Path(sys.executable).parent}:{os.defpath}", "PYTHONPATH": f"{ROOT}/src"}
    process = subprocess.Popen(["bash", "-eu", "-c", line], cwd=folder, env=runner | path | local.environment())
    deadline = time.monotonic() + TIMEOUT_S
    while process.poll() is None and time.monotonic() < deadline:
        turn()
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
    process.kill()
    assert process.wait() == 0, line


@pytest.mark.e2e
def test_the_workflow_rolls_out_to_the_canary_and_after_the_approval_to_the_rest(
    workflow: Job, repository: Path, account: LocalAws
) -> None:
    cloud = account.cloud()
    fleet = Fleet(account, [f"ci-pump-{number}" for number in range(20)]).register(cloud)
    cloud.iot.create_thing_group(thingGroupName="pumps")
    for name in fleet.names:
        cloud.iot.add_thing_to_thing_group(thingGroupName="pumps", thingName=name)
    reached = []
    for job in ("build", "release", "canary", "rest"):
        for line in commands(workflow["jobs"][job]):
            if line.startswith(FOTA):
                hurried = " --interval 0.2" if "rollout run" in line else ""
                type_in(repository, account, line + hurried, fleet.turn)
        reached.append(len(fleet.reached))
    assert reached == [0, 0, 5, 20]
