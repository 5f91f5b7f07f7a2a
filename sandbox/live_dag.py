"""Runs a DAG in an Airflow that is running, by its API, and reads its result; for the demo."""

from __future__ import annotations

import json
import time
import urllib.error
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sandbox.airflow_home import DagOutcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.airflow_server import AirflowServer

#: Seconds that a run may take, and that the DAG processor may take to read the file before.
_LONGEST = 600.0
_ENDED = {"success", "failed"}
_BEGUN = {"running", "deferred", "success", "failed"}
#: What SQLite says while all components write to it, and Airflow of a DAG that it has not read yet.
_PASSING = {HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT}


def run_dag(server: AirflowServer, dag_id: str, on_task: Callable[[str], object] = lambda task: None) -> DagOutcome:
    """Start a run of a DAG, and wait for its end.

    :param server: the Airflow.
    :param dag_id: the DAG; it is switched on.
    :param on_task: takes the name of each task as it starts.
    :raises TimeoutError: the run did not end in ten minutes.
    """
    end = time.monotonic() + _LONGEST
    _call(server, end, "PATCH", f"dags/{dag_id}", {"is_paused": False})
    run_id = quote(_call(server, end, "POST", f"dags/{dag_id}/dagRuns", {"logical_date": None})["dag_run_id"])
    run = f"dags/{dag_id}/dagRuns/{run_id}"
    seen: set[str] = set()
    while True:
        tasks = _call(server, end, "GET", f"{run}/taskInstances")["task_instances"]
        for task in tasks:
            if task["state"] in _BEGUN and task["task_id"] not in seen:
                seen.add(task["task_id"])
                on_task(task["task_id"])
        state = _call(server, end, "GET", run)["state"]
        if state in _ENDED:
            break
        _pause(end, f"The run of {dag_id}", server)
    results = {
        (task["task_id"], "harvest_result"): value
        for task in tasks
        if (value := _result(server, run, task["task_id"])) is not None
    }
    return DagOutcome(state, {task["task_id"]: task["state"] for task in tasks}, results, server.home / "scheduler.log")


def _result(server: AirflowServer, run: str, task_id: str) -> Any:
    path = f"{run}/taskInstances/{task_id}/xcomEntries/harvest_result?deserialize=true"
    try:
        value = server.api("GET", path)["value"]
    except urllib.error.HTTPError as error:
        if error.code == HTTPStatus.NOT_FOUND:
            return None
        raise
    return json.loads(value) if isinstance(value, str) else value


def _call(server: AirflowServer, end: float, method: str, path: str, body: Any = None) -> Any:
    """Call Airflow's API again while it is busy, or does not know the DAG yet."""
    while True:
        try:
            return server.api(method, path, body)
        except urllib.error.HTTPError as error:
            if error.code not in _PASSING:
                raise
        _pause(end, path, server)


def _pause(end: float, what: str, server: AirflowServer) -> None:
    if time.monotonic() > end:
        raise TimeoutError(f"{what} did not come to an end in {_LONGEST:g} s; Airflow's logs are in {server.home}.")
    time.sleep(1)
