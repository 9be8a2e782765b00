"""Makes a text fit for a terminal. CPython only: a board writes its log to who programs it."""


def visible(text: str) -> str:
    """The text with every character escaped that a terminal or a reader of logs could obey: ESC is `\\x1b`.

    Lines and tabs stay. Names of files, fields of plans and documents, and answers of AWS may hold anything.
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one in "\n\t" else _escaped(one) for one in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()
