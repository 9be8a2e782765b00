from collections.abc import Callable
from pathlib import Path

import pytest

from fota_operator.cli.wording import exit_status
from fota_operator.errors import BadInput, NotFound
from fota_operator.rollouts.plan.gate import Gate
from fota_operator.rollouts.plan.model import DEFAULT_STAGES, AbortRule, Plan, Stage, Targets
from fota_operator.rollouts.plan.patches import PlannedPatches
from fota_operator.rollouts.plan.table import table_of
from fota_operator.rollouts.plan.window import StageWindow
from fota_operator.rollouts.plan_file import PlanFile, default_name, read_plan

EXAMPLE = Path(__file__).parents[3] / "examples" / "rollout" / "plan.toml"
REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "rollout-plan.md"
SHA256 = "a" * 64
SMALLEST = 'release = "pump.fota"\ntargets.groups = ["pumps"]\n'
Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(text: str) -> Path:
        path = tmp_path / "plan.toml"
        path.write_text(text)
        return path

    return written


def plan_of(file: PlanFile) -> Plan:
    return file.plan(SHA256, product="pump", version="1.4.0")


EXAMPLE_PLAN = Plan(
    name="pump-1-4-0",
    release=SHA256,
    targets=Targets(("pump-lab-1", "pump-lab-2"), ("pumps-europe",), 100.0),
    stages=(
        Stage("canary", things=2, gate=Gate(100.0, 2, 60.0), rate_per_minute=2),
        Stage("some", percent=10.0, gate=Gate(95.0, 1, 1440.0)),
        Stage("all", percent=100.0, gate=Gate(90.0, 1, 0.0)),
    ),
    aborts=(AbortRule("ALL", 10.0, 2), AbortRule("REJECTED", 5.0, 20)),
    rate_per_minute=200,
    retries=1,
    timeout_minutes=4380,
    window=StageWindow("22:00", "04:00", ("mon", "tue", "wed", "thu"), "Europe/Berlin"),
    bucket="fota-123456789012-eu-west-1",
    role="fota-presign",
    duration_s=3600,
    most_things=5000,
    urgency="when-convenient",
    within_s=259_200,
    patches=PlannedPatches(("1.2.0", "1.3.0"), 4, "always"),
)


def test_the_example_says_what_its_comments_say() -> None:
    assert plan_of(read_plan(EXAMPLE)) == EXAMPLE_PLAN


def test_the_example_has_every_field() -> None:
    left_out = [name for name in paths(table_of(EXAMPLE_PLAN)) if f"{name} = " not in EXAMPLE.read_text()]
    assert left_out == []


def test_the_reference_has_every_field() -> None:
    left_out = [name for name in paths(table_of(EXAMPLE_PLAN)) if f"{name}`" not in REFERENCE.read_text()]
    assert left_out == []


def paths(table: object) -> set[str]:
    """The names of all fields that are no tables."""
    if isinstance(table, dict):
        inner = {name for name, value in table.items() if not has_tables(value)}
        return inner.union(*(paths(value) for value in table.values() if has_tables(value)))
    return set().union(*map(paths, table)) if isinstance(table, list) else set()


def has_tables(value: object) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


def test_the_smallest_file_has_a_canary_and_an_abort_rule(write: Write) -> None:
    plan = plan_of(read_plan(write(SMALLEST)))
    assert (plan.stages, plan.aborts) == (DEFAULT_STAGES, (AbortRule(),))


def test_the_smallest_file_is_a_plan_with_all_defaults(write: Write) -> None:
    assert plan_of(read_plan(write(SMALLEST))) == Plan("pump-1-4-0", SHA256, Targets(groups=("pumps",)))


def test_a_release_lies_relative_to_the_file(write: Write) -> None:
    path = write(SMALLEST)
    assert read_plan(path).release_path == path.parent / "pump.fota"


