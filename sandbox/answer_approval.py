"""Answers a task that waits for a person, as Airflow's own page would; run in an Airflow (3.1 or newer) environment.

Its last line of output is JSON: the subject and the body that the person was shown.

python -m sandbox.answer_approval DAG_ID TASK_ID Approve|Reject
"""

from __future__ import annotations

import inspect
import json
import sys
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_PATIENCE = 120.0  # seconds until the task waits


def answer(dag_id: str, task_id: str, option: str) -> None:
    """Wait until the newest run's task asks, and answer it."""
    from airflow.api_fastapi.core_api.datamodels.hitl import UpdateHITLDetailPayload
    from airflow.api_fastapi.core_api.routes.public.hitl import update_hitl_detail
    from airflow.models.hitl import HITLDetail
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import select

    deadline = time.monotonic() + _PATIENCE
    while True:
        with create_session() as session:
            asking = session.scalar(
                select(TaskInstance)
                .where(TaskInstance.dag_id == dag_id, TaskInstance.task_id == task_id)
                .where(TaskInstance.state.in_(["awaiting_input", "deferred"]))
                .order_by(TaskInstance.queued_dttm.desc())
            )
            if asking is not None:
                shown = session.scalar(select(HITLDetail).where(HITLDetail.ti_id == asking.id))
                told = {"subject": shown.subject, "body": shown.body} if shown else {}
                person = SimpleNamespace(get_id=lambda: "ada", get_name=lambda: "Ada", get_display_name=lambda: "Ada")
                payload = UpdateHITLDetailPayload(chosen_options=[option], params_input={})
                given = {"user": person, "session": session, **_dag_bag(update_hitl_detail)}
                update_hitl_detail(dag_id, asking.run_id, task_id, payload, **given)
                print(json.dumps(told))
                return
        if time.monotonic() > deadline:
            raise SystemExit(f"{dag_id}.{task_id} did not ask within {_PATIENCE:g} s.")
        time.sleep(0.5)


def _dag_bag(endpoint: Callable[..., Any]) -> dict[str, Any]:
    """Return what Airflow's server gives the endpoint from 3.4 on."""
    if "dag_bag" not in inspect.signature(endpoint).parameters:
        return {}
    from airflow.api_fastapi.common.dagbag import create_dag_bag

    return {"dag_bag": create_dag_bag()}


if __name__ == "__main__":
    answer(*sys.argv[1:4])
