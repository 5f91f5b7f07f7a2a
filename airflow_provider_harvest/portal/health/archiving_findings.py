"""Findings of a health pass by the sets of records: what was lost, will be archived, and was archived."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_provider_harvest.exceptions import HarvestError, HarvestNotFound
from airflow_provider_harvest.portal.compare.diff import NEWLY_ARCHIVED
from airflow_provider_harvest.portal.guard import survey as guard
from airflow_provider_harvest.portal.health.findings import SHRUNK, VANISHING, Trouble
from airflow_provider_harvest.portal.health.shrinkage import archived_trouble
from airflow_provider_harvest.portal.outcome.since_last_harvest import JobItems, read_changes
from airflow_provider_harvest.portal.text.untrusted import plain
from airflow_provider_harvest.portal.text.words import count, day, few

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

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
    :param left_out: ids of the sources whose jobs the next pass compares first.
    :param uncompared: ids of the sources whose sets of records could not be compared.
    """

    troubles: dict[str, list[Trouble]] = field(default_factory=dict)
    requests: int = 0
    not_compared: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    uncompared: list[str] = field(default_factory=list)

    def examine(
        self,
        client: HarvestClient,
        memory: PassMemory,
        checks: Collection[str],
        now: float,
        organization: str | None = None,
        only: Collection[str] | None = None,
    ) -> None:
        """Find what was lost and will be archived, by the sets of records of the whole portal.

        :param client: of the portal.
        :param memory: the previous pass.
        :param checks: the checks to make.
        :param now: the portal's clock.
        :param organization: id of the organization that the pass is restricted to.
        :param only: ids of the sources to compare, as nothing has been harvested since; None for all.
        """
        since = None if only is None else now
        report = guard.examine(client, since=since, again=only or (), organization=organization, now=now)
        for case in report.cases:
            self._add(case.source.id, troubles_of(case, checks, memory))
        for source_id in report.not_examined:
            self.troubles[source_id] = list(as_before(source_id, checks, memory))
        self.uncompared = sorted(report.not_examined)
        self.not_compared.extend(report.requests_failed)

    def read_archived(
        self,
        client: HarvestClient,
        memory: PassMemory,
        items: Mapping[str, Items],
        newest: Mapping[str, HarvestJob],
        ended: Collection[str],
        limits: Thresholds,
        *,
        room: int,
    ) -> None:
        """Find what was archived while as much came back: what the previous pass left out first.

        :param client: of the portal.
        :param memory: the previous pass.
        :param items: what the newest whole harvest of each source had, by counts.
        :param newest: the newest job of each source.
        :param ended: ids of the sources that were harvested since the previous pass.
        :param limits: the thresholds.
        :param room: requests that may be sent.
        """
        changed = [ident for ident in ended if _may_hide(items.get(ident), memory.items.get(ident))]
        waiting = [ident for ident in memory.left_out if ident in newest and ident in items]
        failed: list[str] = []
        for source_id in dict.fromkeys((*waiting, *changed)):
            job = newest[source_id]
            cost = _TO_COMPARE + (job.counts is None)
            if self.requests + cost > room:
                self.left_out.append(source_id)
                continue
            self.requests += cost
            try:
                new = _newly_archived(client, source_id, job)
            except HarvestError as error:
                self.not_compared.append(f"the jobs of source {source_id}: {plain(error)}")
                if not isinstance(error, HarvestNotFound):
                    failed.append(source_id)
                continue
            trouble = archived_trouble(items[source_id], new, job.ended, limits)
            if trouble is not None:
                self._add(source_id, [trouble])
        if self.left_out:
            self.not_compared.append(
                f"what was archived of {count(len(self.left_out), 'source')}, since max_detail_requests leaves no room "
                "for it; the next pass begins with that."
            )
        self.left_out += failed

    def _add(self, source_id: str, troubles: Iterable[Trouble]) -> None:
        self.troubles.setdefault(source_id, []).extend(troubles)


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
