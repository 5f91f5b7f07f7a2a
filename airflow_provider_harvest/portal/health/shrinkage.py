"""Whether a catalogue lost items, the portal skipped or archived many, since the previous pass; used by the rules.

Archived items are listed again in every later job, so that their number only grows: what is new is the difference.
A loss is one job's; it is shown for some days nevertheless, unless the items come back, since udata archives what is
missing only after seven days. A skipped record is not present: it has no dataset, and the one that it had is archived.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from airflow_provider_harvest.portal.health.findings import DATASETS_ARCHIVED, ITEMS_SKIPPED, SHRUNK, Trouble
from airflow_provider_harvest.portal.health.state import Items
from airflow_provider_harvest.portal.models import ItemCounts
from airflow_provider_harvest.portal.statuses import DONE, DONE_ERRORS
from airflow_provider_harvest.portal.text.words import count, day

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from airflow_provider_harvest.portal.health.findings import Thresholds
    from airflow_provider_harvest.portal.health.state import Known, PassMemory
    from airflow_provider_harvest.portal.models import HarvestJob


def items_of(job: HarvestJob) -> Items | None:
    """Return what a job that read its whole catalogue had; None for another job, or if its counters are unknown."""
    if job.counts is None or not job.has_ended or job.status not in (DONE, DONE_ERRORS):
        return None
    return Items(job.counts.total - job.counts.archived - job.counts.skipped, job.counts.archived)


def losses(
    source_id: str,
    jobs: Sequence[HarvestJob],
    limits: Thresholds,
    memory: PassMemory,
    now: datetime,
    skip_reason: str | None = None,
) -> Iterator[Trouble]:
    """Yield what a source lost.

    :param source_id: the source.
    :param jobs: its newest jobs, as many as are known, newest first.
    :param limits: above which a loss counts.
    :param memory: the previous pass.
    :param now: the portal's clock.
    :param skip_reason: what the portal reports about the records that it skipped; None if that was not read.
    """
    whole = [(job, items) for job in jobs if (items := items_of(job))]
    if not whole:  # it runs, failed, or its counters are unknown: as it was at the previous pass
        yield from _as_before(source_id, limits, memory, now) if jobs else ()
        return
    (job, items), older = whole[0], [items for _, items in whole[1:]]
    before = memory.items.get(source_id) or (older[0] if older else None)
    began = job.ended or now
    known_skips = memory.known(ITEMS_SKIPPED, source_id)
    skips = _skips(job, skip_reason if skip_reason is not None else known_skips.note if known_skips else "")
    if skips.ratio > limits.max_skipped_ratio:
        yield Trouble(
            ITEMS_SKIPPED, known_skips.since if known_skips else began, f"the last harvest {skips}", skips.reason
        )
    known = _fresh(memory.known(SHRUNK, source_id), limits, now)
    yield from _shrunk(items, before, known, limits, began, skips)
    yield from _archived(items, before, _fresh(memory.known(DATASETS_ARCHIVED, source_id), limits, now), limits, began)


def _as_before(source_id: str, limits: Thresholds, memory: PassMemory, now: datetime) -> Iterator[Trouble]:
    for kind, known in (
        (SHRUNK, _fresh(memory.known(SHRUNK, source_id), limits, now)),
        (ITEMS_SKIPPED, memory.known(ITEMS_SKIPPED, source_id)),
        (DATASETS_ARCHIVED, _fresh(memory.known(DATASETS_ARCHIVED, source_id), limits, now)),
    ):
        if known:
            detail = f"as found on {day(known.since)}; no complete harvest has been seen since"
            yield Trouble(kind, known.since, detail, known.note, known.baseline)


class _Skips(NamedTuple):
    """How many of a job's items the portal skipped, and why; as a string: the end of a sentence."""

    skipped: int
    processed: int
    reason: str

    @property
    def ratio(self) -> float:
        return self.skipped / self.processed if self.processed else 0.0

    def __str__(self) -> str:
        which = "all its" if self.skipped == self.processed else f"{self.skipped:,} of {self.processed:,}"
        return f"skipped {which} items{f': {self.reason}' if self.reason else ''}"


def _skips(job: HarvestJob, reason: str) -> _Skips:
    counts = job.counts or ItemCounts()
    return _Skips(counts.skipped, counts.processed, reason)


def _fresh(known: Known | None, limits: Thresholds, now: datetime) -> Known | None:
    return known if known and now - known.since < timedelta(days=limits.loss_days) else None


def _shrunk(
    items: Items, before: Items | None, known: Known | None, limits: Thresholds, began: datetime, skips: _Skips
) -> Iterator[Trouble]:
    # What was found by the sets of records has no baseline: the counters are compared as if it were not known.
    expected = known.baseline if known and known.baseline is not None else before.in_catalogue if before else None
    since = known.since if known else began
    if items.in_catalogue == 0:
        had = f", of {expected:,} before" if expected else ""
        found = str(skips) if skips.skipped else "found no item at all"
        yield Trouble(SHRUNK, since, f"the last harvest {found}{had}", baseline=expected)
        return
    lost = (expected or 0) - items.in_catalogue
    if lost >= max(1, limits.min_items) and lost > limits.max_drop_ratio * (expected or 0):
        also = f", and {skips}" if skips.skipped else ""
        detail = f"the last harvest found {count(items.in_catalogue, 'item')}, of {expected:,} before{also}"
        yield Trouble(SHRUNK, since, detail, baseline=expected)


def _archived(
    items: Items, before: Items | None, known: Known | None, limits: Thresholds, began: datetime
) -> Iterator[Trouble]:
    reference = known.baseline if known and known.baseline is not None else before.archived if before else None
    if reference is None:
        return
    trouble = archived_trouble(items, items.archived - reference, known.since if known else began, limits)
    if trouble is not None:
        yield trouble


def archived_trouble(items: Items, new: int, since: datetime | None, limits: Thresholds) -> Trouble | None:
    """Return the finding that many datasets were archived; None if they are not many.

    :param items: what the newest whole harvest had.
    :param new: datasets that were archived, by the difference of counts or of sets.
    :param since: when.
    :param limits: the thresholds.
    """
    if new < max(1, limits.min_items) or new <= limits.max_archived_ratio * (items.in_catalogue + new):
        return None
    detail = f"the portal archived {new:,} datasets that the catalogue no longer lists ({items.in_catalogue:,} left)"
    return Trouble(DATASETS_ARCHIVED, since, detail, baseline=items.archived - new)
