import pytest

from fota_operator.cli.wording import exit_status, worded
from fota_operator.errors import BadInput, CloudRefused, NotFound, OperatorError


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("`duration_s`: expected 60 to 3600, got 5", "--duration: expected 60 to 3600, got 5"),
        ("name one with `keyring`", "name one with --keyring"),
        ("give `signers` or `not_before`", "give --sign or --not-before"),
        ("run `fota bootstrap role=signer bucket=a.b`", "run `fota bootstrap --role signer --bucket a.b`"),
        ("build it with `fota image build micropython=yes`", "build it with `fota image build --micropython`"),
        ("use `fota release create ... signers=A signers=B`", "use `fota release create ... --sign A --sign B`"),
    ],
)
def test_the_command_shows_its_options_where_the_library_names_fields(said: str, shown: str) -> None:
    assert worded(said) == shown


@pytest.mark.parametrize(
    "said",
    [
        "write `percent` under [targets]",
        "or write `canary = false`",
        "its policy holds bucket=name",
        "`fota rollout resume pump` goes on",
        "start a job whose document has `bc_insist=true`",
        "see `fota explain JOB colour=red`",
    ],
)
def test_what_is_no_field_of_a_command_stays_as_it_is(said: str) -> None:
    assert worded(said) == said


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (BadInput("a"), 2),
        (NotFound("a"), 1),
        (OperatorError("a"), 1),
        (CloudRefused("a", code="b"), 1),
    ],
)
def test_only_what_was_asked_wrongly_ends_with_2(error: OperatorError, status: int) -> None:
    assert exit_status(error) == status
