"""Airflow stops a run: the log says what happens to the harvest, whatever the task is waiting for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.operators import _memory_between_tries, _task_wait
from tests.support.fake_portal.scripted import SOURCE_ID, T0, FakeClock, job_appears, job_ends, unreachable, whole_job
from tests.support.guarded_task import Guarded
from tests.support.task_life import Store, Task, run_operator
from tests.support.task_stories import HOUR

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.fake_portal.scripted import Timeline

PAGE = "https://portal.example/api/1/harvest/job"
OTHER = [(-60.0, job_appears("theirs")), (3 * HOUR, job_ends("theirs"))]
UNREQUESTED = "No harvest was requested."
OWN = f"The harvest continues: udata cannot cancel one. See {PAGE}/mine/"


class Stopped(BaseException):
    """Airflow has called the task's handler, and kills it."""


class Stopping:
    """Airflow, which stops a task.

    :param task: the task.
    :param at: when, in seconds.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, task: Task, at: float) -> None:
        self.made: list[Any] = []
        make, sleep = task._make, FakeClock.sleep
        task._make = lambda: self.made.append(make()) or self.made[-1]

        def sleep_or_stop(clock: FakeClock, seconds: float) -> None:
            sleep(clock, seconds)
            if clock.now() >= T0 + at:
                self.stop()

        monkeypatch.setattr(FakeClock, "sleep", sleep_or_stop)

    def stop(self) -> None:
        self.made[-1].on_kill()
        self.made[-1].on_kill()  # a warm shutdown of a worker calls this twice, and the task may continue
        raise Stopped


class StoppedTask(Task):
    """A task that Airflow stops.

    :param at: when, in seconds.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, timeline: Timeline, at: float, **arguments: Any) -> None:
        super().__init__(monkeypatch, timeline, run_operator(**{"deferrable": False, **arguments}), store=Store())
        self.stop = Stopping(monkeypatch, self, at).stop


@pytest.mark.parametrize(
    "timeline, arguments, said",
    [
        pytest.param(OTHER, {}, UNREQUESTED, id="another job is let end first"),
        pytest.param(
            OTHER, {"if_running": "attach"}, f"continues: udata cannot cancel one. See {PAGE}/theirs/", id="attached"
        ),
        pytest.param(
            [], {"on_run_refused": "wait"}, "those that the portal starts by itself", id="waits for the portal"
        ),
        pytest.param([], {}, "continues: udata cannot cancel one. Its job was not yet known.", id="no job yet"),
        pytest.param(whole_job("mine", 60, 9 * HOUR), {}, OWN, id="its own job runs"),
    ],
)
def test_the_log_says_once_what_happens_to_the_harvest(
    monkeypatch: pytest.MonkeyPatch, timeline: Timeline, arguments: dict[str, Any], said: str
) -> None:
    task = StoppedTask(monkeypatch, timeline, 600, **arguments)
    task.client.state.manual_run = "on_run_refused" not in arguments
    with pytest.raises(Stopped):
        task.try_()
    [line] = [line for line in task.lines if line.startswith("Airflow stopped this task.")]
    assert said in line
    assert "theirs" not in line or "attach" in str(arguments)


def test_a_harvest_that_has_ended_does_not_continue(monkeypatch: pytest.MonkeyPatch) -> None:
    """The portal is away when it is to be judged."""
    monkeypatch.setattr(_task_wait, "conclude", raising(unreachable()))
    task = StoppedTask(monkeypatch, whole_job("mine", 60), 600)
    with pytest.raises(Stopped):
        task.try_()
    assert any(line.endswith(f"The harvest has ended. See {PAGE}/mine/") for line in task.lines)


def raising(error: Exception) -> Callable[..., Any]:
    def fail(*given: Any, **named: Any) -> Any:
        raise error

    return fail


def test_a_retry_that_is_stopped_at_once_knows_what_an_earlier_try_requested(monkeypatch: pytest.MonkeyPatch) -> None:
    task = StoppedTask(monkeypatch, whole_job("mine", 60, 9 * HOUR), 600)
    with pytest.raises(Stopped):
        task.try_()
    monkeypatch.setattr(task.client, "get_source", lambda *given, **named: task.stop())
    with pytest.raises(Stopped):
        task.try_()
    assert any(line.endswith(OWN) for line in task.lines)


