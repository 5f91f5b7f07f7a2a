"""Jobs as the client reads them once they have ended, for tests of verdicts and texts."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from airflow_provider_harvest.portal.models import HarvestJob, HarvestMessage, ItemCounts
from tests.support.fake_portal.scripted import SOURCE_ID, T0, instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from airflow_provider_harvest.portal.models import HarvestItem


def ended_job(
    status: str = "done",
    errors: Iterable[str] = (),
    counted: bool = True,
    items: Sequence[HarvestItem] = (),
    **counts: int,
) -> HarvestJob:
    """A job that ran for 42 s and has ended; counted by its items, or by the given numbers."""
    by_status = counts or dict(Counter(str(item.status) for item in items))
    return HarvestJob(
        id="65f000000000000000000001",
        status=status,
        created=instant(T0),
        started=instant(T0),
        ended=instant(T0 + 42),
        errors=tuple(HarvestMessage(error) for error in errors),
        counts=ItemCounts.from_statuses(by_status) if counted else None,
        source_id=SOURCE_ID,
    )
