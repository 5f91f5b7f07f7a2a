"""Archiving is on again if no harvest follows that a guarded run began to hold its source for; no other hold ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.exceptions import (
    HarvestAuthError,
    HarvestError,
    HarvestNotFound,
    HarvestRateLimited,
    HarvestRedirected,
    HarvestRequestRejected,
)
from airflow_provider_harvest.portal.guard import guarded_run
from tests.support.fake_portal.scripted import (
    SOURCE_ID,
    job_appears,
    source_changes,
    unreachable,
    whole_job,
)
from tests.support.guarded_task import Guarded, Killed
from tests.support.task_life import Store

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_harvest.portal.client import HarvestClient


def refusal(status: int) -> HarvestError:
    kind = HarvestAuthError if status in (401, 403) else HarvestRequestRejected
    return kind("Refused.", status_code=status)


REFUSALS = [
    pytest.param(refusal(400), "fail", "failed", id="400"),
    pytest.param(refusal(401), "fail", "failed", id="401"),
    pytest.param(refusal(401), "wait", "failed", id="401, and would wait for the portal"),
    pytest.param(refusal(403), "fail", "failed", id="403"),
    pytest.param(HarvestNotFound("No such source.", status_code=404), "fail", "failed", id="404"),
    pytest.param(HarvestRedirected("Moved."), "fail", "failed", id="redirected"),
    pytest.param(unreachable(), "fail", "HarvestConnectionError", id="not sent"),
    pytest.param(HarvestRateLimited("Later.", status_code=429), "fail", "HarvestRateLimited", id="429"),
]


@pytest.mark.parametrize("error, on_run_refused, end", REFUSALS)
def test_archiving_is_on_again_if_the_request_was_certainly_not_carried_out(
    monkeypatch: pytest.MonkeyPatch, error: HarvestError, on_run_refused: str, end: str
) -> None:
    task = Guarded(monkeypatch, [], store=Store(), on_run_refused=on_run_refused)
    task.refuse(monkeypatch, error)
    assert task.try_() == end
    assert (task.client.count("run"), task.is_as_before) == (1, True)


def test_archiving_is_never_off_if_the_portal_has_no_schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    task = Guarded(monkeypatch, [], store=Store(), on_run_refused="wait", may_run=False)
    task.client.portal.life.change(schedule=None)
    assert task.try_() == "failed"
    assert "no schedule" in task.message
    assert task.is_as_before


def test_archiving_is_on_again_if_the_request_could_not_be_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    class Away(Store):
        def set(self, key: str, value: Any, **kept: Any) -> None:
            if value.get("asked_at"):
                raise ConnectionError("Airflow's API is away.")
            super().set(key, value, **kept)

    task = Guarded(monkeypatch, [], store=Away())
    assert task.try_() == "ConnectionError"
    assert (task.client.count("run"), task.is_as_before) == (0, True)


@pytest.mark.parametrize(
    "back", [0.0, 0.9], ids=["one clock", "the portal's clock, known to the second, seems to go back"]
)
def test_a_retry_that_is_refused_ends_what_a_killed_try_has_switched_off(
    monkeypatch: pytest.MonkeyPatch, back: float
) -> None:
    task = Guarded(monkeypatch, [], store=Store())
    with monkeypatch.context() as patch:
        begin, portal_now = guarded_run.begin, task.client.portal_now

        def die(*given: Any) -> None:
            patch.setattr(task.client, "portal_now", lambda: portal_now() - back)
            begin(*given)
            raise Killed

        patch.setattr(guarded_run, "begin", die)
        with pytest.raises(Killed):
            task.try_()
    assert task.is_held
    task.client.portal.life.change(active=False)
    assert task.try_() == "failed"
    assert task.is_as_before


@pytest.mark.parametrize("deferrable", [False, True], ids=["on the worker", "deferred"])
def test_archiving_is_on_again_if_the_source_is_switched_off_before_a_harvest(
    monkeypatch: pytest.MonkeyPatch, deferrable: bool
) -> None:
    task = Guarded(monkeypatch, [(300, source_changes(active=False))], deferrable=deferrable)
    assert task.try_() == "failed"
    assert "inactive" in task.message
    assert task.is_as_before


def test_another_tasks_hold_is_left_alone_while_its_harvest_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    task = Guarded(monkeypatch, [(-60, job_appears("theirs"))], if_running="fail")
    guarded_run.begin(task.client, SOURCE_ID)
    assert task.try_() == "HarvestSourceBusy"
    assert task.is_held


@pytest.mark.parametrize("is_later", [True, False], ids=["whose line came later", "whose line came first"])
def test_a_task_that_is_refused_ends_no_hold_of_another_of_the_same_second(
    monkeypatch: pytest.MonkeyPatch, is_later: bool
) -> None:
    """Both read that archiving is on, and write a line; the other's harvest follows, or it gives up by itself."""
    task = Guarded(monkeypatch, [], store=Store())
    life, begin = task.client.portal.life, guarded_run.begin

    def begin_at_one_time(client: HarvestClient, source_id: str) -> Any:
        given = begin(client, source_id)
        if is_later:
            life.change(autoarchive=True)
            task.clock.advance(0.3)
            begin(client, source_id)
        return given

    monkeypatch.setattr(guarded_run, "begin", begin_at_one_time)
    if not is_later:
        begin(task.client, SOURCE_ID)
        task.clock.advance(0.3)
    task.refuse(monkeypatch, refusal(400))
    with monkeypatch.context() as patch:
        patch.setattr(task.client, "recent_jobs", _then_dies(task.client.recent_jobs, 3))
        with pytest.raises(Killed):
            task.try_()
    assert (task.client.count("run"), task.is_held) == (0, True)


