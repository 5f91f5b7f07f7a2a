"""Which jobs of a source were there before a harvest of it was requested; noted by the tasks, used by :mod:`.job_wait`.

The ids of the newest jobs are not enough: a cache or a copy of the portal's database may have returned an old list,
and then jobs of before look like new ones. So there is a time, too: what began earlier is not new, listed or not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from airflow_provider_harvest.portal.http.job_reads import RECENT_JOBS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_harvest.portal.models import HarvestJob

#: Seconds by which the clock of a portal's worker, which dates a job, may be behind that of its front server.
CLOCK_GRACE = 3600.0


@dataclass(frozen=True)
class KnownJobs:
    """The jobs that were there before a request.

    :param ids: of the newest ones.
    :param listed_since: jobs that began earlier were left out of the list, which ends there; 0 if it had all of them.
    :param not_before: jobs that began earlier are older than the request; seconds since the epoch by the portal's
        clock.
    """

    ids: tuple[str, ...]
    listed_since: float
    not_before: float

    @classmethod
    def listed(cls, jobs: Sequence[HarvestJob], asked_at: float) -> KnownJobs:
        """Return what one page of jobs shows before a request.

        :param jobs: the newest of the source, as just read.
        :param asked_at: when the harvest is requested, by the portal's clock.
        """
        begins = [job.began_at for job in jobs]
        since = min((began for began in begins if began is not None), default=0.0)
        since = since if len(jobs) >= RECENT_JOBS else 0.0
        return cls(tuple(str(job.id) for job in jobs), since, max(since, asked_at - CLOCK_GRACE))

    def after_request(self, last_job: HarvestJob | None, took: float) -> KnownJobs:
        """Return what is known once the portal has responded to the request: no cache holds such a response.

        It names the newest job of that moment. If the list had it, the list was up to date, and no clock is needed.
        A job that took longer than the request, and has ended, began before it: the list was out of date.

        One that has ended and took less may be either. Nothing in the response distinguishes them for sure: the times
        of a job and the one in its id are by the clock of its worker, ``Date`` is by that of the front server, and up
        to now no response has shown how far apart they are. So it counts only if it began within ``CLOCK_GRACE``.

        :param last_job: of the response.
        :param took: seconds from the request to its response.
        """
        if last_job is None:
            return self if self.ids else replace(self, not_before=self.listed_since)
        if str(last_job.id) in self.ids:
            return replace(self, not_before=self.listed_since)
        began = last_job.began_at
        if began is None or last_job.duration is None or last_job.duration <= took:
            return self  # perhaps the requested job itself
        return replace(self, ids=(*self.ids, str(last_job.id)), not_before=max(self.not_before, began))
