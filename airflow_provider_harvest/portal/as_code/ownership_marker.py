"""The line in a source's public description that names the files that manage it; read by the match and the export.

A marker is opt-in, since descriptions are public. Every udata release keeps a description unchanged.
"""

from __future__ import annotations

import re

_MARKER = re.compile(
    r"(?:\r?\n){0,2}^\[managed as code: (?P<managed_by>[A-Za-z0-9._-]+)/(?P<key>[^\]\r\n]+)\][ \t]*(?=\r?$)",
    re.MULTILINE,
)


def join(text: str | None, managed_by: str, key: str) -> str:
    """Return a description with the marker as its last line.

    :param text: the description as people read it, without marker.
    :param managed_by: name of the files that manage the source.
    :param key: the source's key in them.
    """
    line = f"[managed as code: {managed_by}/{key}]"
    return f"{text}\n\n{line}" if text else line


def split(description: str | None) -> tuple[str | None, str | None, str | None]:
    """Return a description without its marker, and the marker's two parts: who manages the source, and its key.

    Of several markers, as of a description that somebody has copied, the last counts: a new one is written last.

    :param description: as the portal has it; without a marker the two parts are None.
    """
    found = list(_MARKER.finditer(description or ""))
    if not found:
        return description or None, None, None
    return _MARKER.sub("", description or "") or None, found[-1]["managed_by"], found[-1]["key"]


def keep(text: str | None, description: str | None) -> str | None:
    """Return a string with the marker that a description has, if it has one."""
    _, managed_by, key = split(description)
    return join(text, managed_by, key) if managed_by and key else text or None
