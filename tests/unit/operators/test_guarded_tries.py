"""A guarded run, try after try: only a harvest that began while archiving was off is compared.

The comparison finds a usual loss.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.operators import _memory_between_tries
from airflow_provider_harvest.portal.guard import guarded_run
from tests.support.fake_portal.scripted import (
    T0,
    instant,
    job_appears,
    job_ends,
    outage,
    source_changes,
    unreachable,
    whole_job,
)
from tests.support.guarded_task import Guarded, Killed
from tests.support.task_life import Store
from tests.support.task_stories import HOUR, REFUSED

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_provider_harvest.portal.client import HarvestClient


# --- only a harvest that began while archiving was off counts ----------------------------------------------------


def test_a_retry_on_airflow_2_11_takes_no_harvest_that_the_portal_began_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first try waits for another job, then the portal is away and harvests by its own schedule meanwhile."""
    monkeypatch.setattr(_memory_between_tries, "first_start_of", lambda context: T0)
    other = [(-60.0, job_appears("other")), (100.0, job_ends("other"))]
    timeline = [*other, *outage(30, 2 * HOUR), *whole_job("cron", HOUR), *whole_job("mine", 3 * HOUR)]
    task = Guarded(monkeypatch, timeline, deferrable=False, max_poll_failures=2)
    assert task.try_() == "HarvestPortalUnreachable"
    task.clock.advance(T0 + 2.5 * HOUR - task.clock.now())

    assert task.try_() == "success", task.message
    assert (task.result["job_id"], task.archives["mine"], task.archives["cron"]) == ("mine", False, True)


def test_a_retry_on_airflow_2_11_takes_the_harvest_that_it_requested(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_memory_between_tries, "first_start_of", lambda context: T0)
    task = Guarded(monkeypatch, [*whole_job("mine", 60), *outage(90, 2 * HOUR)], deferrable=False, max_poll_failures=2)
    assert task.try_() == "HarvestPortalUnreachable"
    task.clock.advance(T0 + 2.5 * HOUR - task.clock.now())

    assert task.try_() == "success", task.message
    assert (task.result["job_id"], len(task.requested_at), task.is_as_before) == ("mine", 1, True)


@pytest.mark.parametrize("store", [True, False], ids=["3.3", "2.11"])
def test_a_retry_of_a_try_that_was_killed_after_the_comparison_concludes(
    monkeypatch: pytest.MonkeyPatch, store: bool
) -> None:
    """Archiving is on again, so that the source does not show any more that a guarded harvest has ended."""
    monkeypatch.setattr(_memory_between_tries, "first_start_of", lambda context: T0)
    timeline = [*whole_job("one", 60), *whole_job("two", 2 * HOUR)]
    task = Guarded(monkeypatch, timeline, store=Store() if store else None, deferrable=False)
    task.dies_after_release = True
    with pytest.raises(Killed):
        task.try_()
    task.dies_after_release = False
    task.clock.advance(600)

    assert task.try_() == "success", task.message
    assert (task.result["job_id"], len(task.requested_at), task.is_as_before) == ("one", 1, True)


def test_a_retry_takes_any_harvest_of_a_source_whose_owner_has_switched_archiving_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_memory_between_tries, "first_start_of", lambda context: T0)
    task = Guarded(monkeypatch, [*whole_job("mine", 60), *outage(90, 2 * HOUR)], deferrable=False, max_poll_failures=2)
    task.client.portal.life.change(autoarchive=False)
    assert task.try_() == "HarvestPortalUnreachable"
    task.clock.advance(T0 + 2.5 * HOUR - task.clock.now())

    assert task.try_() == "success", task.message
    assert (task.result["job_id"], len(task.requested_at)) == ("mine", 1)


@pytest.mark.parametrize("has_right", [True, False], ids=["refused when it is requested", "known to be refused"])
def test_of_the_portals_own_harvests_none_counts_that_began_before(
    monkeypatch: pytest.MonkeyPatch, has_right: bool
) -> None:
    """`after` is in the past, and a harvest has ended since then, with archiving on."""
    task = Guarded(
        monkeypatch,
        [*whole_job("before", -HOUR), *whole_job("next", 22 * HOUR)],
        on_run_refused="wait",
        after=instant(T0 - 2 * HOUR),
        may_run=False,
    )
    if not has_right:
        task.client.portal.life.change(permissions={"run": False})
    assert task.try_() == "success", task.message
    assert (task.result["job_id"], task.archives["next"], task.is_as_before) == ("next", False, True)


