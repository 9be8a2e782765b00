"""What each verb of a patch does, and that a snippet must be found exactly once."""

import ast
import textwrap

import pytest

from sweeps.seeding.addresses import DoesNotFit
from sweeps.seeding.verbs import (
    Patch,
    after,
    always,
    at_end,
    at_start,
    before,
    compare,
    drop,
    drop_operand,
    negate,
    never,
    patched,
    replace,
    returns,
    set_to,
    swap,
    takes,
)


def with_patches(code: str, *patches: Patch) -> str:
    """The code with the patches, as `ast` writes it."""
    return same(patched(textwrap.dedent(code), patches))


def same(code: str) -> str:
    """Code as `ast` writes it."""
    return ast.unparse(ast.parse(textwrap.dedent(code)))


@pytest.mark.parametrize(
    ("code", "patch", "becomes"),
    [
        ("a = f(x)", replace("f(x)", "g(x)"), "a = g(x)"),
        ("f(x)", replace("f(x)", "return 1"), "return 1"),
        ("raise A('b')", replace("raise A(...)", "return"), "return"),
        ("a = 1; b = 2", replace("a = 1; b = 2", "c = 3"), "c = 3"),
        ("a.f(); g()", drop("_.f()"), "g()"),
        ("if a:\n    f()", drop("f()"), "if a:\n    pass"),
        ("try:\n    f()\nexcept E:\n    g()\nelse:\n    h()", drop("h()"), "try:\n    f()\nexcept E:\n    g()"),
        ("x = a and b and c", drop_operand("b"), "x = a and c"),
        ("x = a or b", drop_operand("a"), "x = b"),
        ("if a or (b and c): f(b)", drop_operand("b"), "if a or c: f(b)"),
        ("if a < b: f()", never("a < b"), "if False: f()"),
        ("if a and b: f()", always("b"), "if a and True: f()"),
        ("if a: f()", negate("a"), "if not a: f()"),
        ("if not a: f()", negate("not a"), "if a: f()"),
        ("x = a < b", compare("a < b", "<="), "x = a <= b"),
        ("return f(x)", returns("True"), "return True"),
        ("if a: return 1\nreturn 2", returns("3", instead_of="2"), "if a: return 1\nreturn 3"),
        ("self.a = f(x)", set_to("self.a", "0"), "self.a = 0"),
        ("f(); g(); h()", swap("f()", "h()"), "h(); g(); f()"),
        ("f(); g(); h()", swap("h()", "f(); g()"), "h(); f(); g()"),
        ("if a:\n    f()\ng()", swap("g()", "f()"), "if a:\n    g()\nf()"),
        ("f(x)", before("f(_1)", "g(_1)"), "g(x); f(x)"),
        ("f(x); h()", after("f(_1)", "g(_1)"), "f(x); g(x); h()"),
    ],
)
def test_a_verb_changes_the_code(code: str, patch: Patch, becomes: str) -> None:
    assert with_patches(code, patch) == same(becomes)


@pytest.mark.parametrize(
    ("patch", "becomes"),
    [
        (at_start("g()"), "def f(a):\n    g()\n    h()"),
        (at_end("g()"), "def f(a):\n    h()\n    g()"),
        (takes("b: 'int'"), "def f(a, b: 'int'):\n    h()"),
    ],
)
def test_a_verb_changes_a_whole_function(patch: Patch, becomes: str) -> None:
    tree = ast.parse("def f(a):\n    h()")
    patch.edit(tree.body[0])
    assert ast.unparse(ast.fix_missing_locations(tree)) == same(becomes)


@pytest.mark.parametrize(
    "code",
    [
        "x = f(a,\n      'b',  # why\n      c=1)",
        'x = f(a, "b", c=1)',
        "x = (f(a, 'b', c=1))",
    ],
)
def test_format_quotes_and_comments_do_not_count(code: str) -> None:
    assert with_patches(code, replace("f(a, 'b', c = 1)", "0")) == "x = 0"


