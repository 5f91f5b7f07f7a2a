"""Read what is on a portal of the sources that were harvested.

A source's records may be another owner's: a source that is given to another organization leaves its records in the one
before, and a dataset can be given away, too; the source archives them there (seen on udata 9.2.4 to 17.18.0). The API
has no filter by source, so only a pass over the whole portal shows them all. On a large portal each pass cannot be one.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import HarvestError
from airflow_provider_harvest.portal.guard.case import begun_of
from airflow_provider_harvest.portal.http.temporary_errors import concerns_all
from airflow_provider_harvest.portal.text.untrusted import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.guard.case import GuardReport
    from airflow_provider_harvest.portal.http.datasets import HarvestedRecord
    from airflow_provider_harvest.portal.models import HarvestJob, HarvestSource

log = logging.getLogger(__name__)

#: Owners whose records are read one by one, if not all are; for more of them one pass over the portal is cheaper.
MAX_ORGANIZATIONS = 10
#: A portal of so many datasets is read in ten requests.
READ_WHOLE = 10_000
#: Whose records are read: a kind and an id.
_Owner = tuple[str, str]
ALL, NOBODY = ("all", ""), ("nobody", "")


@dataclass
class LiveRecords:
    """The records of one source: for each id the day when it was last seen, and those that its job did not refresh."""

    seen: dict[str, Any] = field(default_factory=dict)
    stale: list[HarvestedRecord] = field(default_factory=list)
    newest: datetime | None = None
    is_shown: bool = False


def read_live(
    client: HarvestClient,
    chosen: Mapping[str, HarvestSource],
    jobs: Mapping[str, HarvestJob],
    organization_id: str | None,
    report: GuardReport,
    *,
    whole: bool,
) -> dict[str, LiveRecords]:
    """Read the records of the chosen sources; those of an owner that cannot be read are left out, and said so.

    ``report.is_whole`` says afterwards whether the records that the sources have with other owners were read, too.

    :param client: of the portal.
    :param chosen: the sources by id.
    :param jobs: for each the job that its records are compared with.
    :param organization_id: of the organization that the pass is restricted to.
    :param report: of the pass.
    :param whole: whether the whole portal is read, however large it is.
    """
    by_owner = _by_owner(chosen, organization_id)
    if not by_owner:
        return {}
    report.is_whole = whole or len(by_owner) > MAX_ORGANIZATIONS or NOBODY in by_owner or _is_small(client)
    if report.is_whole:
        try:
            return _live_of(client, ALL, chosen, jobs)
        except HarvestError as error:
            if concerns_all(error):
                raise
            log.warning(
                "The records of all owners cannot be read in one pass, so each is read for itself; those that a source "
                "has with another owner are not seen: %s",
                error,
            )
            if ownerless := by_owner.pop(NOBODY, None):
                report.leave_out(ownerless, f"{len(ownerless):,} without an owner: {plain(error)}")
    live: dict[str, LiveRecords] = {}
    for owner, idents in by_owner.items():
        try:
            live.update(_live_of(client, owner, idents, jobs))
        except HarvestError as error:
            if concerns_all(error):
                raise
            whose = f"{owner[0]} {plain(owner[1], 40)}"
            log.warning("The sources of the %s are left out: %s", whose, error)
            report.leave_out(idents, f"{len(idents):,} of the {whose}: {plain(error)}")
    return live


def _is_small(client: HarvestClient) -> bool:
    try:
        total = client.count_datasets()
    except HarvestError as error:
        if concerns_all(error):
            raise
        return True  # what cannot be counted may be read
    return total is not None and total <= READ_WHOLE


def _live_of(
    client: HarvestClient, owner: _Owner, idents: Iterable[str], jobs: Mapping[str, HarvestJob]
) -> dict[str, LiveRecords]:
    """Read the records of an owner; kept of each is its id and day, and all of it only if it is stale."""
    live = {ident: LiveRecords() for ident in idents}
    for record in _records(client, owner):
        found = live.get(record.source_id)
        if found is None:
            continue
        found.is_shown = True
        begun = begun_of(jobs[record.source_id])
        if record.last_update is not None:
            found.newest = max(found.newest or record.last_update, record.last_update)
        is_stale = record.last_update is None or record.last_update < begun
        if is_stale:
            found.stale.append(record)
        elif record.created is not None and record.created >= begun.replace(microsecond=0):
            continue  # made by this very job: it was not there before
        day = record.last_update.date() if record.last_update else None
        found.seen[record.key] = max(found.seen.get(record.key) or day, day) if day else None
    return live


def _by_owner(chosen: Mapping[str, HarvestSource], organization_id: str | None) -> dict[_Owner, list[str]]:
    """Return the ids of the chosen sources by whose they are: organizations first, then users."""
    owners: dict[_Owner, list[str]] = {}
    for ident, source in chosen.items():
        if organization_id or source.organization:
            owner = ("organization", organization_id or (source.organization.id if source.organization else ""))
        else:
            owner = ("user", source.owner.id) if source.owner else NOBODY
        owners.setdefault(owner, []).append(ident)
    return dict(sorted(owners.items()))


def _records(client: HarvestClient, owner: _Owner) -> Iterator[HarvestedRecord]:
    kind, ident = owner
    whose = (ident if kind == "organization" else None, ident if kind == "user" else None)
    yield from client.iter_datasets(*whose)
    if client.ends_in_slash():  # releases before 10 archive datasets only
        yield from client.iter_dataservices(*whose)
