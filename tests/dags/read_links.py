"""Prints the buttons of each task of a DAG's newest run as JSON, as Airflow's pages find them. Run in an Airflow home.

The DAG goes through serialization, since Airflow's web server never loads DAG files.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from airflow.models import DagRun, TaskInstance
from airflow.utils.session import create_session

try:
    from airflow.dag_processing.dagbag import DagBag
except ImportError:  # Airflow 2.11 and 3.1
    from airflow.models.dagbag import DagBag  # type: ignore[no-redef]
try:
    from airflow.serialization.serialized_objects import DagSerialization as Serialization
except ImportError:  # Airflow 2.11 and 3.1
    from airflow.serialization.serialized_objects import (  # type: ignore[assignment, attr-defined]
        SerializedDAG as Serialization,
    )


def read(dag_file: Path, dag_id: str) -> dict[str, Any]:
    """Return the address of each button by task and label."""
    bag = DagBag(str(dag_file))
    dag: Any = Serialization.from_dict(Serialization.to_dict(bag.dags[dag_id]))
    links: dict[str, Any] = {}
    with create_session() as session:
        run = session.query(DagRun).filter_by(dag_id=dag_id).order_by(DagRun.id.desc()).first()
        assert run is not None
        for ti in session.query(TaskInstance).filter_by(dag_id=dag_id, run_id=run.run_id):
            task = dag.get_task(ti.task_id)
            links[ti.task_id] = {name: task.get_extra_links(ti, name) for name in task.extra_links}
    return links


if __name__ == "__main__":
    Path(sys.argv[3]).write_text(json.dumps(read(Path(sys.argv[1]), sys.argv[2])))
