"""Runs a DAG as `sandbox.run_dag` does, in a run without a logical date, as one ``airflow dags trigger`` makes it.

``airflow dags test`` gives each run a date. Run in an Airflow 3 home.
"""

from __future__ import annotations

import sys
from typing import Any

from airflow.sdk import DAG

from sandbox import run_dag

_test = DAG.test


def _test_undated(dag: DAG, **options: Any) -> Any:
    return _test(dag, **{**options, "logical_date": None})


if __name__ == "__main__":
    DAG.test = _test_undated  # type: ignore[method-assign, assignment]
    run_dag.main(*sys.argv[1:])
