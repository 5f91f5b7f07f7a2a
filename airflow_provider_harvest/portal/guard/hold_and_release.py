"""Hold a source's archiving, and release it: each reads first, sends one request at most, and is safe to repeat."""

from __future__ import annotations

import logging
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.inputs import as_datetime
from airflow_provider_harvest.portal.sources.confirm_writes import refuse_deleted, telling, write_and_read
from airflow_provider_harvest.portal.sources.guard_note import (
    NOTE_ACCEPTED,
    NOTE_HELD,
    NOTHING_ACCEPTED,
    Note,
    is_held,
    join,
    split,
)
from airflow_provider_harvest.portal.sources.writes import WHO_EDITS
from airflow_provider_harvest.portal.text.words import iso

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestSource

__all__ = [
    "accepted_before",
    "contradicts",
    "covered_before",
    "held_since",
    "hold",
    "hold_ahead",
    "is_held",
    "release",
    "tidy",
]

log = logging.getLogger(__name__)


def hold(client: HarvestClient, source_id: str, missing: int, before: datetime) -> tuple[HarvestSource, bool]:
    """Switch a source's archiving off and note it in its description, in one request.

    A source that is held already, and has lost more in a later job, is held for all of it from now on: a release
    accepts what the line covers, so that people must be asked again. A source whose owner has switched archiving off
    stays as it is, and so does one that is held for this loss.

    :param client: of the portal, with a key that may change the source.
    :param source_id: its id.
    :param missing: number of records that are missing.
    :param before: beginning of the job in which they are missing.
    :returns: the source, read again, and whether this call changed it.
    :raises HarvestAuthError: if the key may not; the message says who may.
    """
    source = client.get_source(source_id)
    refuse_deleted(source)
    text, note = split(source.description)
    accepted = _accepted(source)
    if source.autoarchive is False:
        if note is None or note.state != NOTE_HELD or not missing or not (note.is_ahead or before > note.before):
            return source, False
        at = note.at if note.is_ahead else _now(client)  # a guarded run learns what it has held since it began
    elif accepted is not None and before <= accepted.before:
        log.info("Source %s is not held: a person has accepted this loss meanwhile.", source.id)
        return source, False
    else:
        at = _now(client)
    note = _held(at, missing, before, accepted)
    return _write(client, source, autoarchive=False, description=join(text, note)), True


def hold_ahead(client: HarvestClient, source_id: str) -> tuple[HarvestSource, bool]:
    """Switch a source's archiving off before it is harvested; a loss that a person has accepted stays accepted.

    :param client: of the portal, with a key that may change the source.
    :param source_id: its id.
    :returns: the source, read again, and whether this call switched it off.
    :raises HarvestAuthError: if the key may not; the message says who may.
    """
    source = client.get_source(source_id)
    refuse_deleted(source)
    if source.autoarchive is False:
        return source, False
    accepted = _accepted(source)
    # ``before`` repeats it for versions that read one line only.
    note = _held(_now(client), 0, accepted.before if accepted else NOTHING_ACCEPTED, accepted)
    text = split(source.description)[0]
    return _write(client, source, autoarchive=False, description=join(text, note)), True


def release(
    client: HarvestClient, source_id: str, *, accept: bool, held_since: str | None = None
) -> tuple[HarvestSource, bool]:
    """Switch the archiving of a source that the guard holds on again.

    :param client: of the portal, with a key that may change the source.
    :param source_id: its id.
    :param accept: whether the loss is accepted: what the guard holds it for is not held again, what was lost later is.
        False if the records are back.
    :param held_since: ``held_since`` of the guard's result that a person has decided on: if the source has lost more
        since then, it is not released. None: whatever it is held for.
    :returns: the source, read again, and whether this call released it.
    :raises HarvestInvalidInput: if the guard does not hold it: it only switches on what it switched off; or if it is
        another hold by now; or if ``held_since`` is not a time.
    """
    source = client.get_source(source_id)
    refuse_deleted(source)
    text, note = split(source.description)
    if note is not None and note.state == NOTE_ACCEPTED and accept and source.autoarchive:
        return source, False
    if note is None or note.state != NOTE_HELD:
        raise HarvestInvalidInput(
            f"The guard does not hold source {source.id}, so there is nothing to release. "
            f"Its autoarchive is {'on' if source.autoarchive else 'off by its owner'}."
        )
    if held_since is not None and as_datetime(held_since, "held_since") != as_datetime(note.at, "the hold"):
        raise HarvestInvalidInput(
            f"Source {source.id} has lost more since that was decided: the guard holds it since {iso(note.at)} for "
            f"{note.count:,} records. Decide on these."
        )
    kept = Note(NOTE_ACCEPTED, _now(client), note.count, _covered(note)) if accept else note.accepted
    return _write(client, source, autoarchive=True, description=join(text, kept) or ""), True


