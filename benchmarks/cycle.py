"""Counts the API calls of one source's life (create, validate, run, wait) on a real udata, by its access log."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

_ID = re.compile(r"[0-9a-f]{24}")


@dataclass(frozen=True)
class Step:
    """What one task sent.

    :param task: What it did.
    :param calls: Method and path of each call, in order, ids left out.
    """

    task: str
    calls: tuple[str, ...]


def measure(release: str, say: Callable[[str], None] = lambda line: None) -> list[Step]:
    """Run the tasks of a cycle as a worker does, and return what each sent.

    :param release: Of udata.
    :param say: Takes a line while the portal's environment is built.
    """
    from airflow_provider_harvest.operators.job import HarvestRunSourceOperator
    from airflow_provider_harvest.operators.source import HarvestCreateSourceOperator, HarvestValidateSourceOperator

    with Sandbox.start(release, progress=say) as portal:
        url = portal.catalogue.put("cities", datasets=4)
        os.environ["AIRFLOW_CONN_HARVEST_CYCLE"] = json.dumps(
            {
                "conn_type": "harvest",
                "host": portal.url,
                "password": portal.keys.admin,
                "extra": {"min_poll_interval": 1},
            }
        )
        steps: list[Step] = []

        def run(kind: type[Any], what: str, **arguments: Any) -> Any:
            before = portal.mark()
            task = kind(task_id="task", harvest_conn_id="harvest_cycle", **arguments)
            ti = SimpleNamespace(try_number=1, max_tries=0, task=task, xcom_push=lambda key, value: None)
            result = task.execute({"ti": ti, "task": task, "task_state_store": _Store()})
            calls = [f"{call.method} {_ID.sub('{}', call.path)}" for call in portal.requests(before)]
            steps.append(Step(what, tuple(calls)))
            return result

        created = run(
            HarvestCreateSourceOperator,
            "create",
            name="Cities",
            url=url,
            backend="dcat",
            organization=portal.organization.id,
        )
        run(HarvestValidateSourceOperator, "validate", source_id=created["id"])
        portal.control.wait_until_idle()
        run(HarvestRunSourceOperator, "run and wait", source_id=created["id"], deferrable=False, poll_interval=1)
    return steps


class _Store(dict[str, Any]):
    """What Airflow 3.3 keeps for a task across its tries."""

    def set(self, key: str, value: Any) -> None:
        self[key] = value
