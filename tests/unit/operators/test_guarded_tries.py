"""A guarded run, try after try: only a harvest that began while archiving was off is compared, and it is on again if
none follows.

The portal is imitated, its `autoarchive` is switched as on a real one, and the comparison finds a usual loss.
"""

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
from airflow_provider_harvest.operators import _memory_between_tries, _run_try
from airflow_provider_harvest.portal.guard import guarded_run
from airflow_provider_harvest.portal.guard.hold_and_release import is_held, release
from tests.support.fake_portal.scripted import (
    SOURCE_ID,
    T0,
    SourceLife,
    instant,
    job_appears,
    job_ends,
    outage,
    source_changes,
    unreachable,
    whole_job,
)
from tests.support.task_life import Store, Task, run_operator
from tests.support.task_stories import HOUR, REFUSED

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_provider_harvest.portal.client import HarvestClient
    from tests.support.fake_portal.scripted import Timeline


CHECK_LOSS = guarded_run.check_loss


class Killed(BaseException):
    """SIGKILL: nothing of the task runs on."""


class Guarded(Task):
    """A task whose run is guarded.

    :param is_due: whether a second harvest would archive something.
    """

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        timeline: Timeline,
        *,
        store: Store | None = None,
        is_due: bool = False,
        may_run: bool = True,
        **arguments: Any,
    ) -> None:
        #: For each job whether the portal archived when it began, in the order of their beginnings.
        self.archives: dict[str, bool] = {}
        self._is_due = is_due
        self.dies_after_release = False
        #: What Airflow's audit log holds of the task.
        self.compared: list[str] = []
        monkeypatch.setattr(_run_try, "note_compared_job", lambda context, source, job: self.compared.append(job))
        monkeypatch.setattr(_run_try, "compared_job_of", lambda *given: next(reversed(self.compared), None))
        put_job = SourceLife.put_job

        def noting(life: SourceLife, job_id: str, *given: Any, **named: Any) -> None:
            self.archives[job_id] = life.source.autoarchive is not False
            put_job(life, job_id, *given, **named)

        monkeypatch.setattr(SourceLife, "put_job", noting)
        monkeypatch.setattr(guarded_run, "check_loss", self._check_loss)
        super().__init__(monkeypatch, timeline, run_operator(**{"guard": True, **arguments}), store=store)
        self.client.state.manual_run = may_run
        self.client.portal.life.change(description="Data of the town.")

    def _check_loss(self, client: HarvestClient, source_id: str, *given: Any, **named: Any) -> guarded_run.LossCheck:
        if not is_held(client.get_source(source_id)):
            return CHECK_LOSS(client, source_id, *given, **named)
        if not self._is_due:
            named["before_release"]()
        release(client, source_id, accept=False)
        if self.dies_after_release:
            raise Killed
        return guarded_run.LossCheck(is_due=self._is_due)

    @property
    def is_as_before(self) -> bool:
        """Whether archiving is on, and the description has no line of the guard."""
        source = self.client.portal.life.source
        return (source.autoarchive, source.description) == (True, "Data of the town.")

    @property
    def is_held(self) -> bool:
        return is_held(self.client.portal.life.source)

    @property
    def requested_at(self) -> list[int]:
        """When harvests were requested, in seconds."""
        return [round(at - T0) for at in self.client.times_of("run")]

    def refuse(self, monkeypatch: pytest.MonkeyPatch, error: HarvestError) -> None:
        """Let every request for a harvest fail so."""

        def fail(source_id: str) -> None:
            self.client.note("run")
            raise error

        monkeypatch.setattr(self.client, "run_source", fail)


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


# --- archiving is on again if no harvest follows -----------------------------------------------------------------


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
