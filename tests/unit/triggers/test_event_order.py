"""The event trigger reports the ends of harvests in their order, also of those that end while the portal is read."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.triggers.event import STORED_AFTER
from tests.support.fake_portal.scripted import (
    T0,
    Timeline,
    instant,
    job_appears,
    job_ends,
    source_changes,
    source_is_purged,
    whole_job,
)
from tests.support.watching_trigger import Watched, ids

if TYPE_CHECKING:
    from collections.abc import Iterator

HOUR = 3600.0


def slowly(watched: Watched, monkeypatch: pytest.MonkeyPatch, *, source: float = 0.0, jobs: float = 0.0) -> None:
    """Let time pass while the portal responds: for each source of its list, and for each list of jobs."""
    lists, recent_jobs = watched.client.iter_last_jobs, watched.client.recent_jobs

    def slow_list(**kwargs: Any) -> Iterator[dict[str, Any]]:
        for entry in lists(**kwargs):
            yield entry
            watched.clock.advance(source)

    def slow_jobs(source_id: str, page: int = 1, page_size: int = 10) -> Any:
        watched.clock.advance(jobs)
        return recent_jobs(source_id, page, page_size)

    monkeypatch.setattr(watched.client, "iter_last_jobs", slow_list)
    monkeypatch.setattr(watched.client, "recent_jobs", slow_jobs)


def ends(watched: Watched) -> list[str]:
    """The jobs in the order in which they ended."""
    jobs = [job for source in watched.portal.lives.values() for job in source.jobs.values()]
    return [job.id for job in sorted(jobs, key=lambda job: (job.ended or 0.0, job.id))]


def test_what_ends_between_two_requests_of_a_poll_is_reported_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """The list says that both run; the one whose jobs are read for it has ended when they are."""
    lives: dict[str, Timeline] = {
        "a": whole_job("second", 119, 3),
        "b": [(10, job_appears("first")), (121, job_ends("first"))],
    }
    watched = Watched(monkeypatch, lives)
    slowly(watched, monkeypatch, jobs=4.0)
    assert watched.watch(HOUR) == ["first", "second"]


@pytest.mark.parametrize("seed", range(25))
def test_however_slowly_the_portal_is_read_the_order_holds(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    chance = random.Random(seed)
    lives: dict[str, Timeline] = {}
    for source in ids(12):
        at, life = chance.uniform(30, 90), []
        for number in range(3):
            lasts = chance.uniform(0.5, 40)
            life += whole_job(f"{source}-{number}", at, lasts)
            at += lasts + chance.uniform(0.5, 60)
        lives[source] = life
    watched = Watched(monkeypatch, lives)
    slowly(watched, monkeypatch, source=chance.choice([0.0, 0.3]), jobs=chance.choice([0.1, 1.0, 3.0]))
    assert watched.watch(900) == ends(watched)


def test_what_is_held_back_for_its_order_waits_for_one_list_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the portal's clock says: it may be hours behind the worker's that writes the ends."""
    lives: dict[str, Timeline] = {"a": whole_job("one", 70, 49), "b": [(10, job_appears("runs on"))]}
    watched = Watched(monkeypatch, lives)
    monkeypatch.setattr(watched.client, "portal_now", lambda: watched.clock.now() - 2 * HOUR)
    assert watched.watch(180 + STORED_AFTER) == ["one"]


def test_a_job_of_a_source_that_is_deleted_while_it_is_held_back_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    lives: dict[str, Timeline] = {
        "a": [*whole_job("one", 119, 3), (150, source_changes(deleted=instant(T0 + 150)))],
        "b": [(10, job_appears("runs on"))],
    }
    watched = Watched(monkeypatch, lives)
    slowly(watched, monkeypatch, jobs=4.0)
    assert watched.watch(HOUR) == ["one"]


@pytest.mark.parametrize("lag", [90.0, 20 * 60.0], ids=lambda lag: f"{lag:.0f} s")
@pytest.mark.parametrize("listed", [(), ("running",)], ids=["before the job", "while it ran"])
def test_a_list_of_jobs_that_is_older_than_the_list_of_sources_hides_no_end(
    monkeypatch: pytest.MonkeyPatch, lag: float, listed: tuple[str, ...]
) -> None:
    """A cache holds the jobs of one source, but not the list, which shows the end once and then stays the same."""
    ended, lasts = 600.0, 300.0
    watched = Watched(monkeypatch, {"a": [*whole_job("old", -HOUR), *whole_job("mine", ended - lasts, lasts)]})
    recent_jobs = watched.client.recent_jobs

    def cached(source_id: str, page: int = 1, page_size: int = 10) -> Any:
        now = watched.clock.now() - T0
        jobs = recent_jobs(source_id, page, page_size)
        if not ended <= now < ended + lag:
            return jobs
        watched.client.note("cached")
        older = [job if job.id == "old" else replace(job, status="initialized", ended=None) for job in jobs]
        return older if listed else [job for job in older if job.id == "old"]

    monkeypatch.setattr(watched.client, "recent_jobs", cached)
    assert watched.watch(3 * HOUR) == ["mine"]
    assert 1 <= watched.client.count("cached") <= 6


@pytest.mark.parametrize("generation", ["A", "D"])
def test_a_source_that_is_purged_after_it_was_listed_is_no_old_list(
    monkeypatch: pytest.MonkeyPatch, generation: str
) -> None:
    """Up to 10.8.1 its list of jobs is empty then, as that of a cache might be."""
    lives: dict[str, Timeline] = {
        "a": [*whole_job("mine", 100, 300), (600, source_is_purged)],
        "b": whole_job("other", 900),
    }
    watched = Watched(monkeypatch, lives, generation=generation)
    recent_jobs = watched.client.recent_jobs

    def purged_meanwhile(source_id: str, page: int = 1, page_size: int = 10) -> Any:
        if source_id == "a" and watched.clock.now() >= T0 + 400:
            watched.client.note("jobs of a")
            watched.clock.advance(max(0.0, T0 + 601 - watched.clock.now()))
        return recent_jobs(source_id, page, page_size)

    monkeypatch.setattr(watched.client, "recent_jobs", purged_meanwhile)
    assert watched.watch(6 * HOUR) == ["other"]
    assert 1 <= watched.client.count("jobs of a") <= 3
