"""Airflow's task instance as far as operators use it, kept from run to run of one task."""

from __future__ import annotations

import json
from typing import Any


class TaskInstance:
    """Keeps what a task pushed, as JSON, for its next runs; no real one is needed if no DAG runs."""

    map_index = -1
    try_number = 1
    max_tries = 0

    def __init__(self) -> None:
        self.xcoms: dict[str, Any] = {}
        #: The arguments of each pull.
        self.pulls: list[dict[str, Any]] = []

    def xcom_push(self, key: str, value: Any) -> None:
        self.xcoms[key] = json.loads(json.dumps(value))

    def xcom_pull(self, **what: Any) -> Any:
        self.pulls.append(what)
        return self.xcoms.get(what["key"])

    def run(self, operator: Any, **context: Any) -> Any:
        """Execute an operator as this task.

        :param operator: with the arguments of this run.
        :param context: what its context holds in addition.
        """
        return operator.execute({"ti": self, **context})
