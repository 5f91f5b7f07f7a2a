"""Finds the jobs that end on a portal, each once, whoever started them; used by the event trigger, through the poller.

What has been told is a cursor: a time by the portal's clock, the jobs told of shortly before it, and those that still
run behind a newer one of their source. It is JSON, so that a restarted triggerer goes on where another one left off.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import HarvestError, HarvestNotFound, HarvestProtocolError, HarvestRateLimited
from airflow_provider_harvest.portal.http.job_reads import RECENT_JOBS
from airflow_provider_harvest.portal.inputs import check_id
from airflow_provider_harvest.portal.models import HarvestSource
from airflow_provider_harvest.portal.outcome.conclude import conclude
from airflow_provider_harvest.portal.outcome.result import WATCHED, is_success
from airflow_provider_harvest.portal.waiting.job_wait import (
    MAX_PAUSE,
    MAX_RETRY_AFTER,
    PASSING,
    PATIENCE,
    RARE_INTERVAL,
)
from airflow_provider_harvest.portal.waiting.plan import WAITING, Poll

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestJob
    from airflow_provider_harvest.portal.outcome.verdict import OutcomePolicy
    from airflow_provider_harvest.portal.waiting.source_list import Listed

ENDED, SUCCESS, FAILURE = "ended", "success", "failure"
#: Which ends are told of.
CONDITIONS = (ENDED, SUCCESS, FAILURE)

#: Seconds by which a job may be seen later than one that ended after it: clocks of the portal's workers differ.
GRACE = 3600.0
#: Sources whose jobs, and jobs whose results, are read in one look: the others wait for the next one, so that a portal
#: where hundreds of harvests end at midnight holds up no other watch.
_AT_ONCE = 20
#: Seconds after which a job that runs behind a newer one is not expected to end any more.
_FORGOTTEN = 7 * 24 * 3600.0
_MAX_PAGES = 20
#: Looks in a row that may fail at one job; in an outage they are about an hour apart from the first.
_MAX_FAILURES_AT_ONE = 12
_VERSION = 1


@dataclass(frozen=True)
class Scope:
    """Whose jobs are watched: those of one source, of an organization, or of the whole portal.

    :param source_id: id of the source.
    :param organization_id: id of the organization.
    :param name: of the source or the organization.
    """

    source_id: str | None = None
    organization_id: str | None = None
    name: str = ""

    def holds(self, listed: Listed) -> bool:
        """Whether a source belongs to it."""
        if self.source_id is not None:
            return listed.id == self.source_id
        return self.organization_id in (None, listed.organization_id)

    def __str__(self) -> str:
        if self.source_id is not None:
            return f"source {self.name!r} ({self.source_id})"
        return f"all sources of {self.name!r} ({self.organization_id})" if self.organization_id else "all sources"


def find_scope(client: HarvestClient, source_id: str | None, organization: str | None) -> Scope:
    """Return the scope that a user named by ids or slugs.

    :param client: of the portal.
    :raises HarvestInvalidInput: for what is neither.
    :raises HarvestNotFound: for what the portal does not have.
    """
    if source_id is not None:
        source = client.get_source(check_id(source_id, "source_id"), keyed=False)
        return Scope(source_id=source.id, name=source.name)
    if organization is not None:
        found = client.get_organization(check_id(organization, "organization"))
        return Scope(organization_id=found.id, name=found.name or organization)
    return Scope()


@dataclass(frozen=True)
class EndedJob:
    """A job that has ended.

    :param result: the result dict of the harvest; None where the condition does not hold.
    :param cursor: what is told once this one is.
    """

    result: dict[str, Any] | None
    cursor: dict[str, Any]


class EndedJobs:
    """Watches for jobs that end.

    :param client: of the portal.
    :param scope: whose jobs.
    :param policy: what a harvest must come to, to be a success.
    :param condition: one of :data:`CONDITIONS`.
    :param interval: seconds between two looks.
    :param cursor: what has been told already; None begins now.
    """

    def __init__(
        self,
        client: HarvestClient,
        scope: Scope,
        policy: OutcomePolicy,
        condition: str,
        interval: float,
        cursor: dict[str, Any] | None = None,
    ) -> None:
        self._client = client
        self._scope = scope
        self._policy = policy
        self._condition = condition
        self.interval = interval
        known = cursor or {}
        if (known.get("version"), known.get("portal")) != (_VERSION, client.site):
            known = {}
        self._since: float | None = known.get("since")
        self._told: dict[str, float] = dict(known.get("told") or {})
        self._behind: dict[str, str] = dict(known.get("behind") or {})
        self._began: float | None = known.get("began", self._since)
        self._seen: dict[str, tuple[Any, ...]] = {}
        self._names = {scope.source_id: scope.name} if scope.source_id else {}
        self._news: dict[str, tuple[Any, ...] | None] = {}
        self._behind_due = dict.fromkeys(self._behind.values(), 0.0)
        self._found: deque[tuple[str, HarvestJob]] = deque()
        self._failures = 0
        self._has_looked = False

    # --- what the poller asks --------------------------------------------------------------------------------

    @property
    def source_id(self) -> str | None:
        """The one source that this is about, None for several."""
        return self._scope.source_id

    @property
    def needs_list(self) -> bool:
        """Only the list tells of several sources; what was found in it already is read without."""
        return self._scope.source_id is None and not self._found and not self._news

    @property
    def needs_owners(self) -> bool:
        """The list must tell the names of sources, and whose they are."""
        return self._scope.source_id is None

    def wants_counters(self) -> bool:
        """How far jobs are does not matter."""
        return False

    def consider(self, sources: dict[str, Listed]) -> Poll | None:
        """Note what is new in the list; None where jobs must be read for it."""
        self._begin()
        for listed in sources.values():
            if self._scope.holds(listed):
                self._names[listed.id] = listed.name or self._names.get(listed.id, "")
                self._note(listed)
        self._seen = {ident: state for ident, state in self._seen.items() if ident in sources}
        now = self._client.clock.now()
        self._news.update({ident: None for ident, due in self._behind_due.items() if due <= now + 1.0})
        if self._news or self._found:
            return None
        return self._answered(Poll(WAITING, self.interval))

    def poll(self) -> Poll:
        """Read the jobs of the sources with news, and the results of those that have ended."""
        self._begin()
        if self._scope.source_id is not None:
            self._news.setdefault(self._scope.source_id, None)
        ended: list[EndedJob] = []
        behind = dict(self._behind)
        try:
            self._find()
            if not self._news:  # else one that is yet to be found may have ended before those that are
                for job in self._results():
                    ended.append(job)
        except PASSING as error:
            if not ended:
                return self._failed_at_job(error)
        if not ended and self._behind != behind:
            ended.append(EndedJob(None, self.cursor))
        pause = 1.0 if self._found or self._news else self.interval
        return self._answered(Poll(WAITING, pause, results=tuple(ended)))

    def fail(self, error: HarvestError) -> Poll:
        """Take a failed look into account. However long it lasts: nobody else watches."""
        self._failures += 1
        grown = min(MAX_PAUSE, self.interval * 2.0 ** min(self._failures - 1, 30))
        told = min(MAX_RETRY_AFTER, getattr(error, "retry_after", None) or 0.0)
        back_off = max(grown, told) if isinstance(error, HarvestRateLimited) else told
        lines = (f"{error} Looking again until it answers.",) if self._failures == 1 else ()
        return Poll(WAITING, max(grown, told), lines=lines, has_looked=False, back_off=back_off)

    def _failed_at_job(self, error: HarvestError) -> Poll:
        """Take a failed reading of jobs into account; one that can never be read must not hold up the others."""
        poll = self.fail(error)
        if not self._found or self._failures < _MAX_FAILURES_AT_ONE or isinstance(error, HarvestRateLimited):
            return poll
        source_id, job = self._found.popleft()
        self._told[str(job.id)] = job.ended.timestamp() if job.ended else 0.0
        line = f"Job {job.id} of source {source_id} ended and cannot be read, so that nobody hears of it: {error}"
        return replace(poll, lines=(*poll.lines, line), results=(EndedJob(None, self.cursor),))

    def pass_time(self) -> Poll:
        """Nothing here has an end."""
        return Poll(WAITING, self.interval, has_looked=False)

    @property
    def cursor(self) -> dict[str, Any]:
        """What has been told, as JSON."""
        since = self._since or 0.0
        self._told = {job_id: ended for job_id, ended in self._told.items() if ended >= since - GRACE}
        return {
            "version": _VERSION,
            "portal": self._client.site,
            "began": self._began,
            "since": since,
            "told": dict(self._told),
            "behind": dict(self._behind),
        }

    # --- finding ---------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        if self._since is None:
            if self._scope.source_id is not None:
                self._client.recent_jobs(self._scope.source_id)  # whose answer tells the portal's time
            self._since = self._began = self._client.portal_now()

    def _answered(self, poll: Poll) -> Poll:
        lines: tuple[str, ...] = ()
        if not self._has_looked:
            lines = (f"Watching for harvests of {self._scope} on {self._client.site} to end ({self._condition}).",)
        elif self._failures:
            lines = ("The portal answers again.",)
        self._has_looked, self._failures = True, 0
        return replace(poll, lines=lines)

    def _note(self, listed: Listed) -> None:
        """Remember a source that has news: another newest job, or one that has ended."""
        job = listed.last_job
        state = (job and job.id, job and job.ended)
        if listed.id in self._seen and self._seen[listed.id] == state:
            return
        is_first = listed.id not in self._seen
        if job is None or (is_first and job.ended is not None and not self._is_new(job)):
            self._seen[listed.id] = state
            return
        self._news[listed.id] = state

    def _is_new(self, job: HarvestJob) -> bool:
        """Whether a job has ended, and has not been told of."""
        if job.ended is None or job.id in self._told:
            return False
        ended = job.ended.timestamp()
        # What ended before the very beginning is history; later on a job may be seen a little late.
        return ended >= max(self._began or 0.0, (self._since or 0.0) - GRACE)

    def _find(self) -> None:
        """Read the jobs of the sources with news, and put those that have ended in line, the first to end first."""
        found = list(self._found)
        in_line = {job.id for _, job in found}
        for source_id, state in list(self._news.items())[:_AT_ONCE]:
            jobs = self._jobs_of(source_id)
            found.extend((source_id, job) for job in jobs if self._is_new(job) and job.id not in in_line)
            self._remember_behind(source_id, jobs)
            if state is not None:
                self._seen[source_id] = state
            self._news.pop(source_id)
        self._found = deque(
            sorted(found, key=lambda entry: (entry[1].ended and entry[1].ended.timestamp(), entry[1].id))
        )

    def _jobs_of(self, source_id: str) -> list[HarvestJob]:
        """Read the jobs of a source, back to where none is new; none where the source was purged."""
        jobs: list[HarvestJob] = []
        try:
            for page in range(1, _MAX_PAGES + 1):
                read = self._client.recent_jobs(source_id, page)
                jobs.extend(read)
                if len(read) < RECENT_JOBS or not any(self._is_new(job) or job.ended is None for job in read):
                    break
        except HarvestNotFound as error:
            if error.is_page:
                raise HarvestProtocolError(str(error)) from error
            return []
        return jobs

    def _remember_behind(self, source_id: str, jobs: list[HarvestJob]) -> None:
        """Remember the jobs that run behind a newer one: the list says nothing of their end."""
        now, portal_now = self._client.clock.now(), self._client.portal_now()
        self._behind = {job_id: owner for job_id, owner in self._behind.items() if owner != source_id}
        self._behind_due.pop(source_id, None)
        for job in jobs[1:]:
            began = job.started or job.created
            age = portal_now - began.timestamp() if began else _FORGOTTEN
            if job.ended is None and age < _FORGOTTEN:
                self._behind[str(job.id)] = source_id
                due = now + max(self.interval, min(RARE_INTERVAL, PATIENCE * age))
                self._behind_due[source_id] = min(due, self._behind_due.get(source_id, due))

    def _results(self) -> Iterator[EndedJob]:
        """Yield the results of the jobs in line; one that cannot be read now stays in line."""
        for _ in range(min(_AT_ONCE, len(self._found))):
            source_id, job = self._found[0]
            result = self._result_of(source_id, str(job.id))
            self._found.popleft()
            ended = job.ended.timestamp() if job.ended else 0.0
            self._told[str(job.id)] = ended
            self._since = max(self._since or 0.0, ended)
            yield EndedJob(result, self.cursor)

    def _result_of(self, source_id: str, job_id: str) -> dict[str, Any] | None:
        """Return what a job came to; None where the condition does not hold, or the job was purged meanwhile."""
        source = HarvestSource(id=source_id, name=self._names.get(source_id, ""), url="", backend="")
        try:
            result = conclude(self._client, source, job_id, WATCHED, self._policy)
        except HarvestNotFound as error:
            if error.is_page:
                raise HarvestProtocolError(str(error)) from error
            return None
        wanted = {ENDED: True, SUCCESS: is_success(result), FAILURE: not is_success(result)}
        return result if wanted[self._condition] else None
