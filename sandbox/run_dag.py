"""Runs a DAG as ``airflow dags test`` does and writes its state, its tasks' states and its XComs as JSON.

Run in an Airflow environment. One process does both, since starting an Airflow takes seconds.
"""

from __future__ import annotations

import json
import operator
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.__main__ import main as airflow_command
from airflow.models import DagRun, TaskInstance
from airflow.utils.session import create_session

try:
    from airflow.models.xcom import XComModel as XCom
except ImportError:  # Airflow 2.11
    from airflow.models.xcom import XCom  # type: ignore[no-redef]

    _value_of: Callable[[Any], Any] = operator.attrgetter("value")  # decoded as it is loaded
else:
    _value_of = XCom.deserialize_value

if TYPE_CHECKING:
    from collections.abc import Callable


def read(dag_id: str) -> dict[str, Any]:
    """Return the newest run; tasks and XComs are listed in the order in which they came about."""
    with create_session() as session:
        run = session.query(DagRun).filter_by(dag_id=dag_id).order_by(DagRun.id.desc()).first()
        if run is None:
            return {"state": None, "tasks": [], "xcoms": []}
        tasks = session.query(TaskInstance).filter_by(dag_id=dag_id, run_id=run.run_id).all()
        tasks.sort(key=lambda task: (str(task.end_date or ""), task.map_index))
        xcoms = session.query(XCom).filter_by(dag_id=dag_id, run_id=run.run_id).all()
        return {
            "state": str(getattr(run.state, "value", run.state)),
            "tasks": [
                {
                    "task_id": task.task_id,
                    "map_index": task.map_index,
                    "state": str(getattr(task.state, "value", task.state)),
                    "try_number": task.try_number,
                }
                for task in tasks
            ],
            "xcoms": [
                {
                    "task_id": xcom.task_id,
                    "map_index": xcom.map_index,
                    "key": xcom.key,
                    "value": _value_of(xcom),
                }
                for xcom in xcoms
            ],
        }


def main(dag_id: str, result_path: str, *options: str) -> None:
    """Run a DAG to its end, whatever that is, and write its result.

    :param dag_id: the DAG.
    :param result_path: the file to write.
    :param options: further arguments for ``airflow dags test``.
    """
    sys.argv = ["airflow", "dags", "test", dag_id, *options]
    try:
        airflow_command()  # type: ignore[no-untyped-call]
    except SystemExit as end:  # a run that failed is a result like any other
        print(f"airflow dags test ended with {end.code}", file=sys.stderr)
    Path(result_path).write_text(json.dumps(read(dag_id), default=str), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
