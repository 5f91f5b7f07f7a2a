"""Hold a source's archiving, and release it: each reads first, sends one request at most, and is safe to repeat."""

from __future__ import annotations

import logging
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.sources.confirm_writes import refuse_deleted, telling, write_and_read
from airflow_provider_harvest.portal.sources.guard_note import NOTE_ACCEPTED, NOTE_HELD, Note, is_held, join, split
from airflow_provider_harvest.portal.sources.writes import WHO_EDITS

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestSource

__all__ = ["accepted_before", "contradicts", "hold", "hold_ahead", "is_held", "release", "tidy"]

log = logging.getLogger(__name__)

_NOTHING_ACCEPTED = datetime(1970, 1, 1, tzinfo=timezone.utc)


def hold(client: HarvestClient, source_id: str, missing: int, before: datetime) -> tuple[HarvestSource, bool]:
    """Switch a source's archiving off and note it in its description, in one request.

    Sends nothing if archiving is off already, by the guard or by the owner.

    :param client: of the portal, with a key that may change the source.
    :param source_id: its id.
    :param missing: number of records that are missing.
    :param before: beginning of the job in which they are missing.
    :returns: the source, read again, and whether this call switched it off.
    :raises HarvestAuthError: if the key may not; the message says who may.
    """
    source = client.get_source(source_id)
    refuse_deleted(source)
    text, note = split(source.description)
    if source.autoarchive is False:
        if note is not None and note.is_ahead and missing:  # of a guarded run, which now knows
            note = Note(NOTE_HELD, note.at, missing, before)
            return _write(client, source, autoarchive=False, description=join(text, note)), False
        return source, False
    if note is not None and note.state == NOTE_HELD and before <= note.before:
        log.info("Source %s was held for this loss before, and archiving was switched on again.", source.id)
        return source, False
    note = Note(NOTE_HELD, datetime.fromtimestamp(client.portal_now(), tz=timezone.utc), missing, before)
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
    now = datetime.fromtimestamp(client.portal_now(), tz=timezone.utc)
    note = Note(NOTE_HELD, now, 0, accepted_before(source) or _NOTHING_ACCEPTED)
    text = split(source.description)[0]
    return _write(client, source, autoarchive=False, description=join(text, note)), True


def release(client: HarvestClient, source_id: str, *, accept: bool) -> tuple[HarvestSource, bool]:
    """Switch the archiving of a source that the guard holds on again.

    :param client: of the portal, with a key that may change the source.
    :param source_id: its id.
    :param accept: whether the loss is accepted: what is missing now is not held again, what is lost later is. False
        if the records are back.
    :returns: the source, read again, and whether this call released it.
    :raises HarvestInvalidInput: if the guard does not hold it: it only switches on what it switched off.
    """
    source = client.get_source(source_id)
    refuse_deleted(source)
    text, note = split(source.description)
    if note is not None and note.state == NOTE_ACCEPTED and accept and source.autoarchive:
        return source, False
    if note is None or note.state != NOTE_HELD:
        raise HarvestInvalidInput(
            f"The guard does not hold source {source.id}, so that there is nothing to release. "
            f"Its autoarchive is {'on' if source.autoarchive else 'off by its owner'}."
        )
    kept = None
    if accept:
        at = datetime.fromtimestamp(client.portal_now(), tz=timezone.utc)
        kept = Note(NOTE_ACCEPTED, at, note.count, note.at if note.is_ahead else note.before)
    elif note.is_ahead and note.before > _NOTHING_ACCEPTED:
        kept = Note(NOTE_ACCEPTED, note.at, 0, note.before)
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
    kept = Note(NOTE_ACCEPTED, note.at, note.count, note.before) if note.state == NOTE_HELD and not is_done else None
    return _write(client, source, autoarchive=source.autoarchive is not False, description=join(text, kept) or ""), True


def accepted_before(source: HarvestSource) -> datetime | None:
    """Return the time before which losses are accepted: a person released them, or switched archiving on by hand.

    A guarded run holds without ending that.

    :param source: with its description.
    """
    note = split(source.description)[1]
    return note.before if note is not None and (source.autoarchive is not False or note.is_ahead) else None


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
