"""Pure: whether a catalogue lost items, or the portal archived many, since the previous pass; used by the rules.

Archived items are listed again in every later job, so that their number only grows: what is new is the difference.
A loss is one job's; it is shown for some days all the same, unless the items come back, since udata archives what is
missing only after seven days.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from airflow_provider_harvest.portal.health.findings import NEWLY_ARCHIVED, SHRUNK, Trouble
from airflow_provider_harvest.portal.health.state import Items
from airflow_provider_harvest.portal.statuses import DONE, DONE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from airflow_provider_harvest.portal.health.findings import Thresholds
    from airflow_provider_harvest.portal.health.state import Known, PassMemory
    from airflow_provider_harvest.portal.models import HarvestJob


def items_of(job: HarvestJob) -> Items | None:
    """Return what a job that read its whole catalogue had; None for another one, and where the counters are unknown."""
    if job.counts is None or not job.has_ended or job.status not in (DONE, DONE_ERRORS):
        return None
    return Items(job.counts.total - job.counts.archived, job.counts.archived)


def losses(
    source_id: str, jobs: Sequence[HarvestJob], limits: Thresholds, memory: PassMemory, now: datetime
) -> Iterator[Trouble]:
    """Yield what a source lost.

    :param source_id: the source.
    :param jobs: its newest jobs, as many as are known, newest first.
    :param limits: from where on a loss counts.
    :param memory: the previous pass.
    :param now: the portal's clock.
    """
    whole = [(job, items) for job in jobs if (items := items_of(job))]
    if not whole:
        return
    (job, items), older = whole[0], [items for _, items in whole[1:]]
    before = memory.items.get(source_id) or (older[0] if older else None)
    began = job.ended or now
    yield from _shrunk(items, before, _fresh(memory.known(SHRUNK, source_id), limits, now), limits, began)
    yield from _archived(items, before, _fresh(memory.known(NEWLY_ARCHIVED, source_id), limits, now), limits, began)


def _fresh(known: Known | None, limits: Thresholds, now: datetime) -> Known | None:
    return known if known and now - known.since < timedelta(days=limits.loss_days) else None


def _shrunk(
    items: Items, before: Items | None, known: Known | None, limits: Thresholds, began: datetime
) -> Iterator[Trouble]:
    expected = known.baseline if known else before.in_catalogue if before else None
    since = known.since if known else began
    if items.in_catalogue == 0:
        had = f", of {expected:,} before" if expected else ""
        yield Trouble(SHRUNK, since, f"the last harvest found no item at all{had}", baseline=expected)
        return
    lost = (expected or 0) - items.in_catalogue
    if lost >= max(1, limits.min_items) and lost > limits.max_drop_ratio * (expected or 0):
        detail = f"the last harvest found {items.in_catalogue:,} items, of {expected:,} before"
        yield Trouble(SHRUNK, since, detail, baseline=expected)


def _archived(
    items: Items, before: Items | None, known: Known | None, limits: Thresholds, began: datetime
) -> Iterator[Trouble]:
    reference = known.baseline if known else before.archived if before else None
    if reference is None:
        return
    new = items.archived - reference
    if new >= max(1, limits.min_items) and new > limits.max_archived_ratio * (items.in_catalogue + new):
        detail = (
            f"the portal archived {new:,} datasets that the catalogue no longer lists ({items.in_catalogue:,} left)"
        )
        yield Trouble(NEWLY_ARCHIVED, known.since if known else began, detail, baseline=reference)