def test_a_harvest_of_the_portal_counts_that_begins_right_after_archiving_is_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The task then takes some seconds to read whether its line has stayed."""
    timeline = [*whole_job("right after", 1.0), *whole_job("next", 22 * HOUR)]
    task = Guarded(monkeypatch, timeline, on_run_refused="wait", after=instant(T0 - 2 * HOUR), may_run=False)
    task.client.portal.life.change(permissions={"run": False})
    assert task.try_() == "success", task.message
    assert (task.result["job_id"], task.archives["right after"]) == ("right after", False)


def test_a_time_to_come_still_says_which_of_the_portals_harvests_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    timeline = [*whole_job("by hand", 5 * HOUR), *whole_job("next", 22 * HOUR)]
    task = Guarded(monkeypatch, timeline, on_run_refused="wait", after=instant(T0 + 10 * HOUR), may_run=False)
    assert task.try_() == "success", task.message
    assert task.result["job_id"] == "next"


def test_a_retry_takes_the_portals_own_harvest_that_began_since_the_first_try_switched_archiving_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    timeline = [*outage(HOUR, 23 * HOUR), *whole_job("next", 22 * HOUR)]
    task = Guarded(
        monkeypatch,
        timeline,
        store=Store(),
        on_run_refused="wait",
        may_run=False,
        deferrable=False,
        max_poll_failures=0,
    )
    assert task.try_() == "HarvestPortalUnreachable"
    task.clock.advance(T0 + 24 * HOUR - task.clock.now())

    assert task.try_() == "success", task.message
    assert (task.result["job_id"], task.archives["next"]) == ("next", False)


def test_a_harvest_that_begins_right_before_archiving_is_off_is_let_end(monkeypatch: pytest.MonkeyPatch) -> None:
    task = Guarded(monkeypatch, [*whole_job("mine", HOUR)], deferrable=False)
    life, begin = task.client.portal.life, guarded_run.begin
    begun: list[int] = []

    def begin_late(client: HarvestClient, source_id: str) -> datetime | None:
        if not begun:
            begun.append(1)
            life.put_job("cron", task.clock.now())
            task.client.portal._coming.append((task.clock.now() - T0 + 300, life, job_ends("cron")))
            task.client.portal._coming = type(task.client.portal._coming)(
                sorted(task.client.portal._coming, key=lambda entry: entry[0])
            )
        return begin(client, source_id)

    monkeypatch.setattr(guarded_run, "begin", begin_late)
    assert task.try_() == "success", task.message
    assert (task.result["job_id"], task.archives) == ("mine", {"cron": True, "mine": False})
    assert task.is_as_before


@pytest.mark.parametrize(
    "autoarchive, said",
    [(True, "archiving is on again, by an earlier try of this task or by a person"), (False, "its owner has switched")],
)
def test_a_harvest_that_could_not_be_compared_is_said_to_be_so(
    monkeypatch: pytest.MonkeyPatch, autoarchive: bool, said: str
) -> None:
    """Somebody changes the source while it is harvested."""
    changed = (90.0, source_changes(autoarchive=autoarchive, description="Data of the town."))
    task = Guarded(monkeypatch, [*whole_job("mine", 60), changed], deferrable=False)
    assert task.try_() == "success", task.message
    assert any("was not compared with the portal" in line and said in line for line in one_line(task.lines))
    assert task.result["guard"]["compared"] is False
    assert said in task.result["guard"]["reason"]


@pytest.mark.parametrize(
    "is_due, timeline",
    [
        pytest.param(False, whole_job("one", 60), id="one harvest"),
        pytest.param(True, [*whole_job("one", 60), *whole_job("two", HOUR)], id="the second harvest archives"),
    ],
)
def test_a_harvest_that_was_compared_is_said_to_be_so(
    monkeypatch: pytest.MonkeyPatch, is_due: bool, timeline: list[Any]
) -> None:
    task = Guarded(monkeypatch, timeline, is_due=is_due, deferrable=False)
    assert task.try_() == "success", task.message
    assert task.result["guard"] == {"compared": True, "reason": None}
    assert len(task.requested_at) == 1 + is_due


def one_line(lines: list[str]) -> list[str]:
    return [" ".join(" ".join(lines).split())]


# --- the second harvest, which archives what is due --------------------------------------------------------------

BLOCKED_SECOND = [
    *whole_job("one", 60), (125, job_appears("other")), (1000, job_ends("other")), *whole_job("two", 1200),
    *whole_job("three", 2400), *whole_job("four", 3600),
]  # fmt: skip


@pytest.mark.parametrize("store", [True, False], ids=["3.3", "below"])
@pytest.mark.parametrize("deferrable", [False, True], ids=["on the worker", "deferred"])
def test_second_harvest_that_another_job_blocks_is_not_followed_by_a_third(
    monkeypatch: pytest.MonkeyPatch, deferrable: bool, store: bool
) -> None:
    task = Guarded(monkeypatch, BLOCKED_SECOND, is_due=True, deferrable=deferrable, store=Store() if store else None)
    assert task.try_() == "success", task.message
    assert (len(task.requested_at), task.result["job_id"]) == (2, "two")
    assert (task.archives["one"], task.archives["two"]) == (False, True)


def test_retry_of_a_second_harvest_requests_that_one_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """The portal cannot be reached when it is requested."""
    timeline = [*whole_job("one", 60), *whole_job("two", 2 * HOUR)]
    task = Guarded(monkeypatch, timeline, is_due=True, store=Store(), deferrable=False)
    with monkeypatch.context() as patch:
        run_source, sent = task.client.run_source, []

        def run_once(source_id: str) -> Any:
            sent.append(1)
            if len(sent) > 1:
                raise unreachable()
            return run_source(source_id)

        patch.setattr(task.client, "run_source", run_once)
        assert task.try_() == "HarvestConnectionError"
    assert task.is_as_before
    assert task.try_() == "success", task.message
    assert (task.result["job_id"], task.archives) == ("two", {"one": False, "two": True})


def test_retry_after_a_second_harvest_that_failed_is_guarded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = [(300.0, job_appears("two")), (360.0, job_ends("two", "failed", REFUSED))]
    task = Guarded(
        monkeypatch, [*whole_job("one", 60), *failed, *whole_job("three", HOUR), *whole_job("four", 2 * HOUR)],
        is_due=True, store=Store(), deferrable=False,
    )  # fmt: skip
    assert task.try_() == "HarvestOutcomeRejected"
    assert task.try_() == "success", task.message
    assert task.archives == {"one": False, "two": True, "three": False, "four": True}
