"""A portal's workers have clocks of their own: what an event trigger reports does not depend on which one harvested."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.fake_portal.scripted import Event, SourceLife, job_appears, job_ends, whole_job
from tests.support.watching_trigger import Watched

if TYPE_CHECKING:
    from tests.support.fake_portal.scripted import Timeline

MINUTE, HOUR = 60.0, 3600.0


def by_another_clock(event: Event, job_id: str, ahead: float) -> Event:
    """An event whose time a worker writes whose clock is ahead by so many seconds."""

    def shifted(life: SourceLife) -> None:
        event(life)
        job = life.jobs[job_id]
        if job.ended is None:
            life.put_job(job_id, job.created + ahead, job.status)
        else:
            life.put_job(job_id, job.created, job.status, job.ended + ahead)

    return shifted


@pytest.mark.parametrize("ahead", [0.5 * HOUR, 3 * HOUR, 9 * HOUR, -0.5 * HOUR, -3 * HOUR])
def test_one_worker_with_a_wrong_clock_hides_no_harvest_of_the_portal(
    monkeypatch: pytest.MonkeyPatch, ahead: float
) -> None:
    lives = {
        "odd": _odd_life(ahead),
        "a": [*whole_job("a1", HOUR), *whole_job("a2", 3 * HOUR)],
        "b": whole_job("b1", 4 * HOUR),
    }
    watched = Watched(monkeypatch, lives)
    assert sorted(watched.watch(5 * HOUR, poll_interval=5 * MINUTE)) == ["a1", "a2", "b1", "odd"]
    assert watched.watch(12 * HOUR, poll_interval=5 * MINUTE) == []


@pytest.mark.parametrize("ahead", [0.5 * HOUR, 3 * HOUR, 9 * HOUR, -0.5 * HOUR, -3 * HOUR])
def test_one_worker_with_a_wrong_clock_hides_no_harvest_of_its_source(
    monkeypatch: pytest.MonkeyPatch, ahead: float
) -> None:
    life = [*whole_job("one", HOUR), *_odd_life(ahead), *whole_job("two", 3 * HOUR)]
    watched = Watched(monkeypatch, {"a": life})
    assert watched.watch(5 * HOUR, source_id="a", poll_interval=5 * MINUTE) == ["one", "odd", "two"]
    assert watched.watch(12 * HOUR, source_id="a", poll_interval=5 * MINUTE) == []


@pytest.mark.parametrize("ahead", [3 * HOUR, 9 * HOUR], ids=lambda ahead: f"{ahead / HOUR:g} h ahead")
def test_a_job_that_is_dated_into_the_future_hides_no_later_job(monkeypatch: pytest.MonkeyPatch, ahead: float) -> None:
    """The list shows it as the newest of its source until the clocks have caught up."""
    watched = Watched(monkeypatch, {"a": [*_odd_life(ahead), *whole_job("later", 3 * HOUR)], "b": _busy(4)})
    assert _of_a(watched.watch(3.5 * HOUR, poll_interval=10 * MINUTE)) == ["odd", "later"]
    assert _of_a(watched.watch(9 * HOUR, poll_interval=HOUR)) == []


def test_what_was_hidden_while_no_triggerer_ran_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(monkeypatch, {"a": [*_odd_life(9 * HOUR), *whole_job("later", 3 * HOUR)], "b": _busy(5)})
    assert _of_a(watched.watch(2.5 * HOUR, poll_interval=10 * MINUTE)) == ["odd"]
    watched.clock.advance(2 * HOUR)
    assert _of_a(watched.watch(0.5 * HOUR, poll_interval=10 * MINUTE)) == ["later"]


@pytest.mark.parametrize("scope", [{}, {"source_id": "a"}], ids=["whole portal", "one source"])
@pytest.mark.parametrize(
    "behind, lasts",
    [(20 * MINUTE, 40.0), (20 * MINUTE, 20 * MINUTE), (55 * MINUTE, 40.0)],
    ids=["between two polls", "seen running", "almost an hour"],
)
def test_a_job_that_a_slow_clock_dates_before_the_newest_one_is_reported(
    monkeypatch: pytest.MonkeyPatch, behind: float, lasts: float, scope: dict[str, Any]
) -> None:
    slow = _dated("slow", 2 * HOUR + 10 * MINUTE, lasts, -behind)
    watched = Watched(monkeypatch, {"a": [*whole_job("newest", 2 * HOUR), *slow], "b": _busy(6)})
    assert _of_a(watched.watch(4 * HOUR, poll_interval=5 * MINUTE, **scope)) == ["newest", "slow"]
    assert _of_a(watched.watch(HOUR, poll_interval=5 * MINUTE, **scope)) == []


@pytest.mark.parametrize("scope", [{}, {"source_id": "a"}], ids=["whole portal", "one source"])
@pytest.mark.parametrize("before", [[], whole_job("before", -24 * HOUR)], ids=["the first", "one of many"])
def test_a_short_job_of_a_worker_that_is_hours_behind_is_reported(
    monkeypatch: pytest.MonkeyPatch, before: Timeline, scope: dict[str, Any]
) -> None:
    """It is first seen when it has ended, hours before what other sources have reported."""
    watched = Watched(monkeypatch, {"a": [*before, *_dated("short", HOUR + 100, 40, -3 * HOUR)], "b": _busy(3)})
    assert _of_a(watched.watch(3 * HOUR, poll_interval=5 * MINUTE, **scope)) == ["short"]


def test_looking_behind_newest_jobs_leaves_room_for_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also if it is due at each poll."""
    watched = Watched(monkeypatch, {"a": _odd_life(9 * HOUR), "b": whole_job("other", 4 * HOUR)})
    assert watched.watch(5 * HOUR, poll_interval=10 * MINUTE) == ["odd", "other"]


def test_looking_behind_the_newest_job_costs_one_request_for_each_harvest(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(monkeypatch, {"a": whole_job("one", 2 * HOUR, 2 * MINUTE)})
    watched.watch(2 * HOUR + 30 * MINUTE, poll_interval=10 * MINUTE)
    before = watched.client.count("recent_jobs")
    watched.watch(5 * HOUR, poll_interval=10 * MINUTE)
    assert watched.client.count("recent_jobs") - before <= 2  # the new triggerer reads once for itself


def _busy(hours: int) -> Timeline:
    return [event for hour in range(hours) for event in whole_job(f"busy{hour}", hour * HOUR + 15 * MINUTE)]


def _of_a(job_ids: list[str]) -> list[str]:
    return [job_id for job_id in job_ids if not job_id.startswith("busy")]


def _odd_life(ahead: float) -> Timeline:
    return _dated("odd", 2 * HOUR, 5 * MINUTE, ahead)


def _dated(job_id: str, at: float, lasts: float, ahead: float) -> Timeline:
    return [
        (at, by_another_clock(job_appears(job_id), job_id, ahead)),
        (at + lasts, by_another_clock(job_ends(job_id), job_id, ahead)),
    ]
