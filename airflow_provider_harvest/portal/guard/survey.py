"""One pass of the guard over a portal: which requests it takes, and in which order. Called as ``examine()``.

One request for each 500 sources, one for each 1,000 records of the portal (in most passes over a large portal: of the
owners whose sources were harvested since the last one), and one for each source of which a record was not seen by the
newest harvest: that harvest's remote ids. A source whose records were all seen takes none of its own, since each record
has the time when it was last seen.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_provider_harvest.exceptions import HarvestError, HarvestInvalidInput
from airflow_provider_harvest.portal.guard.archiving_forecast import GRACE_DAYS, check_grace, forecast
from airflow_provider_harvest.portal.guard.case import Case, GuardReport
from airflow_provider_harvest.portal.guard.hold_and_release import (
    accepted_before,
    contradicts,
    covered_before,
    is_held,
)
from airflow_provider_harvest.portal.guard.hold_decision import ARCHIVING_STATUSES, Judgement, LossThresholds, judge
from airflow_provider_harvest.portal.guard.live_records import LiveRecords, read_live
from airflow_provider_harvest.portal.guard.rights import list_sources, why_not_holdable
from airflow_provider_harvest.portal.inputs import as_written
from airflow_provider_harvest.portal.sources.guard_note import split
from airflow_provider_harvest.portal.sources.writes import organization_of
from airflow_provider_harvest.portal.text.untrusted import plain
from airflow_provider_harvest.portal.text.words import few

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.http.datasets import HarvestedRecord
    from airflow_provider_harvest.portal.models import HarvestJob, HarvestSource

log = logging.getLogger(__name__)

_FIELDS = "name,url,backend,active,autoarchive,deleted,schedule,description,last_job{id,status,created,started,ended}"


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
    with_rights: bool = False,
    whole: bool = False,
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
    :param with_rights: whether the key goes along, to find out which sources it could not hold.
    :param whole: whether the records of the whole portal are read, also if it is large and few owners' sources were
        harvested since. A pass over all sources always reads them.
    :returns: the report.
    :raises HarvestInvalidInput: for invalid arguments.
    :raises HarvestError: if the portal's lists cannot be read. A job that cannot be read leaves its source out, and an
        owner whose records cannot be read the sources of that owner.
    """
    check_grace(grace_days)
    limits = _limits_of(thresholds_by_source, thresholds)
    wanted = None if source_ids is None else {as_written(str(ident)) for ident in source_ids}
    if wanted is not None and not wanted:
        raise HarvestInvalidInput("source_ids is empty: leave it out to examine all sources.")
    organization_id = organization_of(client, organization)
    listing = list_sources(client, organization_id, _FIELDS, with_rights=with_rights)
    at = datetime.fromtimestamp(listing.at if now is None else now, tz=timezone.utc)
    report = GuardReport(client.site, at, len(listing.sources))
    _check_wanted(wanted, listing.sources)
    strangers = sorted(limits.keys() - {source.id for source in listing.sources})
    if strangers:  # deleted meanwhile, or misspelt: then the usual thresholds count
        log.warning("thresholds_by_source names %s, which is not among the sources here.", few(strangers))
    listed = [source for source in listing.sources if wanted is None or source.id in wanted]
    if with_rights:
        report.not_holdable = why_not_holdable(client, listed, listing.refusal)
    chosen, jobs = _choose(client, listed, since, again, grace_days, report)
    whole = whole or since is None or not chosen.keys().isdisjoint(again)
    live = read_live(client, chosen, jobs, organization_id, report, whole=whole)
    for ident, source in chosen.items():
        if ident not in live:
            continue
        try:
            case = _case(client, source, jobs[ident], live[ident], limits.get(ident, thresholds), grace_days, report)
        except HarvestError as error:
            _leave_out(report, source, error)
            continue
        if case.outlook.is_exposed:
            report.exposed[ident] = source
        if case.missing or case.note is not None or case.outlook.is_exposed:
            report.cases.append(case)
    examined = {case.source.id for case in report.cases}
    # A hold is reported in each pass, or the next one would take it for a new one.
    report.cases += [_held_unexamined(s, report) for s in listed if is_held(s) and s.id not in examined]
    report.cases.sort(key=lambda case: (not case.judgement.hold, -len(case.missing), case.source.id))
    return report


