"""How often a young task polls on its worker: small harvests end then, but a portal in trouble gets time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.fake_portal.scripted import Timeline, outage, server_error, whole_job
from tests.support.task_life import Task, run_operator
from tests.support.task_stories import HOUR

if TYPE_CHECKING:
    from airflow_provider_harvest.exceptions import HarvestError


def away(error: HarvestError | None = None) -> Timeline:
    """A harvest that is requested, after which the portal responds with an error for a minute."""
    return [*whole_job("job", 1, 600), *outage(3, 60, error)]


@pytest.mark.parametrize(
    "timeline, arguments, pauses",
    [
        pytest.param(whole_job("job", 1, 600), {}, [1, *[2] * 10, 60, 60], id="often for twenty seconds"),
        pytest.param(away(), {}, [1, 2, 60], id="the portal is away"),
        pytest.param(away(server_error(503, 90)), {}, [1, 2, 90], id="the portal wants a pause"),
        pytest.param(
            whole_job("job", 5 * HOUR), {"on_run_refused": "wait", "poll_interval": 600}, [600], id="its run is far off"
        ),
    ],
)
def test_pauses_between_the_first_polls(
    monkeypatch: pytest.MonkeyPatch, timeline: Timeline, arguments: dict[str, Any], pauses: list[float]
) -> None:
    make = run_operator(deferrable=False, **arguments)
    task = Task(monkeypatch, timeline, make, has_key="on_run_refused" not in arguments)
    assert task.try_() == "success", task.message
    assert task.clock.slept[: len(pauses)] == pauses
