"""Shows two values so that what differs between them can be seen, however long they are; called by the rendering."""

from __future__ import annotations

import json
import re

from airflow_provider_harvest.portal.text.untrusted import plain

#: Characters up to which a value is shown whole.
EXCERPT_WIDTH = 60
#: Characters that are shown of what two values have in common, before and after the part that differs.
_CONTEXT = 16
_BLANKS = re.compile(" {2,}")


def shown(value: object, limit: int | None = None) -> str:
    """Return a value as people read it.

    :param value: any JSON value.
    :param limit: characters to show at most; what is left out is counted. Default: all of it.
    """
    if value is None:
        return "(none)"
    return _cut(json.dumps(value, ensure_ascii=False), limit)


def _cut(text: str, limit: int | None) -> str:
    if limit is None or len(text) <= limit:
        return text
    return f"{text[:limit]}... ({len(text) - limit:,} more characters)"


def _spelled(value: object) -> str:
    """Return a value with all of it visible: each of several blanks, and characters that look like others or none."""
    return _BLANKS.sub(lambda found: r"\u0020" * len(found[0]), json.dumps(value))


def change(before: object, after: object, limit: int | None = None) -> str:
    """Return a change of a value: both whole if they are short, else the part that differs with some context.

    :param before: the value that is there.
    :param after: the value that is wanted.
    :param limit: as for :func:`shown`, of each of the two.
    """
    one, other = before, after
    if isinstance(before, str) and isinstance(after, str) and max(len(before), len(after)) > EXCERPT_WIDTH:
        one, other = _differing(before, after)
    pair = shown(one, limit), shown(other, limit)
    if plain(pair[0], None) == plain(pair[1], None):  # they differ in what a log does not show, or in what was cut
        one, other = _differing(_spelled(before), _spelled(after))
        pair = _cut(one, limit), _cut(other, limit)
    return f"{pair[0]} -> {pair[1]}"


def _differing(before: str, after: str) -> tuple[str, str]:
    start = _common(before, after)
    end = min(_common(before[::-1], after[::-1]), min(len(before), len(after)) - start)
    first = _word_start(before, max(0, start - _CONTEXT))
    return _part(before, first, end), _part(after, first, end)


def _common(one: str, other: str) -> int:
    """Return how many characters two strings have in common at their beginning."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))


def _word_start(text: str, position: int) -> int:
    """Return the first place from there on at which a part of an address or sentence begins."""
    for place in range(position, min(position + _CONTEXT // 2, len(text))):
        if place == 0 or not text[place - 1].isalnum():
            return place
    return position


def _part(text: str, first: int, end: int) -> str:
    """Return a string from ``first`` on without the last ``end`` characters but a few, with dots for the rest."""
    last = len(text) - max(0, end - _CONTEXT)
    return f"{'...' if first else ''}{text[first:last]}{'...' if last < len(text) else ''}"