def contradicts(source: HarvestSource) -> bool:
    """Whether the guard's line is out of date: a person has switched autoarchive on under a hold, or off after one.

    :param source: with its description.
    """
    note = split(source.description)[1]
    return note is not None and (note.state == NOTE_HELD) is (source.autoarchive is not False)


def tidy(client: HarvestClient, source_id: str, *, is_done: bool) -> tuple[HarvestSource, bool]:
    """Update the guard's line to the present state; ``autoarchive`` stays as it is.

    A hold that a person has ended by switching archiving on becomes an accepted loss. The line of an accepted loss
    goes once that loss is archived or back, or once the owner has switched archiving off: it would be taken for a hold.

    :param client: of the portal, with a key that may change the source.
    :param source_id: its id.
    :param is_done: whether nothing of the accepted loss is on the portal any more.
    :returns: the source, read again, and whether this call changed it.
    """
    source = client.get_source(source_id)
    refuse_deleted(source)
    text, note = split(source.description)
    if note is None or not (contradicts(source) or (is_done and note.state == NOTE_ACCEPTED)):
        return source, False
    kept = _accepted(source) if note.state == NOTE_HELD and not is_done else None
    return _write(client, source, autoarchive=source.autoarchive is not False, description=join(text, kept) or ""), True


def accepted_before(source: HarvestSource) -> datetime | None:
    """Return the time before which losses are accepted: a person released them, or switched archiving on by hand.

    A hold, for another loss or by a guarded run, does not end that.

    :param source: with its description.
    """
    accepted = _accepted(source)
    return accepted.before if accepted else None


def covered_before(source: HarvestSource) -> datetime | None:
    """Return the time before which losses would be accepted if a person released the source now.

    :param source: with its description; None is returned if the guard does not hold it.
    """
    note = split(source.description)[1]
    return _covered(note) if note is not None and is_held(source) else None


def held_since(source: HarvestSource) -> str | None:
    """Return when the guard began to hold a source for what it has lost by now, ISO 8601; None if it does not.

    :param source: with its description.
    """
    note = split(source.description)[1]
    return iso(note.at) if note is not None and is_held(source) else None


def _covered(note: Note) -> datetime:
    before = note.at if note.is_ahead else note.before
    return max(before, note.accepted.before) if note.accepted else before


def _held(at: datetime, count: int, before: datetime, accepted: Note | None) -> Note:
    """Return the note of a hold; the newest line counts, and another client's clock may have been a second ahead."""
    return Note(NOTE_HELD, max(at, accepted.at) if accepted else at, count, before, accepted)


def _accepted(source: HarvestSource) -> Note | None:
    """Return the loss that is accepted; that of a hold is, if a person has switched archiving on under it."""
    note = split(source.description)[1]
    if note is None or (note.state == NOTE_ACCEPTED and source.autoarchive is False):
        return None
    if note.state == NOTE_ACCEPTED:
        return note
    if source.autoarchive is False or note.is_ahead:
        return note.accepted
    return Note(NOTE_ACCEPTED, note.at, note.count, _covered(note))


def _now(client: HarvestClient) -> datetime:
    return datetime.fromtimestamp(client.portal_now(), tz=timezone.utc)


def _write(
    client: HarvestClient, source: HarvestSource, *, autoarchive: bool, description: str | None
) -> HarvestSource:
    """Send both changes in one request; after an unclear response the source is read to see whether they took
    effect."""

    def is_done(read: HarvestSource) -> bool:
        return read.autoarchive is autoarchive and (read.description or "") == (description or "")

    with telling(WHO_EDITS):
        changed, _ = write_and_read(
            client,
            source.id,
            lambda: client.update_source(source.id, current=source, autoarchive=autoarchive, description=description),
            is_done,
            what=f"autoarchive={autoarchive} and the guard's note",
        )
    return changed
