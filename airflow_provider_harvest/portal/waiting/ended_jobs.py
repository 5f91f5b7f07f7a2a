"""Find the jobs that end on a portal, each once, no matter who started them; used by the event trigger via the poller.

Each source has a record of its own, so that what was read of one is not lost when another cannot be read. What has been
reported is a cursor (:mod:`reported_jobs`), so that a restarted triggerer continues where another one left off.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import HarvestError, HarvestNotFound, HarvestProtocolError
from airflow_provider_harvest.portal.http.job_reads import RECENT_JOBS, is_older
from airflow_provider_harvest.portal.http.temporary_errors import Doubts, concerns_all
from airflow_provider_harvest.portal.statuses import WAITING
from airflow_provider_harvest.portal.waiting.backoff import pause_after, pause_of_all
from airflow_provider_harvest.portal.waiting.job_wait import PATIENCE, SOURCE_CHECK
from airflow_provider_harvest.portal.waiting.known_jobs import CLOCK_GRACE
from airflow_provider_harvest.portal.waiting.reported_jobs import Reported
from airflow_provider_harvest.portal.waiting.results_of_ended_jobs import EndedJob, EndedResults
from airflow_provider_harvest.portal.waiting.stopped_source import SourceCheck
from airflow_provider_harvest.portal.waiting.wait_plan import Poll
from airflow_provider_harvest.portal.waiting.watched_source import Found, SourceRecord, hides_for, what_is_history

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestJob
    from airflow_provider_harvest.portal.outcome.verdict import OutcomePolicy
    from airflow_provider_harvest.portal.statuses import EndCondition
    from airflow_provider_harvest.portal.waiting.shared_source_list import Listed
    from airflow_provider_harvest.portal.waiting.watch_scope import Scope

#: Sources whose jobs, and jobs whose results, are read in one poll: the others wait for the next one, so that a portal
#: where hundreds of harvests end at midnight holds up no other watch.
_AT_ONCE = 20
#: Seconds after which a job that runs behind a newer one is not expected to end any more.
_FORGOTTEN = 7 * 24 * 3600.0
_MAX_PAGES = 20
#: Failures in a row after which a job that cannot be read is given up: about a week.
_MAX_FAILURES_AT_ONE = 36
#: Failures in a row at different sources, or jobs, after which a poll ends: the portal itself fails.
_IN_A_ROW = 3
#: Failures at a job after which the list of its source's jobs says whether it was purged.
_PURGED_CHECK = 3
#: Most seconds between two polls of jobs behind newer ones.
_RARE = 1800.0
#: Seconds that an end may be younger than it shows: the portal's worker dates it, then writes it.
_WRITTEN_AFTER = 1.0
#: Placeholder for news of a source that did not come from the list.
UNLISTED: tuple[Any, ...] = ()


class EndedJobs:
    """Watches for jobs that end.

    :param client: of the portal.
    :param scope: whose jobs.
    :param policy: the criteria for a success.
    :param condition: one of :data:`~.statuses.END_CONDITIONS`.
    :param interval: seconds between two polls.
    :param cursor: what has been reported already; None begins now.
    """

    def __init__(
        self,
        client: HarvestClient,
        scope: Scope,
        policy: OutcomePolicy,
        condition: EndCondition,
        interval: float,
        cursor: dict[str, Any] | None = None,
    ) -> None:
        self._client = client
        self._scope = scope
        self._results = EndedResults(client, policy, condition)
        self._source_check = SourceCheck(client, scope.source_id) if scope.source_id else None
        self._condition = condition
        self.interval = interval
        self._reported = Reported(client.site, cursor)
        self._records: dict[str, SourceRecord] = {}
        #: What ended by then, by the portal's clock, has all been seen: of several sources that is as of the last list.
        self._seen_until = float("-inf") if scope.source_id is None else float("inf")
        self._doubts: dict[str, Doubts] = {}
        #: Whether the last poll was one without a list: jobs behind newer ones may be due at each poll, for hours.
        self._wants_list = False
        self._failures = 0
        self._has_looked = False
        self._lines: list[str] = []
        if scope.source_id:
            self._record(scope.source_id).name = scope.name
        for source_id in self._reported.behind.values():
            self._record(source_id).behind_due = 0.0
        for source_id in self._reported.owed:
            self._record(source_id).news = UNLISTED

    # --- called by the poller --------------------------------------------------------------------------------

    @property
    def source_id(self) -> str | None:
        """The one source that this is about, None for several."""
        return self._scope.source_id

    @property
    def needs_list(self) -> bool:
        """Only the list covers several sources; what was already found in it is read without it."""
        return self._scope.source_id is None and not self._has_work(of_list=self._wants_list)

    @property
    def gains_by_list(self) -> bool:
        """What is due of single sources is read in any case."""
        return self.needs_list or not self._has_work()

    @property
    def needs_owners(self) -> bool:
        """The list must say the names of sources, and whose they are."""
        return self._scope.source_id is None

    def wants_counters(self) -> bool:
        """How far jobs are does not matter."""
        return False

    def consider(self, sources: dict[str, Listed], asked_at: float) -> Poll | None:
        """Note what is new in the list; None if jobs must be read for it."""
        self._wants_list = False
        self._see_until(asked_at)
        if self._reported.since is None:
            if self._scope.source_id is not None:
                return None  # it begins when its jobs have been read: a list is no failure because those cannot be
            since = self._client.portal_now()
            self._reported.begin(since)
            last_jobs = (listed.last_job for listed in sources.values() if self._scope.holds(listed))
            self._lines.extend(what_is_history(filter(None, last_jobs), since))
        for listed in sources.values():
            if self._scope.holds(listed):
                self._note(listed)
        # A source that is not listed any more was deleted: its known jobs are still read, then forgotten.
        for ident in self._records.keys() - sources.keys():
            record = self._records[ident]
            record.listed = None
            if record.is_settled and record.behind_due is None and ident != self._scope.source_id:
                del self._records[ident]
        if self._has_work():
            return None
        return self._answered(self._pause())

    def poll(self) -> Poll:
        """Read the jobs of the sources with news, and the results of those that have ended."""
        self._wants_list = True
        if self._scope.source_id is not None:
            record = self._record(self._scope.source_id)
            record.news = record.news or UNLISTED
            record.reading.due = 0.0
        marks = self._marks()
        ended: list[EndedJob] = []
        error = self._read_jobs()
        now = self._client.clock.monotonic()
        if error is None and not any(record.wants_jobs(now + 1.0) for record in self._records.values()):
            # else one that is yet to be found may have ended before those that are
            ended, error = self._read_results()
        if error is None:
            news = self._source_check and self._source_check.news()
            self._lines.extend([news] if news else [])
            poll = self._answered(self._pause())
        else:
            poll = self.fail(error)
        if not ended and self._marks() != marks:
            ended.append(EndedJob(None))
        return replace(poll, results=self._with_cursor(ended) or poll.results)

    def fail(self, error: HarvestError) -> Poll:
        """Count a failed poll. It continues however long that lasts: there is no other watch."""
        self._failures += 1
        self._wants_list = False
        failed = error, self._failures, self.interval
        if self._failures == 1:
            self._lines.append(f"{error} Polling again until it responds.")
        pause, back_off = pause_after(*failed), pause_of_all(*failed)
        return Poll(WAITING, pause, lines=self._take_lines(), has_looked=False, back_off=back_off)

    def pass_time(self) -> Poll:
        """Return the state; this watch has no end."""
        return Poll(WAITING, self.interval, has_looked=False)

    def _marks(self) -> tuple[Any, ...]:
        """What must be stored when it changes, although nothing is reported."""
        return dict(self._reported.behind), tuple(self._reported.owed)

    def _with_cursor(self, ended: list[EndedJob]) -> tuple[EndedJob, ...]:
        """Give the last one the cursor as it is now: the next poll may change it before this one is stored."""
        return (*ended[:-1], replace(ended[-1], cursor=self._reported.to_cursor())) if ended else ()

    # --- records of the sources ------------------------------------------------------------------------------

    def _record(self, source_id: str) -> SourceRecord:
        return self._records.setdefault(source_id, SourceRecord(source_id))

    def _note(self, listed: Listed) -> None:
        """Note a source that has news: another newest job, or one that has ended."""
        record = self._record(listed.id)
        record.name = listed.name or record.name
        job = listed.last_job
        state = (job and job.id, job and job.ended)
        if record.seen == state or record.news == state:
            return
        is_history = record.seen is None and job is not None and job.ended is not None and not self._is_new(record, job)
        if (job is None or is_history) and record.news is None:
            if record.seen is None:
                record.know_newest(job, self._client.portal_now())
            record.seen = state
            return
        record.news, record.listed = state, job
        record.reading.due = 0.0

    def _is_new(self, record: SourceRecord, job: HarvestJob) -> bool:
        """Whether a job has ended, and has not been reported; what ran before, or was not there, may show any end."""
        if job.ended is None or self._reported.since is None:
            return False
        if str(job.id) in record.running or record.is_unknown(job):
            return not self._reported.holds(record.id, str(job.id))
        return self._reported.is_new(record.id, str(job.id), job.ended.timestamp())

    def _see_until(self, asked_at: float) -> None:
        """Take a list: what ended before it was requested shows in it.

        What ends while the portal is read is seen at one source and not yet at another one, read a moment earlier. So
        that nothing is reported before what ended earlier, it waits for the next list.
        """
        if self._scope.source_id is None:
            seen = [found.ended for record in self._records.values() for found in record.found.values()]
            self._seen_until = max([self._seen_until, asked_at - _WRITTEN_AFTER, *seen])

    def _has_work(self, *, of_list: bool = False) -> bool:
        """Whether something is to be read now.

        :param of_list: only what the last list led to.
        """
        now = self._client.clock.monotonic() + 1.0
        return any(
            record.readable(now, self._seen_until) or (record.wants_jobs(now) and not (of_list and record.news is None))
            for record in self._records.values()
        )

    def _pause(self) -> float:
        now = self._client.clock.monotonic()
        dues = [due for record in self._records.values() if (due := record.next_due(self._seen_until)) is not None]
        return min([self.interval, *(max(1.0, due - now) for due in dues)])

    def _answered(self, pause: float) -> Poll:
        begins = () if self._has_looked else self._with_cursor([EndedJob(None)])
        if not self._has_looked:
            self._lines.insert(
                0, f"Watching for harvests of {self._scope} on {self._client.site} to end ({self._condition})."
            )
        elif self._failures:
            self._lines.insert(0, "The portal responds again.")
        self._has_looked, self._failures = True, 0
        return Poll(WAITING, pause, lines=self._take_lines(), results=begins)

    def _take_lines(self) -> tuple[str, ...]:
        lines, self._lines = tuple(self._lines), []
        return lines

    # --- reading the jobs of sources -------------------------------------------------------------------------

    def _read_jobs(self) -> HarvestError | None:
        """Read the jobs of the sources with news; return an error that speaks for the whole portal."""
        now = self._client.clock.monotonic()
        waiting = sorted(
            (record for record in self._records.values() if record.wants_jobs(now + 1.0)),
            key=lambda record: record.reading.due,
        )
        in_a_row = 0
        for record in waiting[:_AT_ONCE]:
            state = record.news
            try:
                jobs = self._jobs_of(record)
            except HarvestError as error:
                self._source_failed(record, error)
                in_a_row += 1
                if concerns_all(error) or in_a_row >= _IN_A_ROW or record.id == self._scope.source_id:
                    return error
                continue
            if self._reported.since is None:  # the watch begins, and the response has the portal's time
                self._reported.begin(self._client.portal_now())
            in_a_row = 0
            if record.reading.failures:
                self._lines.append(f"The jobs of source {record.id} can be read again.")
            record.reading.failures, record.reading.due = 0, 0.0
            for job in jobs:
                if self._is_new(record, job):
                    record.found.setdefault(str(job.id), Found(job))
            record.running = {str(job.id) for job in jobs if job.ended is None}
            record.know(jobs)
            self._look_behind(record, jobs)
            record.seen, record.news, record.listed = state or record.seen, None, None
            self._settle(record)
        return None

    def _source_failed(self, record: SourceRecord, error: HarvestError) -> None:
        record.reading.failed(self._client.clock.monotonic(), self.interval)
        self._reported.owe(record.id)
        if record.reading.failures == 1 and not concerns_all(error):
            self._lines.append(f"The jobs of source {record.id} cannot be read, and are read again later: {error}")

    def _settle(self, record: SourceRecord) -> None:
        if record.is_settled:
            self._reported.settle(record.id)

    def _jobs_of(self, record: SourceRecord) -> list[HarvestJob]:
        """Read the jobs of a source, back to where none is new; none if the source was purged."""
        jobs: list[HarvestJob] = []
        doubts = self._doubts.setdefault(record.id, Doubts())
        try:
            for page in range(1, _MAX_PAGES + 1):
                read = self._client.recent_jobs(record.id, page)
                if page == 1 and record.listed is not None and is_older(read, record.listed):
                    raise HarvestProtocolError(
                        f"The portal's jobs of source {record.id} are older than its list of sources, which shows job "
                        f"{record.listed.id}: a cache may be out of date."
                    )
                jobs.extend(read)
                if len(read) < RECENT_JOBS or not any(self._is_new(record, job) or job.ended is None for job in read):
                    break
        except HarvestNotFound as error:
            if not doubts.believes(error):
                raise
            self._lines.append(f"Source {record.id} is no longer on the portal: it was purged, and its jobs with it.")
        self._doubts.pop(record.id, None)
        return jobs

    def _look_behind(self, record: SourceRecord, jobs: list[HarvestJob]) -> None:
        """Remember the jobs that run behind a newer one, and when others may be there: the list shows neither."""
        now, portal_now = self._client.clock.monotonic(), self._client.portal_now()
        for job_id in [job_id for job_id, owner in self._reported.behind.items() if owner == record.id]:
            del self._reported.behind[job_id]
        hides = hides_for(jobs[0], portal_now) if jobs else 0.0
        record.behind_due = now + max(self.interval, hides if hides <= CLOCK_GRACE else SOURCE_CHECK) if hides else None
        for job in jobs[1:]:
            began = job.started or job.created
            age = portal_now - began.timestamp() if began else _FORGOTTEN
            if job.ended is None and age < _FORGOTTEN:
                self._reported.behind[str(job.id)] = record.id
                due = now + max(self.interval, min(_RARE, PATIENCE * age))
                record.behind_due = min(due, record.behind_due or due)

    # --- reading the results of jobs -------------------------------------------------------------------------

    def _read_results(self) -> tuple[list[EndedJob], HarvestError | None]:
        """Read the results of the jobs that were found, the first to end first; what cannot be read is read later."""
        now = self._client.clock.monotonic()
        due = sorted(
            (
                (one.ended, str(one.job.id), record)
                for record in self._records.values()
                for one in record.readable(now + 1.0, self._seen_until)
            ),
            key=lambda entry: entry[:2],
        )
        ended: list[EndedJob] = []
        in_a_row = 0
        for _, job_id, record in due[:_AT_ONCE]:
            one = record.found[job_id]
            try:
                result = self._results.read(record, job_id)
            except HarvestError as error:
                given_up = self._job_failed(record, one, error)
                in_a_row += 1
                if concerns_all(error) or in_a_row >= _IN_A_ROW:
                    return ended, error
                if not given_up:
                    continue
                result = None
            else:
                in_a_row = 0
            del record.found[job_id]
            self._reported.add(record.id, job_id, one.ended, self._client.portal_now())
            self._settle(record)
            ended.append(EndedJob(result))
        return ended, None

    def _job_failed(self, record: SourceRecord, one: Found, error: HarvestError) -> bool:
        """Take a failed reading of a result into account; return whether it is given up."""
        one.reading.failed(self._client.clock.monotonic(), self.interval)
        self._reported.owe(record.id)
        if concerns_all(error):
            return False
        if one.reading.failures >= _MAX_FAILURES_AT_ONE:
            self._lines.append(
                f"Job {one.job.id} of source {record.id} ended and cannot be read, so it is not reported: {error}"
            )
            return True
        if one.reading.failures == _PURGED_CHECK and self._client.is_purged(record.id, str(one.job.id)):
            return True
        if one.reading.failures == 1:
            self._lines.append(f"Job {one.job.id} of source {record.id} cannot be read now; trying later: {error}")
        return False