def test_a_task_that_has_not_begun_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    task = StoppedTask(monkeypatch, [], 600)
    monkeypatch.setattr(_memory_between_tries, "TaskMemory", lambda *given: task.stop())
    with pytest.raises(Stopped):
        task.try_()
    assert any(line.endswith(UNREQUESTED) for line in task.lines)


@pytest.mark.parametrize("if_running", ["attach", "wait"])
def test_the_page_of_a_job_that_is_known_from_the_start_is_linked_while_it_runs(
    monkeypatch: pytest.MonkeyPatch, if_running: str
) -> None:
    """Not that of a job which only blocks the request."""
    task = StoppedTask(monkeypatch, OTHER, 600, if_running=if_running)
    with pytest.raises(Stopped):
        task.try_()
    pages = [value for value in task.xcoms.values() if isinstance(value, str) and f"{PAGE}/theirs/" in value]
    assert bool(pages) is (if_running == "attach")


# --- a guarded run ---------------------------------------------------------------------------------------------------

SOURCE_PAGE = f"https://portal.example/api/1/harvest/source/{SOURCE_ID}/"
RUNNING = whole_job("mine", 60, 9 * HOUR)


def warned(caplog: pytest.LogCaptureFixture) -> str:
    """What the log says of autoarchive as a warning, in one line."""
    said = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    return " ".join(" ".join(said).split())


@pytest.mark.parametrize(
    "timeline, arguments, said",
    [
        pytest.param(RUNNING, {}, "autoarchive is off", id="while its harvest runs"),
        pytest.param([], {}, "autoarchive is off", id="before its job is known"),
        pytest.param(whole_job("mine", 60), {"deferrable": True}, "autoarchive may be off", id="after it was deferred"),
        pytest.param([], {"on_run_refused": "wait"}, "autoarchive is off", id="waits for the portal"),
        pytest.param(OTHER, {}, "", id="another job is let end first"),
        pytest.param(RUNNING, {"guard": None}, "", id="not guarded"),
    ],
)
def test_a_guarded_run_says_that_archiving_is_off(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    timeline: Timeline,
    arguments: dict[str, Any],
    said: str,
) -> None:
    """Who stops or clears a task reads what is off, until when, and where to switch it on."""
    may_run = "on_run_refused" not in arguments
    task = Guarded(monkeypatch, timeline, **{"deferrable": False, "may_run": may_run, **arguments})
    stopping = Stopping(monkeypatch, task, 600)
    monkeypatch.setattr(_task_wait, "conclude", lambda *given, **named: stopping.stop())
    with pytest.raises(Stopped):
        task.try_()
    assert task.is_held is bool(said)
    text = warned(caplog)
    assert said in text
    assert text.count("autoarchive") == bool(said)
    assert text.count("The next guarded run of this source that ends well switches it on") == bool(said)
    assert text.count(f"switch it on by hand: {SOURCE_PAGE}") == bool(said)


def test_a_retry_that_is_stopped_says_what_an_earlier_try_has_switched_off(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    task = Guarded(monkeypatch, RUNNING, deferrable=False, store=Store())
    Stopping(monkeypatch, task, 600)
    for _ in range(2):
        caplog.clear()
        with pytest.raises(Stopped):
            task.try_()
        assert warned(caplog).count("off, so that the portal archives nothing of it") == 1


@pytest.mark.parametrize(
    "is_due, owner",
    [
        pytest.param(False, {}, id="compared, and about to be delivered"),
        pytest.param(True, {}, id="the second harvest archives"),
        pytest.param(False, {"autoarchive": False}, id="off by its owner"),
    ],
)
def test_a_guarded_run_says_nothing_of_archiving_that_it_has_not_left_off(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, is_due: bool, owner: dict[str, Any]
) -> None:
    task = Guarded(
        monkeypatch, [*whole_job("one", 60), *whole_job("two", 400, 9 * HOUR)], is_due=is_due, deferrable=False
    )
    task.client.portal.life.change(**owner)
    stopping = Stopping(monkeypatch, task, HOUR)
    monkeypatch.setattr(_task_wait, "push_result", lambda *given: stopping.stop())
    with pytest.raises(Stopped):
        task.try_()
    assert not task.is_held
    assert "so that the portal archives nothing" not in warned(caplog)
