"""Tables, progress and live display on a terminal, with rich if it is installed, else as plain text."""

from __future__ import annotations

import json
import os
import shutil
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.portal.text.untrusted import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TypeAlias

    #: Headings and rows.
    Table: TypeAlias = tuple[Sequence[str], Sequence[Sequence[Any]]]

_WIDTH = 80
#: Letters of a name with which most are recognized.
_NAME_WIDTH = 40


def print_json(value: object) -> None:
    """Write JSON to standard output."""
    print(json.dumps(value, ensure_ascii=False, indent=1))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[Any]], *, kept: int = 0) -> None:
    """Write a table to standard output, as wide as that is.

    :param columns: their headings; those that begin with ``#`` hold numbers.
    :param rows: cells; what a portal said is cleaned here.
    :param kept: how many of the first columns are never cut, such as ids; 0 by default.
    """
    for line in table_lines(columns, rows, output_width(), kept=kept):
        print(line)


def print_first_that_fits(tables: Sequence[Table]) -> None:
    """Write one of several tables of the same rows, whose last column is a name.

    Piped, no name is cut: nothing follows it, and somebody may search for it.

    :param tables: the best first, the narrowest last.
    """
    print("\n".join(first_that_fits(tables, output_width() if _has_width() else sys.maxsize)))


def first_that_fits(tables: Sequence[Table], width: int) -> list[str]:
    """Return the lines of the first table that leaves names enough room, else those of the last table.

    :param tables: the best first, the narrowest last; only the last column is cut.
    :param width: of the terminal.
    """
    for columns, rows in tables:
        kept = len(columns) - 1
        lines = table_lines(columns, rows, width, kept=kept)
        names = [len(plain(row[kept], None)) for row in rows]
        if len(lines[1].rpartition(" ")[2]) >= min(_NAME_WIDTH, max([len(columns[kept]), *names])):
            break
    return lines


def table_lines(columns: Sequence[str], rows: Sequence[Sequence[Any]], width: int, *, kept: int = 0) -> list[str]:
    """Return a table that fits a width: the widest columns give way, and cut cells end in an ellipsis."""
    heads = [column.lstrip("#") for column in columns]
    cells = [[plain("" if cell is None else cell, None) for cell in row] for row in rows]
    widths = [max([len(head), *(len(row[place]) for row in cells)]) for place, head in enumerate(heads)]
    room = max(width - 2 * (len(heads) - 1), len(heads))
    while sum(widths) > room and max(widths[kept:]) > 1:
        widths[widths.index(max(widths[kept:]), kept)] -= 1
    numbers = [column.startswith("#") for column in columns]
    return [_line(row, widths, numbers) for row in [heads, ["-" * size for size in widths], *cells]]


def is_terminal() -> bool:
    """Whether progress is shown on a terminal."""
    return sys.stderr.isatty()


@contextmanager
def progress(title: str) -> Iterator[Callable[[str], None]]:
    """Show how far a long command is, on standard error of a terminal only; yields what takes the newest line."""
    if not is_terminal():
        yield lambda text: None
        return
    try:
        from rich.console import Console
    except ImportError:
        yield lambda text: print(plain(text), file=sys.stderr, flush=True)
        return
    from rich.markup import escape

    with Console(stderr=True).status(escape(title)) as status:
        yield lambda text: status.update(escape(plain(text)))


@contextmanager
def live(*, as_json: bool) -> Iterator[Callable[[list[str], Any], None]]:
    """Show lines that are replaced by the next ones on a terminal; piped, each is written below the last.

    :param as_json: whether a line of JSON is written each time instead.
    """
    if as_json:
        yield lambda lines, value: print(json.dumps(value, ensure_ascii=False), flush=True)
        return
    if not sys.stdout.isatty():
        yield lambda lines, value: print("\n".join(lines), flush=True)
        return
    try:
        from rich.live import Live
        from rich.text import Text
    except ImportError:
        yield lambda lines, value: print("\n".join(lines), flush=True)
        return
    with Live(auto_refresh=False) as shown:
        yield lambda lines, value: shown.update(Text("\n".join(lines), no_wrap=True, overflow="ellipsis"), refresh=True)


def output_width() -> int:
    """Return how many columns output has: those of the terminal; piped, 80 unless ``COLUMNS`` says otherwise."""
    if not _has_width():
        return _WIDTH
    return max(20, shutil.get_terminal_size((_WIDTH, 24)).columns)


def _has_width() -> bool:
    return sys.stdout.isatty() or bool(os.environ.get("COLUMNS"))


def _line(cells: Sequence[str], widths: Sequence[int], numbers: Sequence[bool]) -> str:
    cut = [cell if len(cell) <= width else f"{cell[: width - 1]}…" for cell, width in zip(cells, widths, strict=True)]
    placed = [
        cell.rjust(width) if number else cell.ljust(width)
        for cell, width, number in zip(cut, widths, numbers, strict=True)
    ]
    return "  ".join(placed).rstrip()
