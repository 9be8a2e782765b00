"""What is JSON is read, what is not is refused; CPython's own reader agrees, but for what we refuse on purpose."""

import json

import pytest

from fota import strict_json
from tests.labs.json_texts import ACCEPTED, REFUSED, mutated_texts, told, valid_texts

SEED = 20_260


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_is_json_is_read(name):
    text, value = ACCEPTED[name]
    assert told(strict_json.parse(text)) == told(value)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_strict_json_is_refused_with_its_reason(name):
    text, words = REFUSED[name]
    with pytest.raises(ValueError, match=r"^JSON: ") as caught:
        strict_json.parse(text)
    assert type(caught.value) is ValueError
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "place"),
    [(b'{"a": x}', 6), (b"[1, 2", 5), (b'{"a":1,"a":2}', 10), (b'  "a\xff"', 3), (b'"ab\\q"', 3), (b"1 2", 2)],
)
def test_a_refusal_names_the_byte_where_reading_stopped(text, place):
    with pytest.raises(ValueError, match=f"at byte {place}$"):
        strict_json.parse(text)


def test_no_refusal_shows_what_was_refused():
    secret = "https://bucket/key?X-Amz-Signature=SECRET"
    text = json.dumps({"bc_url": secret, "SECRET": ["SECRET", 1.5, None], "\u00e9SECRET": secret}).encode()
    problems = []
    for end in range(len(text)):
        for bad in (b"", b"\xff", b"\x01", b"\\q", b"SECRET", b'"', b"1e999", b"9" * 21, b"SECRET" * 20_000):
            try:
                strict_json.parse(text[:end] + bad + text[end + 1 :])
            except ValueError as error:
                problems.append(str(error))
    assert len(problems) > 500
    assert [problem for problem in problems if "SECRET" in problem or "9999" in problem] == []


def test_a_text_of_the_most_bytes_is_read_and_one_more_is_not():
    assert strict_json.parse(b'"' + b"a" * 131_070 + b'"') == "a" * 131_070
    assert strict_json.parse(b"[1]", 3) == [1]
    with pytest.raises(ValueError, match="3 bytes, at most 2"):
        strict_json.parse(b"[1]", 2)


class Counting(bytes):
    """Counts how often it is searched for a quote."""

    searches = 0

    def find(self, wanted, *bounds):
        self.searches += wanted == b'"'
        return super().find(wanted, *bounds)


def test_a_string_of_many_escapes_is_searched_for_its_end_once():
    text = Counting(b'"' + rb"\n" * 1000 + b'"')
    assert strict_json.parse(text) == "\n" * 1000
    assert text.searches == 1


def test_an_integer_is_an_int_and_a_float_a_float():
    listed = strict_json.parse(b"[1,1.0,1e0,-0,-0.0,true]")
    assert isinstance(listed, list)
    assert list(map(type, listed)) == [
        int, float, float, int, float, bool,
    ]  # fmt: skip


class OursAlone(ValueError):
    """A reason of ours to refuse what the reader of CPython takes."""


def read_by_cpython(text):
    """What CPython reads with its laxities switched off. *Raises* OursAlone for those it has no switch for."""
    # Given bytes it would take other encodings, byte order marks and surrogates.
    value = json.loads(
        text.decode(), parse_constant=refused_constant, parse_int=bounded_int, parse_float=bounded_float,
        object_pairs_hook=without_equal_keys,
    )  # fmt: skip
    if depth(value) > 32:
        raise OursAlone("depth")
    told_without_surrogates(value)
    return value


def refused_constant(name):
    raise OursAlone(name)


def bounded_int(digits):
    if len(digits.lstrip("-")) > 20:
        raise OursAlone("digits")
    return int(digits)


def bounded_float(characters):
    if len(characters) > 40 or float(characters) in (float("inf"), float("-inf")):
        raise OursAlone("float")
    return float(characters)


def without_equal_keys(pairs):
    if len(dict(pairs)) < len(pairs):
        raise OursAlone("equal keys")
    return dict(pairs)


def depth(value):
    members = value.values() if type(value) is dict else value if type(value) is list else None
    return 0 if members is None else 1 + max(map(depth, members), default=0)


def told_without_surrogates(value):
    try:
        return told(value)
    except UnicodeEncodeError:
        raise OursAlone("surrogate") from None


def verdicts(text):
    """What we say of a text and what CPython says: the value in words, or that it is refused."""
    said = []
    for reader in (strict_json.parse, read_by_cpython):
        try:
            said.append(told(reader(text)))
        except ValueError:
            said.append("refused")
    return said


def test_every_valid_text_is_read_as_cpython_reads_it():
    texts = valid_texts(SEED, 3_000)
    assert [text for text in texts if verdicts(text) != [told(json.loads(text))] * 2] == []


def test_of_mutated_texts_exactly_those_are_read_that_cpython_reads_with_our_bounds():
    texts = mutated_texts(SEED, 20_000)
    said = [verdicts(text) for text in texts]
    assert [text for text, (ours, theirs) in zip(texts, said, strict=True) if ours != theirs] == []
    refused = sum(ours == "refused" for ours, _ in said)
    assert 8_000 < refused < 18_000


def test_the_mutated_texts_meet_every_reason_of_ours():
    met = set()
    for text in mutated_texts(SEED, 20_000):
        try:
            read_by_cpython(text)
        except OursAlone as reason:
            met.add(str(reason))
        except (ValueError, RecursionError):
            pass
    assert met == {"NaN", "Infinity", "-Infinity", "digits", "float", "equal keys", "surrogate", "depth"}


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        ({"b": 1, "a": [True, False, -5], "B": {}}, b'{"B":{},"a":[true,false,-5],"b":1}'),
        ([], b"[]"),
        ("", b'""'),
        (" !#[]~", b'" !#[]~"'),
        (10**20 - 1, b"99999999999999999999"),
        (1 - 10**20, b"-99999999999999999999"),
        ([[[[[[[[]]]]]]]], b"[[[[[[[[]]]]]]]]"),
        ({"a": {"a": {"a": {"a": {"a": {"a": {"a": {"a": 1}}}}}}}}, b'{"a":' * 8 + b"1" + b"}" * 8),
    ],
)
def test_a_value_has_one_canonical_encoding_and_it_is_read_back(value, encoded):
    assert strict_json.canonical(value) == encoded
    assert strict_json.parse(encoded) == value


def endless():
    value: list[object] = []
    value.append(value)
    return value


class Text(str):
    """No str, though it is an instance of it."""

    __slots__ = ()


@pytest.mark.parametrize(
    "value",
    [
        None, 1.0, float("nan"), b"a", (1,), {1}, object(), 10**20, -(10**20), 10**5000,
        'a"b', "a\\b", "a\nb", "\x1f", "\x7f", "\u00e9", "\ud800", Text("a"),
        {1: 2}, {"a": 1, 1: 2}, {True: 1}, {None: 1}, {b"a": 1}, {"\u00e9": 1}, {'"': 1}, {Text("a"): 1},
        [None], {"a": None}, {"a": 0.5}, [[[[[[[[[]]]]]]]]], [[[[[[[[{}]]]]]]]], endless(),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_what_has_no_canonical_encoding_is_refused(value):
    with pytest.raises(ValueError, match=r"^canonical: "):
        strict_json.canonical(value)


def test_a_text_is_canonical_only_if_it_is_its_own_encoding():
    others = (b'{"a": 1}', b'{"b":1,"a":2}', rb'{"\u0061":1}', b"-0", b" 1", rb'"\/"')
    assert [text for text in others if strict_json.canonical(strict_json.parse(text)) == text] == []