def _choose(
    client: HarvestClient,
    listed: Iterable[HarvestSource],
    since: float | None,
    again: Collection[str],
    grace_days: int,
    report: GuardReport,
) -> tuple[dict[str, HarvestSource], dict[str, HarvestJob]]:
    """Return the sources whose records must be read, and the newest whole job of each, both by id."""
    chosen: dict[str, HarvestSource] = {}
    jobs: dict[str, HarvestJob] = {}
    for source in listed:
        if not source.autoarchive and split(source.description)[1] is None:
            report.not_archiving.append(source.id)
            continue
        is_due = since is None or source.id in again or is_held(source) or contradicts(source)
        job = source.last_job
        if is_due or _has_news(job, since):
            job = _whole_job(client, source, report)
            if job is not None and (is_due or _has_news(job, since)):
                chosen[source.id], jobs[source.id] = source, job
                continue
        _note_exposure(report, source, job, grace_days)
    return chosen, jobs


def _leave_out(report: GuardReport, source: HarvestSource, error: HarvestError) -> None:
    log.warning("Source %s is left out: %s", source.id, error)
    report.leave_out([source.id], f"{plain(source.name, 80)} ({source.id}): {plain(error)}")


def _held_unexamined(source: HarvestSource, report: GuardReport) -> Case:
    why = "Its records could not be read, so that its present loss is unknown."
    if source.id not in report.not_examined:
        why = "No harvest of it has ended as it should, so that its loss is unknown."
    unknown = forecast(source, (), report.at)
    return Case(source, None, Judgement(hold=False, reasons=[]), unknown, unknown, (), unexamined=why)


def _limits_of(by_source: object, base: LossThresholds | None) -> dict[str, LossThresholds]:
    """Return the thresholds of those sources that have their own, by id."""
    if by_source is not None and not isinstance(by_source, Mapping):
        raise HarvestInvalidInput(
            f"thresholds_by_source must be an object of thresholds by the id of a source, not {by_source!r:.60}."
        )
    by_id = {as_written(str(ident)): values for ident, values in (by_source or {}).items()}
    return {ident: LossThresholds.from_dict(values, base) for ident, values in by_id.items()}


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
        _leave_out(report, source, error)
        return None


def _case(
    client: HarvestClient,
    source: HarvestSource,
    job: HarvestJob,
    live: LiveRecords,
    limits: LossThresholds | None,
    grace_days: int,
    report: GuardReport,
) -> Case:
    accepted, covered = accepted_before(source), covered_before(source)
    found = set(client.iter_remote_ids(str(job.id))) if live.stale else set()
    loss = _loss(live, found, accepted, limits)
    outlook, if_released = (
        forecast(one, loss.missing, report.at, last_seen=live.newest, grace_days=grace_days)
        for one in (source, replace(source, autoarchive=True))
    )
    return Case(
        source,
        job,
        loss.judgement,
        outlook,
        if_released,
        loss.missing,
        is_note_done=accepted is not None and not loss.accepted and live.is_shown and report.is_whole,
        accepted=loss.accepted,
        shows_none=not live.is_shown,
        is_partial=not report.is_whole,
        has_grown=covered is not None and _loss(live, found, covered, limits).judgement.hold,
    )


class _Loss(NamedTuple):
    """What is missing of a source, without what is accepted, and whether that must be held."""

    missing: tuple[HarvestedRecord, ...]
    accepted: tuple[HarvestedRecord, ...]
    judgement: Judgement


def _loss(live: LiveRecords, found: set[str], accepted: datetime | None, limits: LossThresholds | None) -> _Loss:
    """Return the loss of a source, if what was last seen before a time is accepted."""
    if not live.stale:
        return _Loss((), (), Judgement(hold=False, reasons=[], before=len(live.seen)))
    is_excused = {
        record.id: accepted is not None and record.last_update is not None and record.last_update < accepted
        for record in live.stale
    }
    excused = [record for record in live.stale if is_excused[record.id]]
    stale = [record for record in live.stale if not is_excused[record.id]]
    missing = tuple(record for record in stale if record.key not in found)
    accepted_keys = {record.key for record in excused} - {record.key for record in stale}
    before = {key: day for key, day in live.seen.items() if key not in accepted_keys}
    judgement = judge(before, found | (before.keys() - {record.key for record in missing}), limits)
    return _Loss(missing, tuple(record for record in excused if record.key not in found), judgement)
