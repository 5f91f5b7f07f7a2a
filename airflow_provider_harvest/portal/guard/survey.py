"""One pass of the guard over a portal: which requests it takes, and in which order. Called as ``examine()``.

One request for each 500 sources, one for each 1,000 records of the organizations whose sources were harvested, and one
for each source of which a record was not seen by the newest harvest: that harvest's remote ids. A source whose records
were all seen takes none of its own, since each record has the time when it was last seen.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import HarvestError, HarvestInvalidInput
from airflow_provider_harvest.portal.guard.forecast import GRACE_DAYS, Forecast, check_days, forecast
from airflow_provider_harvest.portal.guard.hold_and_release import accepted_before, contradicts, is_held
from airflow_provider_harvest.portal.guard.hold_decision import ARCHIVING_STATUSES, Judgement, LossThresholds, judge
from airflow_provider_harvest.portal.guard.rights import list_with_rights, why_not_holdable
from airflow_provider_harvest.portal.http.temporary_errors import concerns_all
from airflow_provider_harvest.portal.sources.guard_note import Note, split
from airflow_provider_harvest.portal.sources.writes import organization_of
from airflow_provider_harvest.portal.text.untrusted import plain
from airflow_provider_harvest.portal.text.words import few

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.http.datasets import HarvestedRecord
    from airflow_provider_harvest.portal.models import HarvestJob, HarvestSource

log = logging.getLogger(__name__)

#: Organizations whose records are read one by one; for more of them one pass over the portal is cheaper.
MAX_ORGANIZATIONS = 10
#: Days after which a hold is reported again as waiting for a decision.
REMIND_DAYS = 14
#: Share of a held loss that may still be missing when its hold is lifted: catalogues lose a few records on any day.
MAX_LEFT = 0.1
#: Whose records are read: a kind and an id.
_Owner = tuple[str, str]
ALL, NOBODY = ("all", ""), ("nobody", "")
_FIELDS = "name,url,backend,active,autoarchive,deleted,schedule,description,last_job{id,status,created,started,ended}"


@dataclass
class Case:
    """What a pass found about one source.

    :param source: as the portal's list returns it.
    :param job: its newest job after which the portal archives.
    :param judgement: of its loss.
    :param outlook: which runs archive what.
    :param if_released: the same if archiving were on; it differs for a source that is held.
    :param missing: the records that are on the portal and not in the job, without those accepted as lost.
    :param is_note_done: whether an accepted loss is over: nothing of it is on the portal any more.
    :param accepted: the records that are on the portal, not in the job, and accepted as lost.
    :param shows_none: whether the portal shows no record of the source at all; perhaps an odd answer, so nothing that
        would let the portal archive follows from it.
    :param action: what was done: ``held``, ``lifted``, ``expired``, ``tidied``; or ``cannot_hold`` and ``cannot_lift``;
        empty for nothing.
    :param why: a sentence on the action.
    """

    source: HarvestSource
    job: HarvestJob
    judgement: Judgement
    outlook: Forecast
    if_released: Forecast
    missing: tuple[HarvestedRecord, ...]
    is_note_done: bool = False
    accepted: tuple[HarvestedRecord, ...] = ()
    shows_none: bool = False
    action: str = ""
    why: str = ""

    @property
    def begun(self) -> datetime:
        """When the job began; whatever was last seen before was not refreshed by it."""
        begun = self.job.created or self.job.started or self.job.ended
        assert begun is not None  # noqa: S101 - a whole job has ended
        return begun

    @property
    def must_hold(self) -> bool:
        """Whether the loss waits for a person; not if its hold has just expired, which accepted it."""
        return self.judgement.hold and self.action != "expired"

    @property
    def is_held(self) -> bool:
        """Whether the guard holds the source now."""
        return is_held(self.source)

    @property
    def note(self) -> Note | None:
        """The content of the guard's line in the source's description."""
        return split(self.source.description)[1]

    @property
    def is_back(self) -> bool:
        """Whether the loss for which the source is held is over: all of it is back, or all but a few as usual."""
        note = self.note
        if self.judgement.hold or self.shows_none or note is None or self.awaits_harvest:
            return False
        return note.is_ahead or len(self.missing) <= note.count * MAX_LEFT

    @property
    def contradicts_note(self) -> bool:
        """Whether that line is out of date, since a person has changed ``autoarchive``."""
        return contradicts(self.source)

    @property
    def awaits_harvest(self) -> bool:
        """Whether a guarded run holds the source ahead of a harvest that has not ended."""
        return self.note is not None and self.note.is_ahead and self.begun < self.note.at

    def is_overdue(self, now: datetime) -> bool:
        """Whether a hold has waited so long that people are reminded."""
        note = self.note
        return self.is_held and note is not None and now - note.at >= timedelta(days=REMIND_DAYS)


@dataclass
class GuardReport:
    """What a pass found.

    :param portal: the portal's site.
    :param at: the portal's clock.
    :param sources: how many sources were listed.
    :param cases: those of which something is missing, that are held, or whose next run archives without grace.
    :param exposed: by id, the sources whose next run archives at once what it does not find: a loss there cannot be
        held afterwards.
    :param not_archiving: ids of the sources with ``autoarchive`` off that the guard does not hold; they are left out.
    :param not_holdable: by id, why a source that archives could not be held if it lost records; read in mode ``hold``.
    :param requests_failed: sentences on what could not be read.
    """

    portal: str
    at: datetime
    sources: int = 0
    cases: list[Case] = field(default_factory=list)
    exposed: dict[str, HarvestSource] = field(default_factory=dict)
    not_archiving: list[str] = field(default_factory=list)
    not_holdable: dict[str, str] = field(default_factory=dict)
    requests_failed: list[str] = field(default_factory=list)


def examine(
    client: HarvestClient,
    *,
    since: float | None = None,
    again: Collection[str] = (),
    organization: str | None = None,
    source_ids: Iterable[str] | None = None,
    thresholds: LossThresholds | None = None,
    thresholds_by_source: Mapping[str, Mapping[str, Any]] | None = None,
    grace_days: int = GRACE_DAYS,
    now: float | None = None,
    forecast_all: bool = False,
    with_rights: bool = False,
) -> GuardReport:
    """Find what the portal will archive, and judge it. Needs no key, and writes nothing.

    :param client: of the portal.
    :param since: seconds since the epoch, by the portal's clock; only sources harvested since. None: all.
    :param again: ids of sources that are examined although they were not harvested since.
    :param organization: id or slug of an organization; only its sources.
    :param source_ids: ids of sources; only these. None: all.
    :param thresholds: above which a loss is held.
    :param thresholds_by_source: other values for some sources, by their id.
    :param grace_days: of the portal; default 7. The API does not return it.
    :param now: seconds since the epoch; default: the portal's clock.
    :param forecast_all: whether sources that do not archive are read, too.
    :param with_rights: whether the key goes along, to find out which sources it could not hold.
    :returns: the report.
    :raises HarvestInvalidInput: for invalid arguments.
    :raises HarvestError: if the portal's lists cannot be read. A job that cannot be read leaves its source out, and an
        owner whose records cannot be read the sources of that owner.
    """
    check_days(grace_days, "grace_days")
    limits = {
        ident: LossThresholds.from_dict(values, thresholds) for ident, values in (thresholds_by_source or {}).items()
    }
    wanted = None if source_ids is None else {str(ident) for ident in source_ids}
    if wanted is not None and not wanted:
        raise HarvestInvalidInput("source_ids is empty: leave it out to examine all sources.")
    organization_id = organization_of(client, organization)
    if with_rights:
        listed, refusal = list_with_rights(client, organization_id, _FIELDS)
    else:
        listed, refusal = list(client.iter_sources(organization=organization_id, fields=_FIELDS)), None
    at = datetime.fromtimestamp(client.portal_now() if now is None else now, tz=timezone.utc)
    report = GuardReport(client.site, at, len(listed))
    _check_wanted(wanted, listed)
    strangers = sorted(limits.keys() - {source.id for source in listed})
    if strangers:  # deleted meanwhile, or misspelt: then the usual thresholds count
        log.warning("thresholds_by_source names %s, which is not among the sources here.", few(strangers))
    listed = [source for source in listed if wanted is None or source.id in wanted]
    if with_rights:
        report.not_holdable = why_not_holdable(client, listed, refusal)
    jobs: dict[str, HarvestJob] = {}
    chosen = {}
    for source in listed:
        is_noted = split(source.description)[1] is not None
        if not source.autoarchive and not is_noted:
            report.not_archiving.append(source.id)
            if not forecast_all:
                continue
        is_due = since is None or source.id in again or is_held(source) or contradicts(source)
        job = source.last_job
        if is_due or _has_news(job, since):
            job = _whole_job(client, source, report)
            if job is not None and (is_due or _has_news(job, since)):
                chosen[source.id], jobs[source.id] = source, job
                continue
        _note_exposure(report, source, job, grace_days)
    live = _live_records(client, chosen, jobs, organization_id, report)
    for ident, source in chosen.items():
        if ident not in live:
            continue
        try:
            case = _case(client, source, jobs[ident], live[ident], limits.get(ident, thresholds), grace_days, at)
        except HarvestError as error:
            log.warning("Source %s is left out: %s", ident, error)
            report.requests_failed.append(f"{plain(source.name, 80)} ({ident}): {plain(error)}")
            continue
        if case.outlook.is_exposed:
            report.exposed[ident] = source
        if case.missing or case.note is not None or case.outlook.is_exposed:
            report.cases.append(case)
    report.cases.sort(key=lambda case: (not case.judgement.hold, -len(case.missing), case.source.id))
    return report


@dataclass
class _Live:
    """The records of one source: for each id the day when it was last seen, and those that its job did not refresh."""

    seen: dict[str, Any] = field(default_factory=dict)
    stale: list[HarvestedRecord] = field(default_factory=list)
    newest: datetime | None = None
    is_shown: bool = False


def _check_wanted(wanted: set[str] | None, listed: Iterable[HarvestSource]) -> None:
    unknown = sorted((wanted or set()) - {source.id for source in listed})
    if unknown:
        raise HarvestInvalidInput(f"The portal has no source {', '.join(plain(ident, 40) for ident in unknown)}.")


def _has_news(job: HarvestJob | None, since: float | None) -> bool:
    """Whether a source was harvested since; if its newest job is running, the one before may have ended since."""
    when = (job.ended or job.created) if job else None
    return when is not None and (since is None or when.timestamp() > since)


def _note_exposure(report: GuardReport, source: HarvestSource, job: HarvestJob | None, grace_days: int) -> None:
    """Note a source whose next run comes more than the grace after its last one; the list itself shows that."""
    if job is None or job.ended is None or job.status not in ARCHIVING_STATUSES:
        return
    if forecast(source, (), report.at, last_seen=job.ended, grace_days=grace_days).is_exposed:
        report.exposed[source.id] = source


def _whole_job(client: HarvestClient, source: HarvestSource, report: GuardReport) -> HarvestJob | None:
    """Return the newest job that was whole; the list has only the newest, which may be running or have failed."""
    job = source.last_job
    if job is None or (job.has_ended and job.status in ARCHIVING_STATUSES and job.created):
        return job
    try:
        return client.newest_whole_job(source.id)
    except HarvestError as error:
        report.requests_failed.append(f"{plain(source.name, 80)} ({source.id}): {plain(error)}")
        return None


def _live_records(
    client: HarvestClient,
    chosen: Mapping[str, HarvestSource],
    jobs: Mapping[str, HarvestJob],
    organization_id: str | None,
    report: GuardReport,
) -> dict[str, _Live]:
    """Read the records of the chosen sources; those of an owner that cannot be read are left out, and said so."""
    by_owner = _by_owner(chosen, organization_id)
    if len(by_owner) > MAX_ORGANIZATIONS or NOBODY in by_owner:
        try:
            return _live_of(client, ALL, chosen, jobs)
        except HarvestError as error:
            if concerns_all(error) or NOBODY in by_owner:
                raise
            log.warning("The records of all owners cannot be read in one pass, so each is read for itself: %s", error)
    live: dict[str, _Live] = {}
    for owner, idents in by_owner.items():
        try:
            live.update(_live_of(client, owner, idents, jobs))
        except HarvestError as error:
            if concerns_all(error):
                raise
            kind, ident = owner
            log.warning("The sources of the %s %s are left out: %s", kind, ident, error)
            report.requests_failed.append(f"{len(idents):,} of the {kind} {ident}: {plain(error)}")
    return live


def _live_of(
    client: HarvestClient, owner: _Owner, idents: Iterable[str], jobs: Mapping[str, HarvestJob]
) -> dict[str, _Live]:
    """Read the records of an owner; kept of each is its id and day, and all of it only if it is stale."""
    live = {ident: _Live() for ident in idents}
    for record in _records(client, owner):
        found = live.get(record.source_id)
        if found is None:
            continue
        found.is_shown = True
        begun = jobs[record.source_id].created
        assert begun is not None  # noqa: S101
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


def _case(
    client: HarvestClient,
    source: HarvestSource,
    job: HarvestJob,
    live: _Live,
    limits: LossThresholds | None,
    grace_days: int,
    at: datetime,
) -> Case:
    accepted = accepted_before(source)
    excused = [r for r in live.stale if accepted is not None and r.last_update is not None and r.last_update < accepted]
    gone = {record.id for record in excused}
    stale = [record for record in live.stale if record.id not in gone]
    missing: tuple[HarvestedRecord, ...] = ()
    judgement = Judgement(hold=False, reasons=[], before=len(live.seen))
    found: set[str] = set()
    if live.stale:
        found = set(client.iter_remote_ids(str(job.id)))
        missing = tuple(record for record in stale if record.key not in found)
        accepted_keys = {record.key for record in excused} - {record.key for record in stale}
        before = {key: day for key, day in live.seen.items() if key not in accepted_keys}
        judgement = judge(before, found | (before.keys() - {record.key for record in missing}), limits)
    outlook, if_released = (
        forecast(one, missing, at, last_seen=live.newest, grace_days=grace_days)
        for one in (source, replace(source, autoarchive=True))
    )
    waived = tuple(record for record in excused if record.key not in found)
    shows_none = not live.is_shown
    is_note_done = accepted is not None and not waived and not shows_none
    return Case(source, job, judgement, outlook, if_released, missing, is_note_done, waived, shows_none)
