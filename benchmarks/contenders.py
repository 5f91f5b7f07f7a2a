"""The triggers that are compared, each made as its own operator or sensor makes it, and their connections."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.responses import job_id, source_id

if TYPE_CHECKING:
    from collections.abc import Callable

#: Seconds until the deadlines that triggers are given.
_FAR = 7 * 24 * 3600.0


@dataclass(frozen=True)
class Contender:
    """A provider with a trigger that waits for a job.

    :param name: Its name in the tables.
    :param distribution: Its name as a package.
    :param operators: Its operator modules.
    :param connection: Makes the connection from the job system's port and the poll interval.
    :param trigger: Makes the trigger that waits for a job, from the connection's id, the job's number and the interval.
    :param label: Which trigger it is.
    """

    name: str
    distribution: str
    operators: tuple[str, ...]
    connection: Callable[[int, float], dict[str, Any]]
    trigger: Callable[[str, int, float], Any]
    label: str

    def connection_settings(self, conn_id: str, port: int, interval: float) -> dict[str, str]:
        """Return the environment variable that Airflow reads the connection from."""
        return {f"AIRFLOW_CONN_{conn_id.upper()}": json.dumps(self.connection(port, interval))}


def _harvest(conn_id: str, number: int, interval: float) -> Any:
    from airflow_provider_harvest.portal.waiting.wait_plan import WaitPlan
    from airflow_provider_harvest.triggers.job import HarvestJobTrigger

    now = time.time()
    plan = WaitPlan(
        source_id(number), "started", job_id=job_id(number), begun=now, deadline=now + _FAR, poll_interval=interval
    )
    return HarvestJobTrigger(conn_id, plan.to_dict())


def _airbyte(conn_id: str, number: int, interval: float) -> Any:
    from airflow.providers.airbyte.triggers.airbyte import AirbyteSyncTrigger

    return AirbyteSyncTrigger(job_id=number, conn_id=conn_id, end_time=time.time() + _FAR, poll_interval=interval)


def _http(conn_id: str, number: int, interval: float) -> Any:
    from airflow.providers.http.triggers.http import HttpSensorTrigger

    return HttpSensorTrigger(
        endpoint=f"status/{number}",
        http_conn_id=conn_id,
        data={},
        headers={},
        method="GET",
        extra_options={},
        poke_interval=interval,
    )


def _dbt(conn_id: str, number: int, interval: float) -> Any:
    from airflow.providers.dbt.cloud.hooks.dbt import DbtCloudHook
    from airflow.providers.dbt.cloud.triggers.dbt import DbtCloudRunJobTrigger

    # Its hook writes https:// in front of every host. All contenders go without TLS here, which is to its favour: it
    # opens a connection for every look.
    DbtCloudHook.get_request_url_params = staticmethod(_dbt_url)
    return DbtCloudRunJobTrigger(
        conn_id=conn_id,
        run_id=number,
        end_time=time.time() + _FAR,
        poll_interval=interval,
        account_id=None,
        hook_params={},
    )


def _dbt_url(
    tenant: str, endpoint: str, include_related: list[str] | None = None, *, api_version: str = "v2"
) -> tuple[str, dict[str, Any]]:
    return f"http://{tenant}/api/{api_version}/accounts/{endpoint}", {}


CONTENDERS: dict[str, Contender] = {
    contender.name: contender
    for contender in (
        Contender(
            "harvest",
            "airflow-provider-harvest",
            tuple(f"airflow_provider_harvest.operators.{name}" for name in ("job", "portal", "source")),
            lambda port, interval: {
                "conn_type": "harvest",
                "host": f"http://127.0.0.1:{port}",
                "extra": {"min_poll_interval": interval},
            },
            _harvest,
            "HarvestJobTrigger",
        ),
        Contender(
            "airbyte",
            "apache-airflow-providers-airbyte",
            ("airflow.providers.airbyte.operators.airbyte",),
            lambda port, _: {"conn_type": "airbyte", "host": f"http://127.0.0.1:{port}/api/public/v1"},
            _airbyte,
            "AirbyteSyncTrigger",
        ),
        Contender(
            "http",
            "apache-airflow-providers-http",
            ("airflow.providers.http.operators.http",),
            lambda port, _: {"conn_type": "http", "host": f"http://127.0.0.1:{port}"},
            _http,
            "HttpSensorTrigger",
        ),
        Contender(
            "dbt-cloud",
            "apache-airflow-providers-dbt-cloud",
            ("airflow.providers.dbt.cloud.operators.dbt",),
            lambda port, _: {
                "conn_type": "dbt_cloud",
                "host": f"127.0.0.1:{port}",
                "login": "1",
                "password": "token",
            },
            _dbt,
            "DbtCloudRunJobTrigger",
        ),
    )
}
