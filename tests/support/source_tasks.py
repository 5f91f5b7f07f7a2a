"""Runs operators on a sandbox portal, each as a task of its own, without an Airflow around them."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

    from sandbox import Sandbox


class SourceTask:
    """Runs operators on a portal as a worker does, each as a task of its own, and keeps their XComs."""

    def __init__(self, portal: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        self.portal = portal
        self.xcoms: dict[str, Any] = {}
        self.run_began = datetime.now(timezone.utc)
        self._setenv = monkeypatch.setenv

    def run(self, kind: type[Any], key: str | None = "admin", *, try_number: int = 1, **arguments: Any) -> Any:
        """Execute an operator with somebody's key, or without one; return what it returns."""
        secret = getattr(self.portal.keys, key) if key else None
        connection = {"conn_type": "harvest", "host": self.portal.url, "password": secret}
        self._setenv("AIRFLOW_CONN_PORTAL", json.dumps({k: v for k, v in connection.items() if v}))
        operator = kind(task_id="task", harvest_conn_id="portal", retries=1, **arguments)
        ti = SimpleNamespace(try_number=try_number, max_tries=1, task=operator)
        ti.xcom_push = lambda key, value: self.xcoms.update({key: value})
        return operator.execute({"ti": ti, "task": operator, "dag_run": SimpleNamespace(start_date=self.run_began)})