def test_a_release_named_by_a_flag_lies_relative_to_the_working_directory(write: Write) -> None:
    assert read_plan(write(SMALLEST), {"release": Path("other.fota")}).release_path == Path("other.fota")


def test_flags_alone_are_a_plan() -> None:
    file = read_plan(None, {"release": "pump.fota", "name": "mine", "targets": {"things": ["pump-1"]}})
    assert plan_of(file) == Plan("mine", SHA256, Targets(things=("pump-1",)))


def test_a_flag_replaces_a_field_and_leaves_those_beside_it(write: Write) -> None:
    file = read_plan(write(SMALLEST), {"targets": {"percent": 5, "things": None}, "retries": 2, "name": None})
    assert plan_of(file) == Plan("pump-1-4-0", SHA256, Targets(groups=("pumps",), percent=5.0), retries=2)


def test_without_a_canary_all_get_it_at_once(write: Write) -> None:
    assert plan_of(read_plan(write(f"canary = false\n{SMALLEST}"))).stages == DEFAULT_STAGES[-1:]


@pytest.mark.parametrize("size", ["percent = 10", "things = 500"])
def test_a_first_stage_of_a_tenth_or_of_a_number_is_a_canary(write: Write, size: str) -> None:
    path = write(f"{SMALLEST}[[stages]]\nname='a'\n{size}\n[[stages]]\nname='b'\npercent=100")
    assert len(plan_of(read_plan(path)).stages) == 2


@pytest.mark.parametrize(
    ("text", "field", "off"),
    [("aborts = false", "aborts", ()), ("timeout-minutes = false", "timeout_minutes", None)],
)
def test_what_protects_is_switched_off_on_purpose_only(write: Write, text: str, field: str, off: object) -> None:
    assert getattr(plan_of(read_plan(write(f"{text}\n{SMALLEST}"))), field) == off


def test_the_order_of_targets_and_days_means_nothing(write: Write) -> None:
    text = f"release='r'\ntargets.things=['b', 'a', 'b']\n{WINDOW}days=['fri', 'mon']"
    plan = plan_of(read_plan(write(text)))
    assert (plan.targets.things, plan.window and plan.window.days) == (("a", "b"), ("mon", "fri"))


