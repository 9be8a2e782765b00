import pytest

from fota_operator.plain import plain


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
