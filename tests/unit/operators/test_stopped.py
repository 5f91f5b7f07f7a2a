"""Airflow stops a run: the log says what happens to the harvest, whatever the task is waiting for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.operators import _memory_between_tries, _task_wait
from tests.support.fake_portal.scripted import T0, FakeClock, job_appears, job_ends, unreachable, whole_job
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


class StoppedTask(Task):
    """A task that Airflow stops.

    :param at: when, in seconds.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, timeline: Timeline, at: float, **arguments: Any) -> None:
        self.made: list[Any] = []
        make = run_operator(**{"deferrable": False, **arguments})
        super().__init__(monkeypatch, timeline, lambda: self.made.append(make()) or self.made[-1], store=Store())
        self.stop_at = at
        sleep = FakeClock.sleep

        def sleep_or_stop(clock: FakeClock, seconds: float) -> None:
            sleep(clock, seconds)
            if clock.now() >= T0 + self.stop_at:
                self.stop()

        monkeypatch.setattr(FakeClock, "sleep", sleep_or_stop)

    def stop(self) -> None:
        self.made[-1].on_kill()
        self.made[-1].on_kill()  # a warm shutdown of a worker calls this twice, and the task may continue
        raise Stopped


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