STAGES = "[[stages]]\nname='canary'\nthings=1\n[[stages]]\nname='all'\npercent=100\n"
WINDOW = "[window]\nbegin='01:00'\nend='02:00'\n"
ABORTS = "[[aborts]]\npercent=20\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = 'Pump'", "name: expected 1 to 40 small letters, digits and dashes, no dash first, got 'Pump'"),
        ("name = '-a'", "name: expected"),
        (f"name = '{'a' * 41}'", "name: expected"),
        ("name = 7", "name: expected"),
        ("rate-per-minute = 0", "rate-per-minute: expected a whole number from 1 to 2250, got 0"),
        ("rate-per-minute = 2251", "rate-per-minute: expected"),
        ("rate-per-minute = 1.0", "rate-per-minute: expected a whole number from 1 to 2250, got 1.0"),
        ("rate-per-minute = true", "rate-per-minute: expected"),
        ("retries = 11", "retries: expected a whole number from 0 to 10, got 11"),
        ("timeout-minutes = 0", "timeout-minutes: expected a whole number from 1 to 10080, or false, got 0"),
        ("timeout-minutes = 10081", "timeout-minutes: expected"),
        ("timeout-minutes = true", "timeout-minutes: expected"),
        ("duration-s = 59", "duration-s: expected a whole number from 60 to 3600, got 59"),
        ("duration-s = 3601", "duration-s: expected"),
        ("most-things = 0", "most-things: expected"),
        ("bucket = 'A_b'", "bucket: expected the name of a bucket, got 'A_b'"),
        ("bucket = 'a..b'", "bucket: expected the name of a bucket, got 'a..b'"),
        ("role = 'a role'", "role: expected the name of a role, or its ARN, got 'a role'"),
        ("role = 'r\u00f4le'", "role: expected"),
        ("role = 'arn:aws:iam::1:role/x'", "role: expected"),
        ("canary = 0", "canary: expected true or false, got 0"),
        ("targets.things = ['a b']", "targets.things: expected a list of names of things (not 'a b'), got ['a b']"),
        ("targets.things = 'a'", "targets.things: expected a list of names of things, got 'a'"),
        ("targets.things = [1]", "targets.things: expected"),
        (f"targets.things = ['{'a' * 129}']", "targets.things: expected"),
        ("targets.groups = ['a/b']", "targets.groups: expected a list of names of groups"),
        ("targets.percent = 0", "targets.percent: expected a percentage above 0 and up to 100, with 2 decimals"),
        ("targets.percent = 100.01", "targets.percent: expected"),
        ("targets.percent = 0.001", "targets.percent: expected"),
        ("targets.percent = nan", "targets.percent: expected"),
        ("targets.percent = true", "targets.percent: expected"),
        ("targets = 1", "targets: expected a table, got 1"),
        ("rate_per_minute = 5", "rate_per_minute: no such field; did you mean rate-per-minute?"),
        ("targets.group = ['a']", "targets.group: no such field; did you mean groups?"),
        ("zebra = 1", "zebra: no such field; there are name, release, targets"),
        (f"{STAGES}gate.soak = 1", "stages[2].gate.soak: no such field; did you mean soak-minutes?"),
        (f"{STAGES}gate.soak-minutes = -1", "stages[2].gate.soak-minutes: expected a number from 0 to 43200, got -1"),
        (f"{STAGES}gate.soak-minutes = inf", "stages[2].gate.soak-minutes: expected"),
        (f"{STAGES}gate.soak-minutes = '5'", "stages[2].gate.soak-minutes: expected"),
        (f"{STAGES}gate.succeeded-percent = 101",
         "stages[2].gate.succeeded-percent: expected a percentage from 0 to 100"),
        (f"{STAGES}gate.succeeded-least = 0", "stages[2].gate.succeeded-least: expected"),
        (f"{STAGES}rate-per-minute = 0", "stages[2].rate-per-minute: expected"),
        (f"{STAGES}things = 5", "stages[2]: expected either things or percent, got both"),
        (f"{STAGES}[[stages]]\nname='x'", "stages[3]: expected either things or percent, got neither"),
        (f"{STAGES}[[stages]]\nthings=1", "stages[3].name: missing"),
        (f"{STAGES}[[stages]]\nname='x'\npercent=100", "stages[3].percent: expected more than 100, got 100"),
        (f"[[stages]]\nname='x'\nthings=3\n[[stages]]\nname='y'\nthings=3\n{STAGES}",
         "stages[2].things: expected more than 3, got 3"),
        (f"{STAGES}[[stages]]\nname='x'\nthings=9", "stages[3].percent: expected 100, since it is the last"),
        ("[[stages]]\nname='a'\nthings=9\n[[stages]]\nname='a'\npercent=100",
         "stages[2].name: expected a name of its own, got 'a' again"),
        ("[[stages]]\nname='A'\npercent=100", "stages[1].name: expected"),
        ("[[stages]]\nname='a'\npercent=100", "stages: expected a canary first, of a number of things or at most 10"),
        ("[[stages]]\nname='a'\npercent=11\n[[stages]]\nname='b'\npercent=100", "stages: expected a canary first"),
        ("stages = []", "stages: expected a list of 1 to 20 tables, got []"),
        ("stages = [1]", "stages[1]: expected a table, got 1"),
        ("".join(f"[[stages]]\nname='s{n}'\nthings={n}\n" for n in range(1, 22)),
         "stages: expected a list of 1 to 20"),
        ("aborts = []", "aborts: expected a list of 1 to 4 tables, or false, got []"),
        ("aborts = true", "aborts: expected"),
        (f"{ABORTS}failure='CANCELED'", "aborts[1].failure: expected one of ALL, FAILED, REJECTED, TIMED_OUT, got"),
        (f"{ABORTS}least=0", "aborts[1].least: expected"),
        (f"{ABORTS}{ABORTS}", "aborts: expected one rule for a kind of failure, got two"),
        ("aborts = [{percent=0}]", "aborts[1].percent: expected"),
        ("aborts = [{percent=33.333}]", "aborts[1].percent: expected"),
        (f"{WINDOW}zone='Mars/Base'", "window.zone: expected a time zone that this machine knows"),
        (f"{WINDOW}zone='../etc/passwd'", "window.zone: expected"),
        (f"{WINDOW}zone=''", "window.zone: expected"),
        (f"{WINDOW}days=['monday']",
         "window.days: expected a list of days (mon, tue, wed, thu, fri, sat, sun) (not 'monday')"),
        (f"{WINDOW}days=[]", "window.days: expected a list of days"),
        ("window = {begin='24:00', end='01:00'}",
         'window.begin: expected a time as "HH:MM", in quotes, got \'24:00\''),
        ("window = {begin='1:00', end='02:00'}", "window.begin: expected"),
        ("window = {begin=01:00:00, end='02:00'}", "window.begin: expected"),
        ("window = {begin='01:00'}", "window.end: missing"),
        ("window = {begin='01:00', end='02:0x'}", "window.end: expected"),
        ("window = {begin='01:00', end='\u0660\u0662:\u0660\u0660'}", "window.end: expected"),
    ],
)  # fmt: skip
def test_a_bad_field_is_refused_with_its_path_what_it_takes_and_what_came(
    write: Write, text: str, message: str
) -> None:
    targets = "" if text.startswith("targets") else "targets.groups = ['pumps']\n"
    with pytest.raises(BadInput) as refused:
        read_plan(write(f'release = "r"\n{targets}{text}\n'))
    assert str(refused.value).startswith(message)
    assert exit_status(refused.value) == 2


