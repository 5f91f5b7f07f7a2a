"""Results of harvests, read from a portal and judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.portal.outcome.read_ended_job import conclude
from airflow_provider_harvest.portal.outcome.verdict import OutcomePolicy
from airflow_provider_harvest.portal.statuses import STARTED
from tests.support.fake_portal.direct_client import SITE
from tests.support.fake_portal.scripted import T0, FakeClock, ScriptedClient, item, portal_of

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.models import HarvestItem
    from airflow_provider_harvest.portal.outcome.result import HarvestResult

JOB_ID = "65f000000000000000000001"
PAGE = f"{SITE}/api/1/harvest/job/{JOB_ID}/"


def result_of(
    status: str = "done",
    items: list[HarvestItem] | None = None,
    errors: tuple[str, ...] = (),
    before: list[HarvestItem] | None = None,
    **policy: Any,
) -> HarvestResult:
    """The result of a job of 42 s, read from a portal and judged.

    :param before: items of the job before, None if there was none.
    """
    portal = portal_of(FakeClock())
    if before is not None:
        portal.life.put_job("before", T0 - 9000, "done", T0 - 8000, items=before)
    portal.life.put_job(JOB_ID, T0 - 60, status, T0 - 18, errors, items or [])
    policy_ = OutcomePolicy.create(**policy)
    return conclude(ScriptedClient(portal), portal.life.source, JOB_ID, STARTED, policy_)


def failed(count: int, message: str = "missing title on dataset") -> list[HarvestItem]:
    """Items that failed for one reason: r0, r1, ..."""
    return [item(f"r{n}", "failed", message) for n in range(count)]


#: Items of a harvest that is well.
DONE = [item(f"ok-{n}", "done") for n in range(3)]
