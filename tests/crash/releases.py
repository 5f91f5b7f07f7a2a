"""What differs between Airflow 2 and 3 when one is started and queried: components, API and settings; no decisions."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from importlib.metadata import version

from sandbox.child_process import free_port

IS_AIRFLOW_3 = not version("apache-airflow").startswith("2.")
#: Whether the Airflow of this environment keeps what a task stores across its tries.
REMEMBERS = tuple(map(int, version("apache-airflow").split(".")[:2])) >= (3, 3)
#: Else each serves its logs on all interfaces; the tests read the files.
_NO_LOG_SERVER = ("--skip-serve-logs",)


@dataclass(frozen=True)
class Release:
    """How an Airflow is started and asked.

    :param port: of its API.
    :param components: arguments of the ``airflow`` command, by the name of the component.
    :param api: path of the REST API.
    :param token: path that gives a token, None if none is needed.
    :param health: path in the API that reports whether the components run.
    :param new_run: fields that a new run needs in addition to its id and params.
    :param for_real: fields that a change of a task's state needs in addition, so that it is carried out.
    :param settings: environment variables.
    :param files: what must be in Airflow's home, by name.
    """

    port: int
    components: dict[str, list[str]]
    api: str
    token: str | None
    health: str
    new_run: dict[str, None]
    for_real: dict[str, bool]
    settings: dict[str, str]
    files: dict[str, str] = field(default_factory=dict)


def this_release() -> Release:
    """Return how the Airflow of this environment is started, on a free port."""
    return _airflow_3() if IS_AIRFLOW_3 else _airflow_2()


def _airflow_3() -> Release:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    return Release(
        port=port,
        components={
            "api-server": ["api-server", "--host", "127.0.0.1", "--port", str(port)],
            "scheduler": ["scheduler", *_NO_LOG_SERVER],
            "dag-processor": ["dag-processor"],
            "triggerer": ["triggerer", *_NO_LOG_SERVER],
        },
        api="api/v2",
        token="auth/token",
        health="monitor/health",
        new_run={"logical_date": None},
        for_real={},
        settings=_as_variables(
            {
                "API__BASE_URL": url,
                "API__WORKERS": "1",
                "API_AUTH__JWT_SECRET": secrets.token_hex(32),
                "CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
                "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
                "DAG_PROCESSOR__DAG_FILE_PROCESSOR_TIMEOUT": "180",
                "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "600",
                "DAG_PROCESSOR__PARSING_PROCESSES": "1",
                "DAG_PROCESSOR__REFRESH_INTERVAL": "600",
            }
        ),
    )


def _airflow_2() -> Release:
    port = free_port()
    return Release(
        port=port,
        components={
            "webserver": ["webserver", "--hostname", "127.0.0.1", "--port", str(port), "--workers", "1"],
            "scheduler": ["scheduler", *_NO_LOG_SERVER],
            "triggerer": ["triggerer", *_NO_LOG_SERVER],
        },
        api="api/v1",
        token=None,
        health="health",
        new_run={},
        for_real={"dry_run": False},
        settings={
            **_as_variables(
                {
                    "API__AUTH_BACKENDS": "airflow.api.auth.backend.default",
                    "CORE__DAG_FILE_PROCESSOR_TIMEOUT": "180",
                    "SCHEDULER__MIN_FILE_PROCESS_INTERVAL": "600",
                    "SCHEDULER__PARSING_PROCESSES": "1",
                    "WEBSERVER__WEB_SERVER_MASTER_TIMEOUT": "300",
                    "WEBSERVER__WEB_SERVER_WORKER_TIMEOUT": "300",
                }
            ),
            # Else it refuses to run tasks in processes of their own with SQLite; one at a time is fine.
            "_AIRFLOW__SKIP_DATABASE_EXECUTOR_COMPATIBILITY_CHECK": "1",
        },
        files={"webserver_config.py": 'AUTH_ROLE_PUBLIC = "Admin"\nWTF_CSRF_ENABLED = False\n'},
    )


def _as_variables(options: dict[str, str]) -> dict[str, str]:
    return {f"AIRFLOW__{name}": value for name, value in options.items()}
