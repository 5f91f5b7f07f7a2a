"""A throw-away Airflow with a SQLite database that runs DAGs; used by the demo and the DAG tests."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.loaded_airflow import inherited_environment

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.loaded_airflow import LoadedAirflow

_ROOT = Path(__file__).resolve().parent.parent
#: Seconds that one Airflow command may take.
_LONGEST = 300.0
_STARTED = re.compile(r"\[DAG TEST\] starting task_id=(\S+) map_index=(-?\d+)")


@dataclass(frozen=True)
class DagOutcome:
    """The result of a run of a DAG.

    :param state: state of the run.
    :param tasks: state of each task, by ``task_id`` or ``task_id[map_index]``.
    :param xcoms: values by task (as in ``tasks``) and key.
    :param log_path: where Airflow's own output is.
    """

    state: str | None
    tasks: dict[str, str]
    xcoms: dict[tuple[str, str], Any] = field(repr=False)
    log_path: Path

    @property
    def log(self) -> str:
        """Airflow's whole output of the run."""
        return self.log_path.read_text(encoding="utf-8", errors="replace")


class AirflowHome:
    """An ``AIRFLOW_HOME`` of its own.

    :param airflow: what runs Airflow's commands in it.
    :param home: an empty folder.
    :param dags: the folder with the DAGs.
    :param settings: environment variables for Airflow and the DAGs, such as ``AIRFLOW_CONN_HARVEST_DEFAULT``.
    """

    def __init__(self, airflow: LoadedAirflow, home: Path, dags: Path, settings: dict[str, str]) -> None:
        self._airflow = airflow
        self.home = home
        self.dags = dags
        self.logs = home / "output"
        self.logs.mkdir(parents=True, exist_ok=True)
        self._environment = {
            **inherited_environment(),
            "AIRFLOW_HOME": str(home),
            # Those whose defaults are below the home of the process that loaded Airflow.
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(home / "plugins"),
            "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "PYTHONPATH": str(_ROOT),
            "PYTHONWARNINGS": "ignore",
            "NO_PROXY": "127.0.0.1,localhost",
            **settings,
        }

    def migrate(self) -> None:
        """Make the database.

        :raises RuntimeError: it could not be made; the message names Airflow's output.
        """
        self.run_module("airflow", "db", "migrate")

    def register_dags(self) -> None:
        """Write the DAGs and their assets into the database, as a DAG processor does; a run alone writes no assets."""
        self.run_module("airflow", "dags", "reserialize")

    def adopt_database(self, other: AirflowHome) -> None:
        """Take a copy of another home's SQLite database as it is; a migration takes seconds."""
        with (
            contextlib.closing(sqlite3.connect(other.home / "airflow.db")) as theirs,
            contextlib.closing(sqlite3.connect(self.home / "airflow.db")) as ours,
        ):
            theirs.backup(ours)

    def run_dag(
        self,
        dag_id: str,
        params: dict[str, Any] | None = None,
        on_task: Callable[[str], object] = lambda task: None,
        runner: str = "sandbox.run_dag",
    ) -> DagOutcome:
        """Run a DAG to its end (``airflow dags test``), deferrals included.

        :param params: values for the DAG's params.
        :param on_task: called with the name of each task as it starts.
        :param runner: module that runs it, with the arguments of `sandbox.run_dag`.
        """
        log_path = self.logs / f"{dag_id}-{len(list(self.logs.glob(f'{dag_id}-*.log'))) + 1}.log"
        result_path = log_path.with_suffix(".json")
        command = [runner, dag_id, str(result_path)]
        if params:
            command += ["--conf", json.dumps(params)]
        self._run(command, log_path, on_task)
        if not result_path.exists():
            raise RuntimeError(f"The run of {dag_id} left no result: see Airflow's output in {log_path}.")
        read = json.loads(result_path.read_text())
        return DagOutcome(
            state=read["state"],
            tasks={_name(task): task["state"] for task in read["tasks"]},
            xcoms={(_name(xcom), xcom["key"]): xcom["value"] for xcom in read["xcoms"]},
            log_path=log_path,
        )

    def run_dag_answered(
        self, dag_id: str, task_id: str, option: str, params: dict[str, Any] | None = None
    ) -> tuple[DagOutcome, dict[str, str]]:
        """Run a DAG to its end with a person who answers one of its tasks (Airflow 3.1 or newer).

        :param task_id: the task that asks.
        :param option: what is answered.
        :param params: values for the DAG's params.
        :returns: its result, and the ``subject`` and ``body`` that the person was shown; empty without one.
        """
        shown: dict[str, str] = {}
        answers: list[threading.Thread] = []

        def on_task(task: str) -> None:
            if task == task_id and not answers:  # it starts once more when it is answered
                answers.append(threading.Thread(target=lambda: shown.update(self.answer(dag_id, task, option))))
                answers[0].start()

        outcome = self.run_dag(dag_id, params, on_task)
        for answer in answers:
            answer.join()
        return outcome, shown

    def answer(self, dag_id: str, task_id: str, option: str) -> dict[str, str]:
        """Answer a task of the running DAG that waits for a person (Airflow 3.1 or newer), once it does.

        :returns: the ``subject`` and ``body`` that the person was shown.
        :raises RuntimeError: it could not be answered; the message names Airflow's output.
        """
        log = self.run_module("sandbox.answer_approval", dag_id, task_id, option)
        return dict(json.loads(log.splitlines()[-1]))

    def run_module(self, name: str, *arguments: str) -> str:
        """Run a module in this home, as ``python -m`` does.

        :returns: its output.
        :raises RuntimeError: it failed; the message names its output.
        """
        log_path = self.logs / f"{len(list(self.logs.iterdir())) + 1}-{name}.log"
        if self._run([name, *arguments], log_path) != 0:
            raise RuntimeError(f"{name} {' '.join(arguments)} failed; its output is in {log_path}.")
        return log_path.read_text(encoding="utf-8", errors="replace")

    def _run(self, arguments: list[str], log_path: Path, on_task: Callable[[str], object] = lambda task: None) -> int:
        with log_path.open("w", encoding="utf-8") as log:

            def on_line(line: str) -> None:
                log.write(line)
                started = _STARTED.search(line)
                if started:
                    on_task(started[1] if started[2] == "-1" else f"{started[1]}[{started[2]}]")

            return self._airflow.run(arguments, self._environment, self.home, on_line, _LONGEST)


def _name(row: dict[str, Any]) -> str:
    return row["task_id"] if row["map_index"] < 0 else f"{row['task_id']}[{row['map_index']}]"
