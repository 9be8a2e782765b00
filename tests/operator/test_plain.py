import json

import pytest
import typer

from fota_operator.cli.output import answer, answer_json, answer_table, ending_on_errors, talk
from fota_operator.errors import BadInput
from fota_operator.plain import plain, visible
from tests.labs.fota_command import FotaCommand


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("it never answered", "it never answered"),
        (
            "403 from https://b.s3.amazonaws.com/k?X-Amz-Signature=f00&b=1 twice",
            "403 from https://b.s3.amazonaws.com/k twice",
        ),
        ("HTTPS://B/K?SECRET and http://c/?x", "HTTPS://B/K and http://c/"),
        ("what? why", "what? why"),
        ("red \x1b[31malert\x1b]0;title\x07", "red [31malert ]0;title"),
        ("two\nlines\tand a return\r", "two lines and a return"),
        ("backwards \u202egnp.exe", "backwards gnp.exe"),
        ("größer als 5 °C", "größer als 5 °C"),
    ],
)
def test_what_a_device_says_is_shown_on_one_line_without_secrets_or_orders_to_the_terminal(
    said: str, shown: str
) -> None:
    assert plain(said) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("pump-1\tadded\n", "pump-1\tadded\n"),
        ("größer als 5 °C", "größer als 5 °C"),
        ("a\x1b[2Jb\x1b]0;title\x07", "a\\x1b[2Jb\\x1b]0;title\\x07"),
        ("one\rtwo\x00\x7f\x9b", "one\\rtwo\\x00\\x7f\\x9b"),
        ("backwards \u202egnp.exe", "backwards \\u202egnp.exe"),
        ("bytes of a name \udcff", "bytes of a name \\udcff"),
    ],
)
def test_what_a_terminal_obeys_is_shown_as_what_it_is(text: str, shown: str) -> None:
    assert visible(text) == shown


ORDER = "\x1b]0;owned\x07\x1b[2J"


def test_no_output_of_the_command_holds_an_order_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    talk(f"a {ORDER}")
    answer(f"b {ORDER}")
    answer_table(("X",), [(f"c {ORDER}",)])
    answer_json({"d": ORDER})
    with pytest.raises(typer.Exit), ending_on_errors():
        raise BadInput(f"e {ORDER}", f"f {ORDER}")
    out, err = capsys.readouterr()
    assert "\x1b" not in out + err
    assert "\x07" not in out + err
    assert json.loads(out[out.index("{") :]) == {"d": ORDER}


@pytest.mark.parametrize(
    "words", [("release", "show"), ("rollout", "plan"), ("image", "build", "-o", "x", "--version", "1")]
)
def test_a_file_name_with_orders_to_the_terminal_is_shown_escaped(words: tuple[str, ...]) -> None:
    result = FotaCommand()(*words, f"none{ORDER}")
    assert result.exit_code != 0
    assert "none\\x1b" in result.stderr
    assert "\x1b" not in result.output


@pytest.mark.parametrize(
    "words",
    [
        (ORDER,),
        (f"--{ORDER}",),
        ("start", f"--{ORDER}"),
        ("status", "job", ORDER),
        ("rollout", ORDER),
        ("keys", "export", "--unknown", ORDER),
    ],
)
def test_what_was_typed_wrongly_is_repeated_without_its_orders_to_the_terminal(words: tuple[str, ...]) -> None:
    result = FotaCommand()(*words)
    assert result.exit_code == 2
    assert not {"\x1b", "\x07"} & set(result.output + result.stderr)
