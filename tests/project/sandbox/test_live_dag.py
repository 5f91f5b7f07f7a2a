"""A DAG that the demo runs in a running Airflow: started once it is known, followed to its end, or given up."""

from __future__ import annotations

import io
import time
import urllib.error
from email.message import Message
from pathlib import Path
from typing import Any

import pytest

from sandbox import live_dag


class Server:
    """An Airflow that does not know the DAG at first, whose run has these states, one a check."""

    home = Path("/nowhere")

    def __init__(self, states: list[str], unknown_for: int = 0) -> None:
        self._states = states
        self._unknown_for = unknown_for
        self.started = 0

    def api(self, method: str, path: str, body: Any = None) -> Any:
        if method == "PATCH":
            self._unknown_for -= 1
            if self._unknown_for >= 0:
                raise urllib.error.HTTPError(path, 404, "unknown", Message(), io.BytesIO())
            return {}
        if method == "POST":
            self.started += 1
            return {"dag_run_id": "manual__2026-01-01T00:00:00+00:00"}
        if "/xcomEntries/harvest_result" in path:
            if "/harvest/" not in path:
                raise urllib.error.HTTPError(path, 404, "none", Message(), io.BytesIO())
            return {"value": '{"job_id": "1"}'}
        if path.endswith("/taskInstances"):
            state = self._states[0]
            return {"task_instances": [{"task_id": "check", "state": state}, {"task_id": "harvest", "state": state}]}
        return {"state": self._states.pop(0) if len(self._states) > 1 else self._states[0]}


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a pause take no time, and the clock continue by it."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))


@pytest.mark.parametrize("end", ["success", "failed"])
def test_a_dag_is_started_once_it_is_known_and_followed_to_its_end(end: str) -> None:
    server: Any = Server(["queued", "running", "running", end], unknown_for=3)
    begun: list[str] = []
    outcome = live_dag.run_dag(server, "towns", begun.append)
    assert (outcome.state, server.started) == (end, 1)
    assert outcome.tasks == {"check": end, "harvest": end}
    assert outcome.xcoms == {("harvest", "harvest_result"): {"job_id": "1"}}
    assert begun == ["check", "harvest"], "each task is named once"


@pytest.mark.parametrize(
    "states, unknown_for, what",
    [(["running"], 0, "The run of towns"), (["success"], 10_000, "dags/towns")],
    ids=["never ends", "never appears"],
)
def test_what_does_not_come_to_an_end_is_given_up(states: list[str], unknown_for: int, what: str) -> None:
    server: Any = Server(states, unknown_for)
    with pytest.raises(TimeoutError, match=what):
        live_dag.run_dag(server, "towns")