def test_a_long_value_is_shown_in_part(write: Write) -> None:
    with pytest.raises(BadInput) as refused:
        read_plan(write(f"{SMALLEST}name = '{'x' * 5000}'"), None)
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize("text", ["", "release = ''", "release = 5"])
def test_a_plan_without_a_release_is_refused(write: Write, text: str) -> None:
    with pytest.raises(BadInput, match="release: expected the path of a release"):
        read_plan(write(f"{text}\ntargets.groups = ['pumps']"))


def test_a_plan_without_targets_is_refused(write: Write) -> None:
    with pytest.raises(BadInput, match="targets: expected things or groups"):
        read_plan(write('release = "r"'))


def test_what_is_not_toml_is_refused_with_its_line(write: Write) -> None:
    with pytest.raises(BadInput, match="line 2"):
        read_plan(write("retries = 1\nretries\n"))


def test_what_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_bytes(b"\xff")
    with pytest.raises(BadInput, match=r"plan\.toml"):
        read_plan(tmp_path / "plan.toml")


def test_a_file_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"plan\.toml"):
        read_plan(tmp_path / "plan.toml")


@pytest.mark.parametrize(
    ("product", "version", "name"),
    [
        ("pump", "1.4.0", "pump-1-4-0"),
        ("Pump_X", "1.4.0+build 7", "pump-x-1-4-0-build-7"),
        ("__", "1", "1"),
        ("p" * 37, "12", "p" * 37 + "-12"),
    ],
)
def test_a_rollout_without_a_name_is_named_after_its_release(product: str, version: str, name: str) -> None:
    assert default_name(product, version) == name


def test_two_versions_of_a_product_with_a_long_name_are_two_rollouts() -> None:
    first, second = (default_name("p" * 64, version) for version in ("1.4.0", "1.4.1"))
    assert first != second
    assert len(first) == len(second) == 40


def test_a_release_that_gives_no_name_is_refused() -> None:
    with pytest.raises(BadInput, match="name: none can be made"):
        default_name("__", "_")
