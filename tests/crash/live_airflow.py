"""A whole Airflow on loopback, each component a process that tests may kill, and its REST API."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.triggers._event_cursors import CURSOR_KEY
from sandbox.loaded_airflow import inherited_environment
from tests.crash.processes import Component
from tests.crash.releases import Release, this_release

if TYPE_CHECKING:
    from collections.abc import Callable

DAGS = Path(__file__).parent / "dags"
#: The one task of each DAG.
TASK = "harvest"
ENDED = ("success", "failed", "skipped", "upstream_failed")

_START_SECONDS = 300.0
_END_SECONDS = 240.0
_LOOK = 0.5
_NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))

#: A crash is noticed in seconds, not in minutes as by default.
_QUICK = {
    "SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
    "SCHEDULER__JOB_HEARTBEAT_SEC": "2",
    "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.5",
    "SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "15",
    "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "10",
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_SEC": "5",
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
    "SCHEDULER__LOCAL_TASK_JOB_HEARTBEAT_SEC": "2",  # Airflow 2
    "TRIGGERER__JOB_HEARTBEAT_SEC": "2",
    "TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "15",
}
#: Two cores are shared with the portal.
_SMALL = {
    "CORE__DAGBAG_IMPORT_TIMEOUT": "120",
    "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
    "CORE__EXECUTOR": "LocalExecutor",
    "CORE__LOAD_EXAMPLES": "False",
    "CORE__PARALLELISM": "2",
    "USAGE_DATA_COLLECTION__ENABLED": "False",
}


class LiveAirflow:
    """An Airflow of this environment's release, with a scheduler (LocalExecutor) and a triggerer; a context manager.

    :param home: an empty folder.
    :param settings: environment variables for the tasks, such as connections.
    :param dags: the folder of its DAGs.
    """

    def __init__(self, home: Path, settings: dict[str, str], dags: Path = DAGS) -> None:
        self.home = home
        self.marks = home / "marks"
        self.release = this_release()
        self._url = f"http://127.0.0.1:{self.release.port}"
        self._headers = {"Content-Type": "application/json"}
        settings = {**settings, "CRASH_MARKS": str(self.marks)}
        self._environment = _environment(home, self.release, settings, dags)
        self.components = {
            name: Component(arguments, self._environment, home / f"{name}.log")
            for name, arguments in self.release.components.items()
        }

    def __enter__(self) -> LiveAirflow:
        self.marks.mkdir(parents=True)
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End all components."""
        for component in reversed(self.components.values()):
            component.stop()

    def kill(self, name: str) -> None:
        """Kill a component and all its children at once; the scheduler's are the tasks."""
        self.components[name].kill()

    def revive(self) -> None:
        """Start the components that do not run."""
        for component in self.components.values():
            if not component.is_running:
                component.start()

    # --- runs ------------------------------------------------------------------------------------------------

    def trigger(self, dag_id: str, **params: Any) -> Run:
        """Start a run of a DAG.

        :param params: of the DAG; see ``dags/harvests.py``.
        """
        run_id = f"run-{secrets.token_hex(4)}"
        (self.marks / run_id).mkdir()
        self.api("POST", f"dags/{dag_id}/dagRuns", {**self.release.new_run, "dag_run_id": run_id, "conf": params})
        return Run(self, dag_id, run_id)

    def event_jobs(self, asset: str) -> list[str]:
        """Return the ids of the jobs in the events of an asset that a trigger watches for, the oldest first."""
        events: list[dict[str, Any]] = []
        while True:
            page = self.api("GET", f"assets/events?limit=100&order_by=timestamp&offset={len(events)}")
            events += page["asset_events"]
            if not page["asset_events"] or len(events) >= page["total_entries"]:
                return [event["extra"]["payload"]["job_id"] for event in events if event["name"] == asset]

    def cursor(self, asset: str) -> dict[str, Any]:
        """Return what the event triggers of an asset have stored together, as JSON."""
        return dict(self.state(asset).get(CURSOR_KEY) or {"told": {}})

    def state(self, asset: str) -> dict[str, Any]:
        """Return all that is kept with an asset, by key; nothing before its DAG is parsed."""
        if not self._ids_of(asset):
            return {}
        found = self.api("GET", self._state_of(asset))["asset_state_store"]
        return {entry["key"]: entry["value"] for entry in found}

    def keep_state(self, asset: str, key: str, value: dict[str, Any]) -> None:
        """Keep something with an asset."""
        self.api("PUT", f"{self._state_of(asset)}/{key}", {"value": value})

    def forget_state(self, asset: str) -> None:
        """Delete all that is kept with an asset."""
        self.api("DELETE", self._state_of(asset))

    def _state_of(self, asset: str) -> str:
        (ident,) = self._ids_of(asset)
        return f"assets/{ident}/state-store"

    def _ids_of(self, asset: str) -> list[int]:
        return [found["id"] for found in self.api("GET", "assets?limit=500")["assets"] if found["name"] == asset]

    def read_by(self, dag_id: str) -> list[str]:
        """Return what the ended runs of a DAG's one task returned, put together."""
        found: list[str] = []
        for run in self.api("GET", f"dags/{dag_id}/dagRuns?state=success&limit=500")["dag_runs"]:
            path = f"dags/{dag_id}/dagRuns/{run['dag_run_id']}/taskInstances/read/xcomEntries/return_value"
            found += self.api("GET", f"{path}?stringify=false")["value"]
        return found

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """Call Airflow's REST API; return the response.

        :raises urllib.error.HTTPError: it refuses.
        """
        request = urllib.request.Request(
            f"{self._url}/{self.release.api}/{path}",
            None if body is None else json.dumps(body).encode(),
            self._headers,
            method=method,
        )
        with _NO_PROXY.open(request, timeout=60) as response:
            return json.loads(response.read() or b"null")

    # --- starting --------------------------------------------------------------------------------------------

    def _start(self) -> None:
        for name, content in self.release.files.items():
            (self.home / name).write_text(content)
        with (self.home / "migrate.log").open("wb") as log:
            command = [sys.executable, "-m", "airflow", "db", "migrate"]
            subprocess.run(command, env=self._environment, stdout=log, stderr=log, timeout=_START_SECONDS, check=True)
        for component in self.components.values():
            component.start()
        wait_until(self._is_ready, _START_SECONDS, lambda: f"Airflow did not come up; its logs are in {self.home}.")

    def _is_ready(self) -> bool:
        ended = [name for name, component in self.components.items() if not component.is_running]
        if ended:
            raise RuntimeError(f"Ended before the tests began: {', '.join(ended)}; see the logs in {self.home}.")
        try:
            if self.release.token and "Authorization" not in self._headers:
                with _NO_PROXY.open(f"{self._url}/{self.release.token}", timeout=30) as response:
                    self._headers["Authorization"] = f"Bearer {json.load(response)['access_token']}"
            health = self.api("GET", self.release.health)
            if any(health[part]["status"] != "healthy" for part in ("scheduler", "triggerer")):
                return False
            return bool(self.api("GET", "dags")["total_entries"])
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False


