"""However a task waits, it says the same: one table of stories, each lived through in every mode on a fake clock.

Modes: the run operator on the worker and deferred, the sensor poking, rescheduled and deferred; the deferred ones go
through the real trigger, with its arguments and its event as JSON. Airflow's own loop of sensors runs for real.
"""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_harvest.portal.outcome.summary import summary_lines
from airflow_provider_harvest.portal.text.words import LOG_WIDTH, log_lines
from tests.support.task_life import Life
from tests.support.task_stories import RUN_MODES, SENSOR_MODES, STORIES, Story


@pytest.mark.parametrize("soft_fail", [False, True], ids=["hard", "soft"])
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_every_mode_says_the_same(monkeypatch: pytest.MonkeyPatch, story: Story, soft_fail: bool) -> None:
    ends, results, logged = {}, {}, {}
    modes = SENSOR_MODES if soft_fail else (*RUN_MODES, *SENSOR_MODES)
    for mode in modes:
        life = Life(mode, story, soft_fail, monkeypatch)
        ends[mode] = life.lead()
        results[mode] = {**life.xcoms.get("harvest_result", {}), "how": None}
        logged[mode] = life.lines
        assert bool(life.message) is (ends[mode] != "success")
        assert len([line for line in life.message.splitlines() if not line.startswith("  ")]) <= 10
        assert all(len(line) <= LOG_WIDTH for line in [*life.message.splitlines(), *life.lines])

    assert ends == {mode: story.end(mode, soft_fail) for mode in modes}
    assert all(result == results[modes[0]] for result in results.values())
    if len(results[modes[0]]) > 1:  # there is one: reported once, by the log or by the exception
        result: Any = {**results[modes[0]], "how": "started"}
        summary = log_lines("\n".join(summary_lines(result)))
        told = summary if ends[modes[0]] == "success" else []
        assert {mode: [line for line in lines if line in summary] for mode, lines in logged.items()} == dict.fromkeys(
            modes, told
        )
