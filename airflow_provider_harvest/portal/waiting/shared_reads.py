"""A client that many watches of one portal share: what several of them request in one round is requested once.

Used by the poller of the triggers; its watches call it from several threads.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from itertools import islice
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.portal.http.address import expand_page
from airflow_provider_harvest.portal.http.job_reads import PAGE_SIZE, RECENT_JOBS

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestItem, HarvestJob

#: Responses about ended jobs that are kept for later watches: these never change.
_KEPT = 200
#: Items, and jobs, that are kept of one response; a watch that needs more requests again.
_ITEMS, _JOBS = PAGE_SIZE, 20
#: A response with as many items is not kept for later watches: an item takes 1 kB, and many jobs list pages of archived
#: ones, again and again.
_FEW_ITEMS = 50


class _Answer:
    """One response, which the first watch reads; the others wait for it."""

    __slots__ = ("is_known", "lasts", "lock", "value")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.is_known = False
        self.lasts = False
        self.value: Any = None


class _Answers:
    """The responses of a round, and those about ended jobs; errors are not kept.

    :param client: of the portal.
    """

    def __init__(self, client: HarvestClient) -> None:
        self.client = client
        self._lock = threading.Lock()
        self._answers: OrderedDict[Hashable, _Answer] = OrderedDict()

    def begin_round(self) -> None:
        with self._lock:
            lasting = [(key, answer) for key, answer in self._answers.items() if answer.lasts]
            self._answers = OrderedDict(lasting[-_KEPT:])

    def once(self, key: Hashable, read: Callable[[], Any], lasts: Callable[[Any], bool] = bool) -> Any:
        with self._lock:
            answer = self._answers.setdefault(key, _Answer())
            self._answers.move_to_end(key)
        with answer.lock:
            if not answer.is_known:
                answer.value = read()
                answer.lasts, answer.is_known = lasts(answer.value), True
            return answer.value


class SharedReads:
    """Reads as :class:`~airflow_provider_harvest.portal.client.HarvestClient` does, and shares what was read.

    :param client: of the portal; methods that are not defined here are called on it directly.
    :param job_page: URL template of the pages of jobs; None (default) for the client's.
    :param answers: responses that are shared with others; None (default) begins with none.
    """

    def __init__(self, client: HarvestClient, job_page: str | None = None, answers: _Answers | None = None) -> None:
        self._answers = answers or _Answers(client)
        self._job_page = job_page
        # Each poll asks for these many times, and what `__getattr__` returns takes ten times as long.
        self.clock, self.portal_now = self._answers.client.clock, self._answers.client.portal_now

    def __getattr__(self, name: str) -> Any:
        return getattr(self._answers.client, name)

    def with_job_page(self, job_page: str | None) -> SharedReads:
        """Return the same reads for a watch whose connection names its own pages of jobs.

        :param job_page: URL template; None for the client's.
        """
        return SharedReads(self._answers.client, job_page, self._answers)

    def begin_round(self) -> None:
        """Forget what may have changed; the poller calls it before each round."""
        self._answers.begin_round()

    def job_url(self, source_id: str, job_id: str) -> str:
        """Return the page of a job for a person to open."""
        if self._job_page is None:
            return self._answers.client.job_url(source_id, job_id)
        return expand_page(self._job_page, "", source_id=source_id, job_id=job_id)

    def get_source(self, source_id: str, **kwargs: Any) -> Any:
        """Return a source."""
        key = ("source", source_id, *sorted(kwargs.items()))
        return self._answers.once(
            key, lambda: self._answers.client.get_source(source_id, **kwargs), lasts=lambda _: False
        )

    def recent_jobs(self, source_id: str, page: int = 1, page_size: int = RECENT_JOBS) -> list[HarvestJob]:
        """Return one page of a source's jobs, newest first."""
        key = ("jobs", source_id, page, page_size)
        jobs: list[HarvestJob] = self._answers.once(
            key, lambda: self._answers.client.recent_jobs(source_id, page, page_size), lasts=lambda _: False
        )
        return list(jobs)

    def iter_jobs(self, source_id: str) -> Iterator[HarvestJob]:
        """Yield the jobs of a source, newest first."""
        return self._first(("all jobs", source_id), lambda: self._answers.client.iter_jobs(source_id), _JOBS, 0)

    def is_purged(self, source_id: str, job_id: str) -> bool:
        """Return whether a job that could not be read is certainly gone."""
        key = ("purged", source_id, job_id)
        return bool(
            self._answers.once(key, lambda: self._answers.client.is_purged(source_id, job_id), lasts=lambda _: False)
        )

    def peek_job(self, job_id: str, *, progress: bool = True) -> HarvestJob:
        """Return a job as polling needs it."""
        job: HarvestJob = self._answers.once(
            ("job", job_id, progress),
            lambda: self._answers.client.peek_job(job_id, progress=progress),
            lasts=lambda job: job.has_ended,
        )
        return job

    def newest_item(self, job: HarvestJob) -> HarvestItem | None:
        """Return the item of a job that moved last."""
        return self._answers.client.newest_item(job)

    def iter_job_items(self, job_id: str, status: str | None = None) -> Iterator[HarvestItem]:
        """Yield the items of a job."""
        return self._first(
            ("items", job_id, status), lambda: self._answers.client.iter_job_items(job_id, status), _ITEMS, _FEW_ITEMS
        )

    def _first(self, key: Hashable, read: Callable[[], Iterator[Any]], size: int, lasting: int) -> Iterator[Any]:
        """Yield the first entries of a response from what was read, the rest from new requests.

        :param lasting: with fewer entries it is kept for later rounds; 0 if it may change.
        """
        first = self._answers.once(key, lambda: tuple(islice(read(), size)), lasts=lambda found: len(found) < lasting)
        yield from first
        if len(first) == size:
            yield from islice(read(), size, None)
