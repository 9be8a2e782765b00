"""Fits tables and sentences to a terminal: a line is broken between words, and never inside one.

Leaves to others: which terminal it is (`output`).
"""

import textwrap
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import RenderableType

_GAP = 2
_INDENT = 4


def wrapped(text: str, columns: int, indent: int = 0) -> str:
    """The text in lines of that length; a word that is longer stays whole. Further lines are indented."""
    return textwrap.fill(
        text, max(columns, indent + 1), subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False
    )


def table_of(
    headings: Sequence[str], rows: Sequence[Sequence[str]], columns: int, *, right: Collection[str] = ()
) -> "RenderableType":
    """A table, as something that rich prints; where no table fits, a paragraph for each row.

    The columns with a heading of `right` are aligned there.
    """
    from rich.table import Table
    from rich.text import Text

    widths = _widths([headings, *rows], columns)
    if widths is None:
        return Text("\n".join(_paragraph(headings, row, columns) for row in rows))
    table = Table(box=None, pad_edge=False)
    for heading, width in zip(headings, widths, strict=True):
        table.add_column(heading, width=width, overflow="fold", justify="right" if heading in right else "left")
    for row in rows:
        # Text, not markup: a device's words may hold brackets.
        table.add_row(*map(Text, row))
    return table


def _widths(rows: Sequence[Sequence[str]], columns: int) -> list[int] | None:
    """How wide each column is; None if a word would have to be broken."""
    from rich.cells import cell_len

    whole = [max(map(cell_len, cells)) for cells in zip(*rows, strict=True)]
    widths = [
        max(cell_len(word) for cell in cells for word in (*cell.split(), "")) for cells in zip(*rows, strict=True)
    ]
    spare = columns - _GAP * (len(whole) - 1) - sum(widths)
    if spare < 0:
        return None
    while spare > 0 and widths != whole:
        lacking = [full - width for full, width in zip(whole, widths, strict=True)]
        widths[lacking.index(max(lacking))] += 1
        spare -= 1
    return widths


def _paragraph(headings: Sequence[str], row: Sequence[str], columns: int) -> str:
    """A row as one text: the first cell as it is, each other one behind its heading."""
    first, *others = zip(headings, row, strict=True)
    cells = [first[1], *(f"{heading} {cell}".strip() for heading, cell in others if cell)]
    return wrapped("  ".join(cell for cell in cells if cell), columns, _INDENT)
