"""Reads JSON (RFC 8259) in the same way on every interpreter, and writes the one encoding of signed values.

The `json` modules differ: one takes `[1 2]` and `007`, the other NaN, and both the last of two equal keys. Here
nothing passes that two readers could read differently. Lists and objects are read without recursion, so that a small
stack changes no verdict. The caller knows what the values mean. No message quotes the text, which may hold a
presigned URL.

Floats are as wide and as exact as the interpreter's: where they are single, one above 3.4e38 is refused, and the last
bit may differ. No field that decides anything takes one.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    # A list or a dict; `type` says which.
    from typing import Any

MAX_BYTES = 131_072
"""The most that AWS IoT puts into one message."""

_MAX_DEPTH = 32
_MAX_SIGNED_DEPTH = 8
_MAX_DIGITS = 20
_MAX_FLOAT_CHARACTERS = 40

TOO_GREAT: int = 10**_MAX_DIGITS
"""The value given for a number that is out of bounds; it is out of the bounds of every field too."""
_ESCAPES = b'"\\/bfnrt'
_ESCAPED = '"\\/\b\f\n\r\t'
_QUOTE, _COMMA, _COLON = b'",:'
_LIST, _OBJECT = b"[]", b"{}"
_WORDS = ((b"true", True), (b"false", False), (b"null", None))


def parse(text: bytes, most_bytes: int = MAX_BYTES, *, clips: bool = False) -> object:
    """The value of a JSON text: None, a bool, int, float, str, list or dict.

    With `clips` a number that is too long or too large does not spoil the text around it: it reads as TOO_GREAT.
    *Raises* ValueError, which says what is wrong and at which byte reading stopped.
    """
    if len(text) > most_bytes:
        raise ValueError(f"JSON: {len(text)} bytes, at most {most_bytes} are read")
    reader = _Reader(text, clips)
    document = value = reader.value()
    around: "list[object]" = []
    while True:
        if type(value) in (list, dict):
            if len(around) == _MAX_DEPTH:
                raise reader.error("nested too deep")
            around.append(value)
        while around and not reader.has_more(around[-1]):
            around.pop()
        if not around:
            break
        value = reader.member(around[-1])
    reader.space()
    if reader.at < len(text):
        raise reader.error("expected the end")
    return document


def parse_canonical(text: bytes) -> "dict[str, Any]":
    """The object whose canonical encoding is this text, byte for byte. *Raises* ValueError."""
    fields = parse(text)
    # A text that two parsers could read differently is not canonical.
    if canonical(fields) != text or not isinstance(fields, dict):
        raise ValueError("expected an object in canonical JSON")
    return fields


def canonical(value: object) -> bytes:
    """The only encoding of a value that may be signed: sorted keys, no spaces, nothing that needs an escape.

    Takes bools, integers that `parse` takes, strings of printable ASCII, lists and dicts, at most eight deep.
    *Raises* ValueError for anything else.
    """
    return _encoded(value, _MAX_SIGNED_DEPTH).encode()


def _encoded(value: object, levels: int) -> str:
    """The encoding of a value that may hold this many levels of lists and dicts."""
    if type(value) is str:
        return _quoted(value)
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is int and -TOO_GREAT < value < TOO_GREAT:
        return str(value)
    members = []
    if type(value) is list and levels:
        for member in value:
            members.append(_encoded(member, levels - 1))
        return "[" + ",".join(members) + "]"
    if type(value) is dict and levels:
        # Quoted before they are sorted: keys of two types have no order.
        for name in sorted(map(_quoted, value)):
            members.append(name + ":" + _encoded(value[name[1:-1]], levels - 1))
        return "{" + ",".join(members) + "}"
    raise ValueError("canonical: a value of another type, too large or too deep")


def _quoted(text: object) -> str:
    if type(text) is not str or min(text + " ") < " " or max(text + " ") > "~" or '"' in text or "\\" in text:
        raise ValueError("canonical: a string that is not plain ASCII")
    return '"' + text + '"'


class _Reader:
    """A text, and how far it has been read."""

    def __init__(self, text: bytes, clips: bool) -> None:
        self.text = text
        self.at = 0
        self.clips = clips

    def error(self, problem: str) -> ValueError:
        """The error to raise; it names the place."""
        return ValueError(f"JSON: {problem} at byte {self.at}")

    def value(self) -> object:
        """The next value; of a list or object only the opening bracket is read, and the value is empty."""
        byte = self.space()
        if byte == _QUOTE:
            self.at += 1
            return self._string()
        if byte == _LIST[0]:
            self.at += 1
            return []
        if byte == _OBJECT[0]:
            self.at += 1
            return {}
        for word, meaning in _WORDS:
            if self.text.startswith(word, self.at):
                self.at += len(word)
                return meaning
        return self._number()

    def has_more(self, container: "Any") -> bool:
        """Whether another member follows, then the next to be read; if not, the closing bracket has been read."""
        if self.space() == (_LIST if type(container) is list else _OBJECT)[1]:
            self.at += 1
            return False
        if container:
            self._take(_COMMA)
        return True

    def member(self, container: "Any") -> object:
        """Read the next member into its container."""
        if type(container) is list:
            container.append(self.value())
            return container[-1]
        self._take(_QUOTE)
        key = self._string()
        if key in container:
            raise self.error("a key for the second time")
        self._take(_COLON)
        container[key] = self.value()
        return container[key]

    def space(self) -> int:
        """Pass over white space. Returns the byte behind it, which is not read yet; 0 at the end."""
        text, at = self.text, self.at
        while at < len(text):
            byte = text[at]
            if byte not in b" \t\n\r":
                self.at = at
                return byte
            at += 1
        self.at = at
        return 0

    def _skip(self, choices: bytes) -> bool:
        """Whether the very next byte is one of these, which is then read."""
        is_there = self.at < len(self.text) and self.text[self.at] in choices
        self.at += is_there
        return is_there

    def _take(self, wanted: int) -> None:
        if self.space() != wanted:
            raise self.error("expected " + chr(wanted))
        self.at += 1

    def _number(self) -> "int | float":
        start = self.at
        self._skip(b"-")
        first = self.at
        # No digit may follow a leading zero: the code that reads on finds the digit and refuses it.
        if not self._skip(b"0"):
            self._digits()
        end = self.at
        if self._skip(b"."):
            self._digits()
        if self._skip(b"eE"):
            self._skip(b"+-")
            self._digits()
        number = self.text[start : self.at]
        if self.at == end:
            if end - first <= _MAX_DIGITS:
                return int(number)
        elif len(number) <= _MAX_FLOAT_CHARACTERS:
            value: float = float(number)
            # For an infinity the difference is not 0.
            if value - value == 0:
                return value
        if not self.clips:
            raise self.error("a number too long or too large")
        return TOO_GREAT

    def _digits(self) -> None:
        if not self._skip(b"0123456789"):
            raise self.error("expected a value or a digit")
        text, at = self.text, self.at
        while at < len(text) and text[at] in b"0123456789":
            at += 1
        self.at = at

    def _string(self) -> str:
        """The string whose opening quote has been read."""
        text = self.text
        characters = bytearray()
        quote = -1
        while True:
            if quote < self.at:
                # The search is repeated only after an escaped quote: else many escapes would take quadratic time.
                quote = text.find(b'"', self.at)
                if quote < 0:
                    raise self.error("a string without an end")
            escape = text.find(b"\\", self.at, quote)
            run = text[self.at : quote if escape < 0 else escape]
            if run and (min(run) < 0x20 or (max(run) > 0x7F and not _is_utf8(run))):
                raise self.error("a control character or bad UTF-8")
            characters += run
            self.at += len(run)
            if escape < 0:
                self.at += 1
                return str(characters, "utf-8")
            characters += self._escape().encode()

    def _escape(self) -> str:
        # There is a byte behind the backslash: a quote was found after it.
        place = _ESCAPES.find(self.text[self.at + 1 : self.at + 2])
        if place >= 0:
            self.at += 2
            return _ESCAPED[place]
        code = self._code_unit()
        if 0xD800 <= code < 0xE000:
            low = self._code_unit()
            if code >= 0xDC00 or not 0xDC00 <= low < 0xE000:
                raise self.error("half of a surrogate pair")
            code = 0x10000 + ((code - 0xD800) << 10) + low - 0xDC00
        return chr(code)

    def _code_unit(self) -> int:
        digits = self.text[self.at + 2 : self.at + 6]
        # int() alone would take a sign, spaces and underscores.
        is_hexadecimal = len(digits) == 4 and not digits.strip(b"0123456789abcdefABCDEF")
        if not (is_hexadecimal and self.text.startswith(b"\\u", self.at)):
            raise self.error("expected an escape that JSON knows")
        self.at += 6
        return int(digits, 16)


def _is_utf8(run: bytes) -> bool:
    """Whether the bytes are well-formed (Unicode, table 3-7). MicroPython decodes surrogates and long forms too."""
    missing, low, high = 0, 0x80, 0xBF
    for byte in run:
        if missing:
            if not low <= byte <= high:
                return False
            missing -= 1
            low, high = 0x80, 0xBF
        elif byte > 0x7F:
            if not 0xC2 <= byte <= 0xF4:
                return False
            missing = 1 if byte < 0xE0 else 2 if byte < 0xF0 else 3
            # Below the first bound: a form that is too long. Above the last: a surrogate, or past U+10FFFF.
            low = 0xA0 if byte == 0xE0 else 0x90 if byte == 0xF0 else 0x80
            high = 0x9F if byte == 0xED else 0x8F if byte == 0xF4 else 0xBF
    return missing == 0
