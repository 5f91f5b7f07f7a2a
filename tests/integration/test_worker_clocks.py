"""Workers of a real portal have clocks of their own: a watch of all its sources misses no harvest by that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_harvest.portal.client import HarvestClient
from airflow_provider_harvest.portal.clock import Clock
from airflow_provider_harvest.portal.outcome.verdict import OutcomePolicy
from airflow_provider_harvest.portal.waiting.ended_jobs import EndedJobs
from airflow_provider_harvest.portal.waiting.shared_source_list import Listing
from airflow_provider_harvest.portal.waiting.watch_scope import Scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_harvest.portal.models import HarvestSource
    from sandbox import Sandbox

HOUR = 3600.0


class Leaping(Clock):
    """A stopwatch that can be put forward."""

    leapt = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.leapt


def test_a_harvest_behind_one_that_is_dated_into_the_future_is_found(
    portal: Sandbox, admin: HarvestClient, new_harvest: Callable[..., HarvestSource]
) -> None:
    source, clock = new_harvest(), Leaping()
    with HarvestClient(portal.url, clock=clock) as client:
        listing = Listing(client)
        watch = EndedJobs(client, Scope(), OutcomePolicy.create(), "ended", 30.0)

        def found() -> list[str | None]:
            told = []
            for _ in range(3):
                listing.read(None, owners=True)
                if watch.consider(listing.sources, listing.asked_at) is None:
                    told += [one.result["job_id"] for one in watch.poll().results if one.result]
            return told

        def harvest() -> str:
            before = {job.id for job in admin.iter_jobs(source.id)}
            portal.control.run_scheduled(source.id)
            portal.control.wait_until_idle()
            [made] = {str(job.id) for job in admin.iter_jobs(source.id)} - before
            return made

        found()  # the watch begins; what ended in this second may be news
        ahead = harvest()
        portal.control.backdate_job(ahead, -3 * HOUR)
        assert found() == [ahead]
        later = harvest()
        assert next(admin.iter_jobs(source.id)).id == ahead  # which the list of sources shows, too
        clock.leapt += 601
        assert found() == [later]
