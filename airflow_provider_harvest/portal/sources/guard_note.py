"""Read and write the guard's line in a source's public description, by which a hold is remembered.

It is written in the same request that switches ``autoarchive`` off, so neither a retry, a cleared task nor a lost XCom
loses it, and it distinguishes a hold from an owner's own ``autoarchive: false``. Every udata release keeps a
description unchanged, and no harvest changes it.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_harvest.portal.models import HarvestSource

log = logging.getLogger(__name__)

NOTE_HELD, NOTE_ACCEPTED = "autoarchive held", "loss accepted"
#: ``before`` of a hold ahead of a harvest, if nothing was accepted.
NOTHING_ACCEPTED = datetime(1970, 1, 1, tzinfo=timezone.utc)
_NOTE = re.compile(
    r"(?:\r?\n){0,2}^\[harvest guard: (?P<state>autoarchive held|loss accepted) on (?P<at>[0-9T:+.-]+), "
    r"(?P<count>\d{1,9}) records last seen before (?P<before>[0-9T:+.-]+)\][ \t]*(?=\r?$)",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Note:
    """What the guard left in a description.

    :param state: ``autoarchive held`` or ``loss accepted``.
    :param at: when that was.
    :param count: records that were missing then.
    :param before: beginning of the job in which they were missing: all of them were last seen before it, and what is
        lost later was seen after it.
    :param accepted: of a hold: the loss that a person had accepted before; a line of its own, so that a version that
        knows one line only reads the hold, which is newer.
    """

    state: str
    at: datetime
    count: int
    before: datetime
    accepted: Note | None = None

    @property
    def is_ahead(self) -> bool:
        """Whether a guarded run holds ahead of its harvest: no loss is known, and ``before`` is what was accepted."""
        return self.state == NOTE_HELD and self.count == 0


def split(description: str | None) -> tuple[str | None, Note | None]:
    """Return a description without the guard's line, and what that line says; a line that is not the guard's stays.

    Of several lines, as of a description that somebody has copied, the newest counts; if it is a hold, the newest
    accepted loss below it stays accepted.

    :param description: as the portal has it.
    """
    notes: list[Note] = []

    def without(found: re.Match[str]) -> str:
        try:
            at, before = _time(found["at"]), _time(found["before"])
        except (ValueError, OverflowError):  # OverflowError: at an end of the calendar, by another zone's clock
            return found[0]
        notes.append(Note(found["state"], at, int(found["count"]), before))
        return ""

    text = _NOTE.sub(without, description or "")
    newest = max(notes, key=_age, default=None)
    if newest is None or newest.state != NOTE_HELD:
        return text or None, newest
    accepted = max((note for note in notes if note.state == NOTE_ACCEPTED), key=_age, default=None)
    if accepted is None and newest.is_ahead and newest.before > NOTHING_ACCEPTED:  # of a version with one line
        accepted = Note(NOTE_ACCEPTED, newest.at, 0, newest.before)
    return text or None, replace(newest, accepted=accepted)


def _age(note: Note) -> datetime:
    return note.at


def join(text: str | None, note: Note | None) -> str | None:
    """Return a description with the guard's line as its last; with two lines, if a hold follows an accepted loss.

    :param text: the description as people wrote it.
    :param note: what the line says; None for no line.
    """
    if note is None:
        return text
    lines = _line(note) if note.accepted is None else f"{_line(note)}\n{_line(note.accepted)}"
    return f"{text}\n\n{lines}" if text else lines


def _line(note: Note) -> str:
    return (
        f"[harvest guard: {note.state} on {_written(note.at)}, {note.count} records last seen before "
        f"{_written(note.before)}]"
    )


def is_held(source: HarvestSource) -> bool:
    """Whether the guard holds a source: its line says so, and archiving is off."""
    note = split(source.description)[1]
    return note is not None and note.state == NOTE_HELD and source.autoarchive is False


def heeding_guard(source: HarvestSource, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return new values of a source's fields that leave what the guard wrote: its line stays, and what it holds is off.

    A task that creates or changes a source may run each night; only a person, or the records' return, ends a hold.

    :param source: as just read.
    :param fields: new values by name.
    """
    note, kept = split(source.description)[1], dict(fields)
    if "description" in kept:
        kept["description"] = join(split(kept["description"])[0], note)
    if is_held(source) and kept.pop("autoarchive", False):
        log.warning(
            "Source %s is held by the guard, so that its autoarchive stays off until a person releases it: "
            "airflow-harvest guard release %s",
            source.id,
            source.id,
        )
    return kept


def warn_if_overwritten(before: HarvestSource, sent: Mapping[str, Any], after: HarvestSource) -> None:
    """Log that a source was held between its last reading and a write of its description, which so lost the line.

    The API has no condition for a write. The line cannot be put back: its owner may have switched archiving off.

    :param before: the source as last read.
    :param sent: what was written.
    :param after: the source as the portal then returned it.
    """
    was_held = before.autoarchive is not False and after.autoarchive is False and "autoarchive" not in sent
    if was_held and "description" in sent and split(after.description)[1] is None:
        log.warning(
            "The autoarchive of source %s was switched off just now, while its description was written. If the guard "
            "did that, the description has lost its line, so that the guard takes it for the owner's decision and asks "
            "nobody. Unless the owner did it, switch autoarchive on again: the guard's next run examines the source.",
            after.id,
        )


def _time(text: str) -> datetime:
    when = datetime.fromisoformat(text)
    if when.tzinfo is None:
        raise ValueError(text)
    return when.astimezone(timezone.utc)


def _written(when: datetime) -> str:
    return when.astimezone(timezone.utc).isoformat()
