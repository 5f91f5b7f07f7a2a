"""How jobs and their items are read, in every generation; one part of the client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import HarvestApiError, HarvestError, HarvestNotFound
from airflow_provider_harvest.portal.http.errors import parsed
from airflow_provider_harvest.portal.http.item_reads import ItemReads
from airflow_provider_harvest.portal.http.paging import is_beyond_last
from airflow_provider_harvest.portal.http.session import entries_of, segment
from airflow_provider_harvest.portal.http.unreadable_entries import may_be
from airflow_provider_harvest.portal.models import HarvestItem, HarvestJob
from airflow_provider_harvest.portal.statuses import DONE, DONE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from airflow_provider_harvest.portal.http.transport import Answer
    from airflow_provider_harvest.portal.http.unreadable_entries import UnreadableEntry

#: Entries requested in one page. data.gouv.fr returns 1,000 and fails with 502 at 10,000; udata sets no maximum.
PAGE_SIZE = 500
#: Jobs requested when searching for one: the newest come first.
RECENT_JOBS = 10
#: Jobs that are read with their counters in one request: one that is judged, and ten before it.
_WITH_COUNTERS = 11
#: How often a page of jobs is requested at most if jobs are missing in it.
_READINGS = 2
#: No job has this id.
_NO_JOB = "0" * 24

# ``details`` are left out: a stack trace for each error (5 kB on 9.2.4). ``source`` has no inner mask, as it is a
# string up to 16.x, which responds with 400 to ``source{id}``.
_JOB_HEAD = "id,status,created,started,ended,errors{created_at,message},source"
# One mask for both forms: up to 16.x ``items`` is a list, of which a status (20 bytes) per item is left, and from
# 17.0 an object, of which the counters are left.
_ITEM_COUNTS = "items{total,by_status,status}"
_ITEM_TIMES = "remote_id,status,created,started,ended"
_ITEM_BRIEF = (
    f"{_ITEM_TIMES},remote_url,errors{{created_at,message}},dataset{{id,title,page,uri}},dataservice{{id,title}}"
)


class JobReads(ItemReads):
    """Reads jobs. None of this needs a key; only a sysadmin's key shows the stack traces in a job's errors."""

    def iter_jobs(
        self,
        source_id: str,
        *,
        page_size: int = 20,
        counters: bool = True,
        on_unreadable: Callable[[UnreadableEntry], object] | None = None,
    ) -> Iterator[HarvestJob]:
        """Yield the jobs of a source, newest first, without their items (``GET .../jobs/``).

        Deleted sources keep their jobs; unknown ones: see :meth:`recent_jobs`.

        :param source_id: its id; up to 10.8.1 the response to a slug is 500.
        :param page_size: jobs in one request, 20 by default.
        :param counters: whether their items are counted (default True), which the portal does from 17.0 on.
        :param on_unreadable: called with each job that the list cannot return; default: it is logged.
        """
        seen: set[str] = set()
        again = True
        while again:
            again = False
            with_counters = counters and not self.dialect.embeds_items
            mask = f"data{{{_JOB_HEAD}{',items{total,by_status}' if with_counters else ''}}},total"
            path = f"/harvest/source/{segment(source_id)}/jobs/"
            for entry in self._pages(path, {}, mask, page_size, on_unreadable=on_unreadable):
                self.dialect.hear_job(entry)
                if counters and self.dialect.hear_origin(entry):
                    again = True  # the portal was upgraded since: its jobs can be counted now
                    break
                if str(entry.get("id")) in seen:
                    continue
                seen.add(str(entry.get("id")))
                if isinstance(entry.get("items"), list):  # only their number is kept
                    entry = {name: value for name, value in entry.items() if name != "items"}
                yield parsed(HarvestJob.from_api, entry, f"GET /harvest/source/{source_id}/jobs/")

    def has_job(self, source_id: str, job_id: str) -> bool:
        """Return whether a source has a job, or may have it: names change and are not unique, so its list decides.

        :param source_id: id of the source.
        :param job_id: id of the job.
        :raises HarvestError: if the list cannot be read.
        """
        unreadable: list[UnreadableEntry] = []
        jobs = self.iter_jobs(source_id, counters=False, on_unreadable=unreadable.append)
        return any(str(job.id) == job_id for job in jobs) or any(may_be(entry, job_id) for entry in unreadable)

    def is_purged(self, source_id: str, job_id: str) -> bool:
        """Return whether a job that could not be read is certainly gone; asked after a 500 only.

        Up to 17.7 the response to an unknown job is 500, as in an outage: the list of its source's jobs distinguishes
        them, if it was read whole.

        :param source_id: id of the source that the job is of.
        :param job_id: its id.
        :returns: False also if it cannot be said now.
        """
        try:
            return not self.has_job(source_id, job_id)
        except HarvestNotFound as error:  # the source is gone, and its jobs with it
            return not error.is_page
        except HarvestError:
            return False

    def job_history(self, source_id: str, size: int = RECENT_JOBS) -> list[HarvestJob]:
        """Return the newest jobs of a source with their errors and counters, in every release by one request.

        :param source_id: its id.
        :param size: how many jobs, 10 by default; up to 16.x each costs 20 bytes per item.
        :raises HarvestNotFound: if the source is unknown or purged; up to 10.8.1 the list is empty then.
        """
        return self._page_of_jobs(source_id, 1, size, f"data{{{_JOB_HEAD},{_ITEM_COUNTS}}},total")

    def iter_whole_jobs(self, source_id: str) -> Iterator[HarvestJob]:
        """Yield the jobs of a source that read its whole catalogue, newest first, each with its counters.

        The newest eleven jobs are one request. A source may have failed for weeks: then 200 older ones in each.

        :param source_id: its id.
        """
        newest = self.job_history(source_id, _WITH_COUNTERS)
        yield from filter(_is_whole, newest)
        seen = {job.id for job in newest}
        older = self.iter_jobs(source_id, page_size=200) if len(newest) >= _WITH_COUNTERS else ()
        for job in older:
            if job.id not in seen and _is_whole(job):
                yield job if job.counts else self.peek_job(str(job.id))

    def recent_jobs(
        self, source_id: str, page: int = 1, page_size: int = RECENT_JOBS, *, last_job: HarvestJob | None = None
    ) -> list[HarvestJob]:
        """Return one page of a source's jobs, newest first: what polling reads.

        A page with fewer jobs than its total promises, or an older one than the source, is requested once more: a job
        may have appeared while the portal wrote it.

        :param source_id: its id.
        :param page: from 1; beyond the last the list is empty.
        :param page_size: jobs in a page, 10 by default.
        :param last_job: of the source as read before, which the first page must not be older than; None (default)
            leaves that check out.
        :raises HarvestNotFound: if the source is unknown or purged. Up to 10.8.1 the portal returns an empty page
            then, which cannot be distinguished from a source without jobs.
        :raises HarvestProtocolError: if jobs are missing in the page.
        """
        mask = "data{id,status,created,started,ended},total"
        return self._page_of_jobs(source_id, page, page_size, mask, last_job)

    def _page_of_jobs(
        self, source_id: str, page: int, page_size: int, mask: str, last_job: HarvestJob | None = None
    ) -> list[HarvestJob]:
        path = f"/harvest/source/{segment(source_id)}/jobs/"
        missing = ""
        for _ in range(_READINGS):
            try:
                answer = self._get(path, {"page": page, "page_size": page_size}, fields=mask)
            except HarvestNotFound as error:
                if is_beyond_last(error, page):
                    return []
                raise
            jobs = [parsed(self._as_job, entry, answer.request) for entry in entries_of(answer)]
            promised = min(page_size, _total_of(answer) - (page - 1) * page_size)
            if len(jobs) < promised:
                missing = f"the page has {len(jobs)} jobs, and {promised} by its total"
            elif last_job is not None and is_older(jobs, last_job):
                missing = f"job {last_job.id} is missing or older than as the source's last one"
            else:
                return self._with_times(jobs)
        raise answer.unexpected(f"{missing}; a cache of the portal may be out of date, try again later")

    def iter_last_jobs(
        self,
        *,
        counters: bool = False,
        owners: bool = False,
        on_unreadable: Callable[[UnreadableEntry], object] | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Yield the last job of every source that is not deleted, as returned (``GET /harvest/sources/``).

        :class:`~airflow_provider_harvest.portal.waiting.shared_source_list.Listing` reads it: most of it is as
        before, and is not worth an object. About 250 bytes a source; 500 sources in one request.

        :param counters: whether the items of each ``last_job`` are counted: from 17.0 on ``items`` is an object with
            the numbers, before an empty list.
        :param owners: whether names and organizations are wanted.
        :param on_unreadable: called with each source that the list cannot return; default: it is logged.
        """
        items = ",items{total,by_status}" if counters else ""  # up to 16.x an empty list comes, whatever the job holds
        named = ",name,organization{id}" if owners else ""
        last_job = f"last_job{{id,status,created,started,ended{items}}}"
        mask = f"data{{id,active,deleted,validation{{state}}{named},{last_job}}},total"
        return self._pages("/harvest/sources/", {}, mask, PAGE_SIZE, on_unreadable=on_unreadable)

    def iter_harvested_datasets(
        self, *, organization: str | None = None, owner: str | None = None
    ) -> Iterator[dict[str, Any]]:
        """Yield the public datasets of an owner with their harvest data (``GET /datasets/``), 100 a page.

        :param organization: id of the organization; only its datasets.
        :param owner: id of the user; only their own datasets.
        """
        harvest, resource = "harvest{source_id,remote_id,last_update}", "id,title,url,harvest"
        mask = f"data{{id,title,page,uri,{harvest},resources{{{resource}}}}},total"
        return self._pages("/datasets/", {"organization": organization, "owner": owner}, mask, 100)

    def get_job(self, job_id: str, *, keyed: bool = True) -> HarvestJob:
        """Return a job with its errors and counters, and up to 16.x its items (``GET /harvest/job/{}/``).

        :param job_id: its id.
        :param keyed: whether the key goes along (default True): a sysadmin's shows the ``details`` of errors.
        :raises HarvestNotFound: if there is none, also on releases that respond with 500 then (up to 17.7).
        """

        def read() -> HarvestJob:
            return self._get(self._job_path(job_id), keyed=keyed).read(self._as_job)

        return self._unless_unknown(
            read,
            lambda: self._hides_unknown_jobs() and self._can_read_another(job_id),
            f"There is no harvest job {job_id!r} on {self.site}: the response is 500, as udata up to 17.7 does for an "
            "unknown one, while other jobs can be read.",
        )

    def peek_job(self, job_id: str, *, progress: bool = True) -> HarvestJob:
        """Return a job as polling needs it: small, and without a key.

        :param job_id: its id.
        :param progress: whether its counters are wanted (default True); up to 16.x they cost 20 bytes per item.
        :raises HarvestNotFound: if there is none, from 17.8 on.
        :raises HarvestServerError: with status 500 up to 17.7, as in an outage.
        """
        fields = f"{_JOB_HEAD},{_ITEM_COUNTS}" if progress else _JOB_HEAD
        return self._get(self._job_path(job_id), fields=fields).read(self._as_job)

    def iter_job_items(self, job_id: str, status: str | None = None) -> Iterator[HarvestItem]:
        """Yield the items of a job, in the order in which they were processed.

        From 17.0 they are read page by page (``GET /harvest/job/{}/items/``), before from the job itself.

        :param job_id: its id.
        :param status: only items in this status: ``pending``, ``started``, ``done``, ``failed``, ``skipped`` or
            ``archived``. From 17.0 the response to any other is 400.
        """
        entries = self._items(
            job_id,
            _ITEM_BRIEF,
            lambda: self._pages(
                f"{self._job_path(job_id)}items/", {"status": status}, f"data{{{_ITEM_BRIEF}}},total", PAGE_SIZE
            ),
        )
        items = (parsed(HarvestItem.from_api, entry, f"GET {self._job_path(job_id)}items/") for entry in entries)
        return (item for item in items if status is None or item.status == status)

    def newest_item(self, job: HarvestJob) -> HarvestItem | None:
        """Return the item of a job that moved last, None before the first: it distinguishes a slow job from a dead one.

        Items are appended as they are met, in every release, and the counters follow each of them.

        :param job: as read; if it has counters they are trusted.
        """
        job_id = str(job.id)
        if self.dialect.embeds_items is None:
            job = self.peek_job(job_id)
        if self.dialect.embeds_items:
            embedded = self._embedded_items(job_id, _ITEM_TIMES)
            if embedded is not None:
                return parsed(_moved_last, embedded, f"GET {self._job_path(job_id)}")
        counts = job.counts or self.peek_job(job_id).counts
        if counts is None or not counts.total:
            return None
        params = {"page": counts.total, "page_size": 1}
        answer = self._get(f"{self._job_path(job_id)}items/", params, fields=f"data{{{_ITEM_TIMES}}},total")
        return parsed(_moved_last, entries_of(answer), answer.request)

    def _as_job(self, body: object) -> HarvestJob:
        """Return a job, after its shape was noted."""
        self.dialect.hear_job(body)
        return HarvestJob.from_api(body)

    def _with_times(self, jobs: Iterable[HarvestJob]) -> list[HarvestJob]:
        """Return jobs, after their times were taken as ones that the portal's clock has passed."""
        listed = list(jobs)
        times = (when for job in listed for when in (job.created, job.started, job.ended) if when)
        self._transport.saw_times(when.timestamp() for when in times)
        return listed

    def _hides_unknown_jobs(self) -> bool:
        """Whether the portal responds with 500 to a job that does not exist, as up to 17.7; asked only after a 500."""
        try:
            self._get(self._job_path(_NO_JOB), fields="id")
        except HarvestApiError as error:
            return error.status_code == 500
        except HarvestError:
            return False
        return False

    def _can_read_another(self, job_id: str) -> bool:
        """Whether the portal reads another job, so that a 500 for this one means that there is none."""
        try:
            listed = entries_of(self._get("/harvest/sources/", {"page_size": 50}, fields="data{last_job{id}},total"))
            jobs = [parsed(HarvestJob.from_last_job, entry.get("last_job"), "the list of sources") for entry in listed]
            others = [job.id for job in jobs if job and job.id]
            return not others or (job_id not in others and self.peek_job(others[0], progress=False).id == others[0])
        except HarvestError:
            return False


def _is_whole(job: HarvestJob) -> bool:
    """Whether a job read its source's whole catalogue."""
    return job.has_ended and job.status in (DONE, DONE_ERRORS)


def _total_of(page: Answer) -> int:
    total = page.body.get("total") if isinstance(page.body, dict) else None
    return total if isinstance(total, int) else 0


def is_older(jobs: Sequence[HarvestJob], last_job: HarvestJob) -> bool:
    """Return whether jobs were read from an older state of the portal than a source's last job.

    :param jobs: the first page of the source's jobs, newest first.
    :param last_job: as the source showed it.
    """
    for job in jobs:
        if job.id == last_job.id:
            return last_job.has_ended and not job.has_ended
    last, newest = last_job.began_at, jobs[0].began_at if jobs else None
    return last is None or newest is None or last > newest


def _moved_last(entries: list[dict[str, Any]]) -> HarvestItem | None:
    items = map(HarvestItem.from_api, entries)
    timed = [(when, item) for item in items if (when := item.newest_time)]
    return max(reversed(timed), key=lambda pair: pair[0])[1] if timed else None  # of those of one instant the last