def _then_dies(read: Any, times: int) -> Any:
    """Return the reads of a task that is killed at the last of so many."""
    left = [times]

    def reading(*given: Any, **named: Any) -> Any:
        left[0] -= 1
        if not left[0]:
            raise Killed
        return read(*given, **named)

    return reading


def test_a_task_that_waits_for_another_guarded_one_holds_the_source_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other was refused, and has ended its hold."""
    task = Guarded(monkeypatch, whole_job("mine", 60), store=Store(), deferrable=False)
    guarded_run.begin(task.client, SOURCE_ID)
    portal = task.client.portal
    portal._coming.appendleft((5.0, portal.life, lambda life: guarded_run.give_up(task.client, SOURCE_ID)))
    assert task.try_() == "success", task.message
    assert (task.archives, task.is_as_before, task.requested_at[0] > 5) == ({"mine": False}, True, True)


def test_a_retry_ends_no_hold_that_no_try_of_its_task_began(monkeypatch: pytest.MonkeyPatch) -> None:
    task = Guarded(monkeypatch, [(0, job_appears("theirs"))], store=Store(), if_running="fail")
    task.client.portal.life.change(active=False)
    with monkeypatch.context() as patch:
        patch.setattr(task.client, "list_backends", _then_dies(None, 1))
        with pytest.raises(Killed):
            task.try_()
    task.client.portal.life.change(active=True)
    guarded_run.begin(task.client, SOURCE_ID)
    task.client.portal.life.change(active=False)
    assert task.try_() == "failed"
    assert task.is_held


def test_archiving_stays_off_while_a_harvest_may_follow(monkeypatch: pytest.MonkeyPatch) -> None:
    task = Guarded(monkeypatch, [], store=Store())
    assert task.try_() == "HarvestJobNotStarted"
    assert task.is_held


# --- what the log says while archiving is off ---------------------------------------------------------------------


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """Gives the log of what holds the source, as one line."""
    caplog.set_level("INFO", "airflow_provider_harvest")
    return lambda: " ".join(" ".join(caplog.messages).split())


OFF = f"Source {SOURCE_ID}: autoarchive is off, so that the portal archives nothing of it."
WHAT_TO_DO = (
    "The next guarded run of this source that ends well switches it on (also a retry of this task), or the guard in "
    "mode hold after the next harvest."
)


def test_a_hold_that_cannot_be_ended_is_said_to_last(
    monkeypatch: pytest.MonkeyPatch, logged: Callable[[], str]
) -> None:
    """The request is refused, and then the change of the source."""
    task = Guarded(monkeypatch, [], store=Store())
    update = task.client.update_source

    def refuse_second(source_id: str, **changes: Any) -> Any:
        if changes.get("autoarchive"):
            raise refusal(403)
        return update(source_id, **changes)

    monkeypatch.setattr(task.client, "update_source", refuse_second)
    task.refuse(monkeypatch, refusal(400))
    assert task.try_() == "failed"
    assert task.is_held
    assert f"{OFF} It could not be switched on again: Refused." in logged()
    assert f"{WHAT_TO_DO} To do it now, switch it on by hand: {task.client.source_url(SOURCE_ID)}" in logged()


@pytest.mark.parametrize("is_read", [True, False], ids=["it can be read", "it cannot be read"])
def test_a_harvest_that_cannot_be_compared_leaves_archiving_off_and_says_so(
    monkeypatch: pytest.MonkeyPatch, logged: Callable[[], str], is_read: bool
) -> None:
    task = Guarded(monkeypatch, whole_job("mine", 60), store=Store(), deferrable=True)

    def fail(*given: Any, **named: Any) -> None:
        if not is_read:
            monkeypatch.setattr(task.client, "get_source", fail)
        raise refusal(403)

    monkeypatch.setattr(guarded_run, "check_loss", fail)
    assert task.try_() == "failed"
    said = OFF if is_read else OFF.replace("is off", "may be off")
    assert f"{said} The harvest could not be compared with the portal. {WHAT_TO_DO}" in logged()


@pytest.mark.parametrize("deferrable", [False, True], ids=["on the worker", "deferred"])
def test_a_wait_that_ends_before_its_harvest_says_that_archiving_is_off(
    monkeypatch: pytest.MonkeyPatch, logged: Callable[[], str], deferrable: bool
) -> None:
    task = Guarded(monkeypatch, [], store=Store(), deferrable=deferrable)
    assert task.try_() == "HarvestJobNotStarted"
    assert f"{OFF} A harvest that must be compared may still follow. {WHAT_TO_DO}" in logged()


def test_nothing_is_said_of_a_source_whose_owner_has_switched_archiving_off(
    monkeypatch: pytest.MonkeyPatch, logged: Callable[[], str]
) -> None:
    task = Guarded(monkeypatch, [], store=Store())
    task.client.portal.life.change(autoarchive=False)
    assert task.try_() == "HarvestJobNotStarted"
    assert "autoarchive" not in logged()


def test_nothing_is_said_of_a_source_that_is_gone(monkeypatch: pytest.MonkeyPatch, logged: Callable[[], str]) -> None:
    task = Guarded(monkeypatch, [], store=Store())
    task.refuse(monkeypatch, refusal(400))
    monkeypatch.setattr(guarded_run, "give_up", _gone)
    assert task.try_() == "failed"
    assert "could not be switched on" not in logged()


def _gone(*given: Any) -> None:
    raise HarvestNotFound("There is no such source.", status_code=404)


@pytest.mark.parametrize(
    "is_cleared", [True, False], ids=["of the same task, before it was cleared", "of another task"]
)
def test_the_wait_for_the_harvest_of_another_hold_is_explained_once(
    monkeypatch: pytest.MonkeyPatch, logged: Callable[[], str], is_cleared: bool
) -> None:
    """The former request may be in the portal's queue still: two harvests at one time duplicate datasets."""
    task = Guarded(monkeypatch, whole_job("mine", 400), store=Store(), deferrable=False)
    if is_cleared:
        with monkeypatch.context() as patch:
            patch.setattr(task.client, "run_source", _then_dies(None, 1))
            with pytest.raises(Killed):
                task.try_()
        task.clear()
        task.clock.advance(30)
    else:
        guarded_run.begin(task.client, SOURCE_ID)
        task.clock.advance(32)
    assert task.try_() == "success", task.message
    assert logged().count("for a harvest that does not show yet") == 1
    assert "autoarchive was switched off 32 s ago" in logged()
    assert "Waiting for that harvest, for 1 min at most." in logged()
    assert task.requested_at[-1] >= 120
