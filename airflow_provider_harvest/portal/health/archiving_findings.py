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
    from airflow_provider_harvest.portal.guard.survey import Case
    from airflow_provider_harvest.portal.health.findings import Thresholds
    from airflow_provider_harvest.portal.health.state import Items, Known, PassMemory
    from airflow_provider_harvest.portal.models import HarvestJob

_TITLES = 3
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
        known = memory.known(VANISHING, case.source.id)
        found.troubles.setdefault(case.source.id, []).extend(troubles_of(case, checks, known))
    found.not_compared = report.requests_failed
    for source_id, job in ended.items():
        if DATASETS_ARCHIVED not in checks or not _may_hide(items.get(source_id), memory.items.get(source_id)):
            continue
        cost = _TO_COMPARE + (job.counts is None)
        if found.requests + cost > room:
            break
        found.requests += cost
        try:
            new = _newly_archived(client, source_id, job)
        except HarvestError as error:
            found.not_compared.append(f"the jobs of source {source_id}: {plain(error)}")
            continue
        trouble = archived_trouble(items[source_id], new, job.ended, limits)
        if trouble is not None:
            found.troubles.setdefault(source_id, []).append(trouble)
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


def troubles_of(case: Case, checks: Collection[str], known: Known | None) -> Iterator[Trouble]:
    """Yield what is wrong with a source by the sets of its records.

    :param case: what the guard found about it.
    :param checks: the checks that are made.
    :param known: the previous pass's finding that its datasets are about to be archived.
    """
    if SHRUNK in checks and case.judgement.hold:
        yield Trouble(SHRUNK, case.job.ended, case.judgement.reasons[0].rstrip("."))
    if VANISHING in checks and case.outlook.first_at is not None:
        records = case.outlook.records
        titles = few([repr(plain(record.title or record.key, 60)) for record in records], _TITLES)
        detail = f"the portal archives {count(len(records), 'dataset')} from {day(case.outlook.first_at)} on: {titles}"
        yield Trouble(VANISHING, known.since if known else case.job.ended, detail, detail)


def as_before(known: Known) -> Trouble:
    """Return the finding of the previous pass, if nothing was harvested since.

    :param known: that finding.
    """
    return Trouble(VANISHING, known.since, known.note, known.note)