@pytest.mark.parametrize(
    ("code", "patch", "becomes"),
    [
        ("a.b.save(c, d=1)", replace("_.save(...)", "0"), "0"),
        ("x.save(y, z)", replace("_1.save(_2, _3)", "_1.keep(_3, _2)"), "x.keep(z, y)"),
        ("x = y - y", replace("_1 - _1", "0"), "x = 0"),
        ("f(a, b, c=d, e=g)", replace("f(_1, ..., c=_)", "h(_1, ...)"), "h(a, b, e=g)"),
        ("f(c=d, e=g)", replace("f(e=_1, c=_2)", "h(_1, _2)"), "h(g, d)"),
        ("f(*a, **b)", replace("f(...)", "g(...)"), "g(*a, **b)"),
        ("x = a and b and c", replace("_1 and ...", "_1"), "x = a"),
        ("x = f'{a}/{b}.c'", replace("f'{_1}/{_}.c'", "_1"), "x = a"),
        ("if a:\n    f()\n    g()", replace("if a: ...", "while b: ..."), "while b:\n    f()\n    g()"),
        ("x = [1, 2, 3]", replace("[1, ...]", "(..., 0)"), "x = (2, 3, 0)"),
        ("f(); a = 1; b = 2; g()", replace("f(); ...; g()", "g(); ...; f()"), "g(); a = 1; b = 2; f()"),
        ("for i in x: f(i)", replace("for _1 in x: f(_1)", "g(_1)"), "g(i)"),
    ],
)
def test_a_placeholder_is_whatever_is_there(code: str, patch: Patch, becomes: str) -> None:
    assert with_patches(code, patch) == same(becomes)


@pytest.mark.parametrize(
    ("code", "patch"),
    [
        ("x = y - z", never("_1 - _1")),
        ("x = f(a, b)", never("f(a)")),
        ("x = f(a, b=1)", never("f(a)")),
        ("x = f(a)", never("f(a, b=_)")),
        ("x = f(True)", never("f(1)")),
        ("x = f('1')", never("f(1)")),
        ("x = a < b", never("a <= b")),
        ("x = f(a)", drop("f(a)")),
        ("if a: f()\nelse: g()", drop("if a: ...")),
    ],
)
def test_what_has_another_shape_is_not_found(code: str, patch: Patch) -> None:
    with pytest.raises(DoesNotFit, match="0 times"):
        with_patches(code, patch)


@pytest.mark.parametrize(
    "patch",
    [replace("f(_)", "0"), drop("f(_)"), never("f(_)"), before("f(_)", "g()"), swap("f(_)", "h()"), negate("f(_)")],
)
def test_what_is_there_twice_does_not_fit(patch: Patch) -> None:
    with pytest.raises(DoesNotFit, match="2 times"):
        with_patches("f(1); f(2); h()", patch)


def test_an_operand_is_no_other_expression() -> None:
    with pytest.raises(DoesNotFit, match="0 times"):
        with_patches("if a: f()", drop_operand("a"))


def test_what_is_compared_is_a_comparison() -> None:
    with pytest.raises(DoesNotFit, match="no comparison"):
        with_patches("x = f(a)", compare("f(a)", "<"))


def test_what_was_not_found_cannot_be_used() -> None:
    with pytest.raises(ValueError, match="_2 is not in"):
        replace("f(_1)", "g(_1, _2)")


def test_a_snippet_is_python() -> None:
    with pytest.raises(SyntaxError):
        drop("f(")


def test_a_patch_says_what_it_does() -> None:
    assert replace("f(_1)", "g(_1)").text == "replace('f(_1)', 'g(_1)')"
    assert replace("f(_1)", "g(_1)") == replace("f(_1)", "g(_1)")
    assert replace("f(_1)", "g(_1)") != replace("f(_1)", "h(_1)")
