"""Findings of a health pass by the sets of records: what was lost, will be archived, and was archived."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_provider_harvest.exceptions import HarvestError
from airflow_provider_harvest.portal.compare.diff import NEWLY_ARCHIVED
from airflow_provider_harvest.portal.guard import survey as guard
from airflow_provider_harvest.portal.health.findings import DATASETS_ARCHIVED, SHRUNK, VANISHING, Trouble
from airflow_provider_harvest.portal.health.shrinkage import archived_trouble
from airflow_provider_harvest.portal.outcome.since_last_harvest import JobItems, read_changes
from airflow_provider_harvest.portal.text.untrusted import plain
from airflow_provider_harvest.portal.text.words import count, day, few

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.guard.case import Case
    from airflow_provider_harvest.portal.health.findings import Thresholds
    from airflow_provider_harvest.portal.health.state import Items, PassMemory
    from airflow_provider_harvest.portal.models import HarvestJob

_TITLES = 3
#: What is found by comparing sets, and lasts until the records are back or archived.
_BY_SETS = (SHRUNK, VANISHING)
#: Requests that it takes to read which records one harvest archived and the one before had not; one more up to 16.x.
_TO_COMPARE = 3


@dataclass
class Foreseen:
    """What a comparison of sets found.

    :param troubles: by the id of a source.
    :param requests: sent to compare jobs, without those of the guard's pass.
    :param not_compared: sentences on what could not be read.
    """

    troubles: dict[str, list[Trouble]] = field(default_factory=dict)
    requests: int = 0
    not_compared: list[str] = field(default_factory=list)


def foresee(
    client: HarvestClient,
    memory: PassMemory,
    items: Mapping[str, Items],
    ended: Mapping[str, HarvestJob],
    checks: Collection[str],
    limits: Thresholds,
    now: float,
    *,
    organization: str | None,
    room: int,
) -> Foreseen:
    """Return what is wrong with the sources of a portal by the sets of their records.

    :param client: of the portal.
    :param memory: the previous pass.
    :param items: what the newest whole harvest of each source had, by counts.
    :param ended: the newest job of each source that was harvested since the previous pass.
    :param checks: the checks to make.
    :param limits: the thresholds.
    :param now: the portal's clock.
    :param organization: id of the organization that the pass is restricted to.
    :param room: requests that may be sent to compare jobs.
    """
    found = Foreseen()
    report = guard.examine(client, organization=organization, now=now)
    for case in report.cases:
        found.troubles.setdefault(case.source.id, []).extend(troubles_of(case, checks, memory))
    for source_id in report.not_examined:
        found.troubles[source_id] = list(as_before(source_id, checks, memory))
    found.not_compared = report.requests_failed
    left_out = 0
    for source_id, job in ended.items():
        if DATASETS_ARCHIVED not in checks or not _may_hide(items.get(source_id), memory.items.get(source_id)):
            continue
        cost = _TO_COMPARE + (job.counts is None)
        if found.requests + cost > room:
            left_out += 1
            continue
        found.requests += cost
        try:
            new = _newly_archived(client, source_id, job)
        except HarvestError as error:
            found.not_compared.append(f"the jobs of source {source_id}: {plain(error)}")
            continue
        trouble = archived_trouble(items[source_id], new, job.ended, limits)
        if trouble is not None:
            found.troubles.setdefault(source_id, []).append(trouble)
    if left_out:
        found.not_compared.append(
            f"what was archived of {count(left_out, 'source')}, since max_detail_requests leaves no room for it."
        )
    return found


def _may_hide(items: Items | None, before: Items | None) -> bool:
    """Whether newly archived records may hide in the counters: some came back while others were archived."""
    return items is not None and items.archived > 0 and items != before


def _newly_archived(client: HarvestClient, source_id: str, job: HarvestJob) -> int:
    """Return how many records a job archived that the one before had not."""
    if job.counts is None:  # up to 16.x the list has no counters
        job = next(iter(client.job_history(source_id, 1)), job)
    changes, _ = read_changes(client, source_id, job, JobItems(client, str(job.id)), compare_failed=False)
    return (changes or {}).get(NEWLY_ARCHIVED) or 0


def troubles_of(case: Case, checks: Collection[str], memory: PassMemory) -> Iterator[Trouble]:
    """Yield what is wrong with a source by the sets of its records.

    :param case: what the guard found about it.
    :param checks: the checks that are made.
    :param memory: the previous pass; what it found already began then.
    """
    if SHRUNK in checks and case.judgement.hold:
        yield _trouble(SHRUNK, case, case.judgement.reasons[0].rstrip("."), memory)
    if VANISHING in checks and case.outlook.first_at is not None:
        records = case.outlook.records
        titles = few([repr(plain(record.title or record.key, 60)) for record in records], _TITLES)
        detail = f"the portal archives {count(len(records), 'dataset')} from {day(case.outlook.first_at)} on: {titles}"
        yield _trouble(VANISHING, case, detail, memory)


def _trouble(kind: str, case: Case, detail: str, memory: PassMemory) -> Trouble:
    known = memory.known(kind, case.source.id)
    return Trouble(kind, known.since if known else case.ended, detail, detail)


def as_before(source_id: str, checks: Collection[str], memory: PassMemory) -> Iterator[Trouble]:
    """Yield what the previous pass found by the sets of a source's records, for a pass that does not compare them.

    Such a finding has its detail as its note; what was found by counters has none, and is judged by them again.

    :param source_id: the source.
    :param checks: the checks that are made.
    :param memory: the previous pass.
    """
    for kind in _BY_SETS:
        known = memory.known(kind, source_id)
        if known is not None and known.note and kind in checks:
            yield Trouble(kind, known.since, known.note, known.note, known.baseline)
