"""The pure decisions around a run: which jobs are newer, whether one is dead, whether a source can be harvested."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from airflow_provider_harvest.portal.clock import on_portal_clock
from airflow_provider_harvest.portal.models import HarvestBackend, HarvestJob, HarvestSource, HarvestValidation
from airflow_provider_harvest.portal.outcome.read_ended_job import why_foreign
from airflow_provider_harvest.portal.text.words import clock_time, spell
from airflow_provider_harvest.portal.waiting.dead_jobs import last_movement, why_stuck
from airflow_provider_harvest.portal.waiting.which_job import JobLimits, begun_since, newer_than, why_not_runnable
from tests.support.fake_portal.scripted import T0, instant, item

MINUTE, HOUR = 60.0, 3600.0


def jobs(*ids: str) -> list[HarvestJob]:
    """Jobs as a portal lists them, newest first, an hour apart."""
    return [HarvestJob(job_id, "done", instant(T0 - n * HOUR), instant(T0 - n * HOUR)) for n, job_id in enumerate(ids)]


@pytest.mark.parametrize(
    "listed, known, newer",
    [
        (["c", "b", "a"], ["a"], ["b", "c"]),
        (["c", "b", "a"], ["b", "a"], ["c"]),
        (["c", "b", "a"], ["c"], []),
        (["c", "new", "b"], ["c", "b"], ["new"]),
        (["c", "b", "a"], [], ["a", "b", "c"]),
        (["c", "b", "a"], ["purged"], ["a", "b", "c"]),
        ([], ["a"], []),
    ],
    ids=["two new", "one new", "none new", "one behind a known one", "none known", "known ones purged", "none there"],
)
def test_jobs_newer_than_the_known_ones_oldest_first(listed: list[str], known: list[str], newer: list[str]) -> None:
    assert [job.id for job in newer_than(jobs(*listed), known)] == newer


def test_a_job_listed_behind_a_known_one_is_not_new() -> None:
    """Only ids of the newest jobs are remembered: what stands behind them is older."""
    assert newer_than(jobs("known", "older"), ["known"]) == []


@pytest.mark.parametrize(
    "not_before, newer",
    [(0.0, ["new", "newer"]), (T0 - HOUR - 1, ["newer"]), (T0 - 2 * HOUR, ["new", "newer"])],
    ids=["of all", "after another", "at that very time"],
)
def test_a_job_of_a_worker_whose_clock_is_behind_is_newer_than_all_that_were_known(
    not_before: float, newer: list[str]
) -> None:
    """Its place in the list says nothing, if it is known since when there are no others."""
    listed = jobs("known", "newer", "new")
    assert [job.id for job in newer_than(listed, ["known"], not_before)] == newer
    assert newer_than(listed, ["known"]) == [], "only what is listed behind all known ones may be older"


@pytest.mark.parametrize(
    "after, begun",
    [(T0 - 3 * HOUR, "abc"), (T0 - HOUR, "bc"), (T0, "c"), (T0 + 1, "")],
    ids=["all", "two", "one", "none"],
)
def test_jobs_begun_since_a_time_oldest_first(after: float, begun: str) -> None:
    assert "".join(str(job.id) for job in begun_since(jobs("c", "b", "a"), after)) == begun


def test_a_job_without_any_time_did_not_begin() -> None:
    assert begun_since([HarvestJob("a", "initialized")], 0) == []


def test_a_job_that_was_only_created_began_then() -> None:
    assert begun_since([HarvestJob("a", "initialized", created=instant(T0))], T0)


@pytest.mark.parametrize(
    "portal, shown",
    [
        pytest.param(T0, T0 - 60, id="same clock"),
        pytest.param(T0 + 0.9, T0 - 60, id="as the seconds of a Date header say"),
        pytest.param(T0 - 0.9, T0 - 60, id="behind, as the seconds of a Date header say"),
        pytest.param(T0 + 4, T0 - 56, id="seconds ahead"),
        pytest.param(T0 - 4, T0 - 64, id="seconds behind"),
        pytest.param(T0 + HOUR, T0 + HOUR - 60, id="an hour ahead"),
        pytest.param(T0 - HOUR, T0 - HOUR - 60, id="an hour behind"),
    ],
)
def test_a_users_time_on_the_portals_clock(portal: float, shown: float) -> None:
    assert on_portal_clock(T0 - 60, T0, portal) == shown


@pytest.mark.parametrize(
    "created, item_at, newest",
    [(T0, None, T0), (T0, T0 + 5, T0 + 5), (T0, T0 - 5, T0), (None, T0, T0), (None, None, None)],
    ids=["no item", "a later item", "an older item", "only an item", "nothing"],
)
def test_the_newest_time_in_a_job(created: float | None, item_at: float | None, newest: float | None) -> None:
    job = HarvestJob("a", "initialized", None if created is None else instant(created))
    last = None if item_at is None else item("r", "done", at=item_at)
    assert last_movement(job, last) == (None if newest is None else instant(newest))


LIMITS = JobLimits(run_timeout=24 * HOUR, stall_timeout=2 * HOUR, first_item_timeout=6 * HOUR)


@pytest.mark.parametrize(
    "still, has_items, words",
    [
        (2 * HOUR, True, None),
        (2 * HOUR + 1, True, "job j has not moved for 2 h (allowed between two items: 2 h)"),
        (2 * HOUR + 1, False, None),
        (6 * HOUR, False, None),
        (6 * HOUR + 60, False, "job j has had no item for 6 h 1 min (allowed before the first one: 6 h)"),
        (-30.0, True, None),
    ],
    ids=["just moving", "stands still", "still fetching", "just fetching", "fetches forever", "moved in the future"],
)
def test_when_a_job_counts_as_dead(still: float, has_items: bool, words: str | None) -> None:
    job = HarvestJob("j", "initialized", instant(T0))
    assert why_stuck(job, T0, has_items, T0 + still, LIMITS) == words


def test_the_time_before_the_first_item_does_not_limit_the_time_between_two() -> None:
    limits = JobLimits(stall_timeout=6 * HOUR, first_item_timeout=HOUR)
    assert why_stuck(HarvestJob("j", "initialized", instant(T0)), T0, True, T0 + 2 * HOUR, limits) is None


SOURCE = HarvestSource(
    "id", "Ville", "https://x", "dcat", active=True, validation=HarvestValidation("accepted"), schedule="0 0 * * *"
)
BACKENDS = [HarvestBackend("dcat", "DCAT"), HarvestBackend("ckan", "CKAN")]


@pytest.mark.parametrize(
    "change, words",
    [
        pytest.param({}, None, id="ready"),
        pytest.param({"active": None}, None, id="a release that does not say"),
        pytest.param({"deleted": instant(T0)}, "was deleted on 2026-03-02: create it again.", id="deleted"),
        pytest.param(
            {"active": False},
            "is inactive, so the portal would do nothing: set active=True with HarvestUpdateSourceOperator.",
            id="inactive",
        ),
        pytest.param(
            {"validation": HarvestValidation("refused", comment="broken")},
            "was refused by the portal's team (broken): talk to them, and have it accepted.",
            id="refused",
        ),
        pytest.param(
            {"validation": HarvestValidation("pending")},
            "waits for the portal's team to accept it (validation is 'pending').",
            id="not accepted yet",
        ),
        pytest.param(
            {"backend": "odd"},
            "uses the backend 'odd', which this portal does not have switched on (it has ckan, dcat): ask its team.",
            id="backend switched off",
        ),
        pytest.param({"deleted": instant(T0), "active": False}, "was deleted", id="deleted and inactive"),
    ],
)
def test_why_a_source_cannot_be_harvested(change: dict[str, Any], words: str | None) -> None:
    why = why_not_runnable(replace(SOURCE, **change), BACKENDS)
    assert why is None if words is None else why is not None and why.startswith(f"Source 'Ville' (id) {words}")


def test_backends_are_not_checked_if_they_were_not_read() -> None:
    assert why_not_runnable(replace(SOURCE, backend="odd")) is None


@pytest.mark.parametrize(
    "seconds, words",
    [
        (-5, "0 s"), (0, "0 s"), (0.4, "0 s"), (45, "45 s"), (59.6, "1 min"), (60, "1 min"), (119, "2 min"),
        (3599, "1 h"), (3600, "1 h"), (2 * HOUR + 5 * MINUTE, "2 h 5 min"), (21 * HOUR + 55 * MINUTE, "21 h 55 min"),
        (23.999 * HOUR, "1 d"), (24 * HOUR, "1 d"), (76 * HOUR, "3 d 4 h"),
    ],
)  # fmt: skip
def test_lengths_of_time_as_a_person_says_them(seconds: float, words: str) -> None:
    assert spell(seconds) == words


@pytest.mark.parametrize(
    "now, words",
    [(T0 - 3600, "02:05 UTC"), (T0 - 4 * 3600, "Mon 02 Mar 02:05 UTC"), (None, "2026-03-02 02:05 UTC")],
    ids=["today", "another day", "out of context"],
)
def test_times_as_a_person_says_them(now: float | None, words: str) -> None:
    assert clock_time(T0, now) == words


@pytest.mark.parametrize(
    "job, foreign",
    [
        pytest.param({"source_id": "a"}, False, id="its own"),
        pytest.param({"source_id": "b"}, True, id="of another source"),
        pytest.param({"source_name": "Ville"}, False, id="its own, up to 16.x"),
        pytest.param({"source_name": "Other"}, True, id="of another source, up to 16.x"),
        pytest.param({}, False, id="a portal that does not tell"),
    ],
)
def test_a_job_of_another_source(job: dict[str, str], foreign: bool) -> None:
    found = HarvestJob(id="j", status="done", **job)  # type: ignore[arg-type]
    assert (why_foreign(found, "a", "Ville") is not None) == foreign
