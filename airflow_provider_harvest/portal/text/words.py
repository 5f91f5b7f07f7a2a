"""Writes times, numbers, lists and long texts for people and programs; a leaf that everything may call."""

from __future__ import annotations

import re
import textwrap
from datetime import datetime, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Lines that a message in Markdown has at most: it is read in a chat.
MAX_CHAT_LINES = 15


def spell(seconds: float) -> str:
    """Return a length of time as a person would say it: ``45 s``, ``12 min``, ``2 h``, ``21 h 55 min``, ``3 d 4 h``."""
    whole = round(max(0.0, seconds))
    if whole < 60:
        return f"{whole} s"
    minutes = round(whole / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def clock_time(epoch: float, now: float | None = None) -> str:
    """Return a time as ``03:00 UTC``, with the day if it is not the day of ``now``."""
    when = datetime.fromtimestamp(epoch, tz=timezone.utc)
    if now is not None and datetime.fromtimestamp(now, tz=timezone.utc).date() == when.date():
        return when.strftime("%H:%M UTC")
    return when.strftime("%a %d %b %H:%M UTC") if now is not None else when.strftime("%Y-%m-%d %H:%M UTC")


def day(when: datetime) -> str:
    """Return the day of a time, in UTC."""
    return when.astimezone(timezone.utc).strftime("%Y-%m-%d")


def iso(when: datetime | None) -> str | None:
    """Return a time as ISO 8601 in UTC, None if there is none."""
    return None if when is None else when.astimezone(timezone.utc).isoformat()


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun: ``1 source``, ``2,345 sources``.

    :param number: how many.
    :param noun: singular form.
    :param plural: plural form; default: ``noun`` with an ``s``.
    """
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def few(items: Sequence[str], shown: int = 5, *, separator: str = ", ", total: int | None = None) -> str:
    """Return the first of some strings, and how many more there are: ``a, b and 3 more``.

    :param items: what is listed, already clean.
    :param shown: how many are named, 5 by default.
    :param separator: between two of them.
    :param total: how many there are in all; default: as many as ``items``.
    """
    rest = (len(items) if total is None else total) - shown
    return separator.join(items[:shown]) + (f" and {rest:,} more" if rest > 0 else "")


def shorten(text: str, limit: int, *, middle: bool = False) -> str:
    """Return a string cut to ``limit`` characters, with an ellipsis in place of what is missing.

    :param text: what is cut.
    :param limit: characters at most.
    :param middle: whether the middle is left out instead of the end: the cause of a failed request is at its end.
    """
    if len(text) <= limit:
        return text
    if not middle:
        return f"{text[: limit - 1]}…"
    kept = max(2, limit - 3)
    return f"{text[: kept - kept // 2]} … {text[-(kept // 2) :]}"


def show_value(value: object, limit: int = 80) -> str:
    """Return a value that a user gave as messages show it: as Python writes it, and never long.

    :param limit: characters at most, 80 by default.
    """
    return shorten(repr(value), limit)


#: Characters that a line of a log window shows.
LOG_WIDTH = 110


def log_lines(text: str, width: int = LOG_WIDTH) -> list[str]:
    """Return a text as lines that fit a log window: broken between sentences, and between words within a long one.

    What continues a line is indented.

    :param text: one or several lines.
    :param width: characters of a line at most, unless a single word, such as an address, is longer; 110.
    """
    return [part for line in text.splitlines() for part in (_broken(line, width) if len(line) > width else [line])]


def _broken(line: str, width: int) -> list[str]:
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    parts: list[str] = []
    for sentence in _SENTENCES.split(line):
        if parts and len(parts[-1]) + 1 + len(sentence) <= width:
            parts[-1] += f" {sentence}"
            continue
        parts += textwrap.wrap(
            sentence,
            width,
            initial_indent=indent if parts else "",
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
    return parts


_SENTENCES = re.compile(r"(?<=[.:]) (?=[A-Z])")