class Run:
    """A run of a DAG, as Airflow's API shows it.

    :param airflow: where it runs.
    """

    def __init__(self, airflow: LiveAirflow, dag_id: str, run_id: str) -> None:
        self._airflow = airflow
        self._dag_id = dag_id
        self.run_id = run_id
        self._path = f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/{TASK}"

    @property
    def task(self) -> dict[str, Any]:
        """The task instance."""
        return dict(self._airflow.api("GET", self._path))

    def states(self) -> Counter[str]:
        """How many of its tasks are in which state, where the task is mapped."""
        path = f"dags/{self._dag_id}/dagRuns/{self.run_id}/taskInstances?limit=500"
        tasks = self._airflow.api("GET", path)["task_instances"]
        return Counter(str(task["state"]) for task in tasks if task["task_id"] == TASK)

    def count(self, state: str) -> int:
        """How many of its mapped tasks are in a state."""
        return self.states()[state]

    @property
    def tries(self) -> int:
        """The number of its newest try."""
        return int(self.task["try_number"])

    @property
    def result(self) -> dict[str, Any] | None:
        """The XCom ``harvest_result``, None if there is none."""
        return self.xcom("harvest_result")

    def xcom(self, key: str) -> Any:
        """An XCom of the task, None if there is none."""
        try:
            return self._airflow.api("GET", f"{self._path}/xcomEntries/{key}?stringify=false")["value"]
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise

    def wait_for(self, *states: str, tries: int = 1) -> str:
        """Wait until the task is in one of these states, by default until it has ended; return which.

        :param tries: the try that it must have come to.
        """
        wanted = states or ENDED

        def is_there() -> bool:
            task = self.task
            return task["state"] in wanted and task["try_number"] >= tries

        wait_until(
            is_there,
            _END_SECONDS,
            lambda: f"The task is {self.task['state']} (try {self.tries}), not {' or '.join(wanted)}.\n{self.log}",
        )
        return str(self.task["state"])

    def wait_for_mark(self, point: str) -> int:
        """Wait until a task process has reached a point; return the id of the newest that did."""
        wait_until(
            lambda: bool(self.marks(point)),
            _END_SECONDS,
            lambda: f"No task has reached {point!r}; it is {self.task['state']}.\n{self.log}",
        )
        return self.marks(point)[-1]

    def marks(self, point: str) -> list[int]:
        """Return the ids of the processes that have reached a point, in their order."""
        found = (self._airflow.marks / self.run_id).glob(f"{point}.*")
        return [int(mark.read_text()) for mark in sorted(found, key=lambda mark: int(mark.suffix[1:]))]

    def stop(self) -> None:
        """Mark the task as failed, as a user does who wants it to end now."""
        self._airflow.api("PATCH", self._path, {**self._airflow.release.for_real, "new_state": "failed"})

    def clear(self) -> None:
        """Clear the task, as a user does who wants it run again; if it has ended, once its run has ended, too.

        A scheduler that is about to end the run would else write that over what the clearing wrote.
        """
        if self.task["state"] in ENDED:
            path = f"dags/{self._dag_id}/dagRuns/{self.run_id}"
            wait_until(
                lambda: self._airflow.api("GET", path)["state"] in ENDED,
                _END_SECONDS,
                lambda: f"The run {self.run_id} has not ended although its task has.",
            )
        self._airflow.api(
            "POST",
            f"dags/{self._dag_id}/clearTaskInstances",
            {
                "dry_run": False,
                "dag_run_id": self.run_id,
                "task_ids": [TASK],
                "only_failed": False,
                "reset_dag_runs": True,
            },
        )

    @property
    def log(self) -> str:
        """The log of all tries."""
        folder = self._airflow.home / "logs" / f"dag_id={self._dag_id}" / f"run_id={self.run_id}"
        return "\n".join(f"--- {path.name}\n{path.read_text()}" for path in sorted(folder.rglob("*.log")))


def wait_until(condition: Callable[[], bool], seconds: float, complaint: Callable[[], str]) -> None:
    """Wait for something outside this process.

    :raises AssertionError: it did not come about in time; with the complaint.
    """
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"After {seconds:g} s: {complaint()}"
        time.sleep(_LOOK)


def _environment(home: Path, release: Release, settings: dict[str, str], dags: Path) -> dict[str, str]:
    options = {**_QUICK, **_SMALL, "CORE__DAGS_FOLDER": str(dags)}
    return {
        **inherited_environment(),
        "AIRFLOW_HOME": str(home),
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        "PYTHONWARNINGS": "ignore",
        **{f"AIRFLOW__{name}": value for name, value in options.items()},
        **release.settings,
        **settings,
    }
