"""A portal's workers have clocks of their own: what an event trigger reports does not depend on which one harvested."""

from __future__ import annotations

from typing import TYPE_CHECKING

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


def _odd_life(ahead: float) -> Timeline:
    return [
        (2 * HOUR, by_another_clock(job_appears("odd"), "odd", ahead)),
        (2 * HOUR + 5 * MINUTE, by_another_clock(job_ends("odd"), "odd", ahead)),
    ]
