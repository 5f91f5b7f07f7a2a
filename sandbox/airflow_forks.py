"""A process that has loaded Airflow, and runs each command that it is sent in a fork of itself.

An Airflow takes seconds of processor time to load, and a fork milliseconds. Run in an Airflow environment, by
`sandbox.loaded_airflow`, which says what a command is.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import sys
import threading
import traceback
from typing import Any

#: What a run of a DAG loads in the end; some of these exist on some releases only.
_MODULES = (
    "a2wsgi",
    "airflow.__main__",
    "airflow.api_fastapi.core_api.routes.public.hitl",
    "airflow.api_fastapi.execution_api.app",
    "airflow.cli.commands.dag_command",
    "airflow.dag_processing.collection",
    "airflow.dag_processing.dagbag",
    "airflow.jobs.triggerer_job_runner",
    "airflow.models",
    "airflow.models.dagbag",
    "airflow.models.serialized_dag",
    "airflow.sdk.execution_time.task_runner",
    "airflow.serialization.serialized_objects",
    "airflow_provider_harvest.assets",
    "airflow_provider_harvest.operators.job",
    "airflow_provider_harvest.operators.portal",
    "airflow_provider_harvest.operators.source",
    "airflow_provider_harvest.sensors.job",
    "airflow_provider_harvest.triggers.event",
    "airflow_provider_harvest.triggers.job",
    "alembic.command",
)
_LONGEST_MESSAGE = 1 << 18


def main(descriptor: int) -> None:
    """Load Airflow, and fork for each command until the other side is gone.

    :param descriptor: the socket that the commands come from.
    """
    _load()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks here: they report by themselves
    with socket.socket(fileno=descriptor) as commands:
        while True:
            message, descriptors, _, _ = socket.recv_fds(commands, _LONGEST_MESSAGE, 2)
            if not message:
                return
            output, status = descriptors
            if os.fork() == 0:
                commands.close()
                _become(json.loads(message), output, status)
            os.close(output)
            os.close(status)


def _load() -> None:
    for name in _MODULES:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    from airflow.providers_manager import ProvidersManager
    from sqlalchemy.orm import configure_mappers

    configure_mappers()
    ProvidersManager().initialize_providers_configuration()  # type: ignore[no-untyped-call]
    with contextlib.suppress(ImportError):  # Airflow 3
        from airflow.sdk.execution_time.supervisor import in_process_api_server

        asyncio.run(_ask(in_process_api_server().app))
    gc.freeze()  # else each fork's first collection copies what it shares
    if threading.active_count() > 1:
        raise RuntimeError(f"a fork would lack these threads: {threading.enumerate()}")


async def _ask(app: Any) -> None:
    """Send a request to the API that tasks speak to: it makes its routes at the first one, which takes seconds."""
    import httpx

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://in-process") as client:
        await client.get("/nothing")


def _become(command: dict[str, Any], output: int, status: int) -> None:
    """Be the process of one command; does not return."""
    code = 1
    os.write(status, f"{os.getpid()}\n".encode())
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for stream in (1, 2):
            os.dup2(output, stream)
        os.close(output)
        os.environ.clear()
        os.environ.update(command["environment"])
        os.chdir(command["folder"])
        _configure_airflow()
        sys.argv = command["arguments"]
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os.write(status, f"{code}\n".encode())
        os._exit(code)  # what is to be done at the end of the process that was forked is not this one's to do


def _configure_airflow() -> None:
    """Let Airflow read its settings again: the database, the folder of the DAGs, where it logs."""
    from airflow import settings
    from airflow.cli import cli_config

    settings.dispose_orm()
    settings.initialize()  # type: ignore[no-untyped-call]
    subdir: Any = getattr(cli_config, "ARG_SUBDIR", None)
    if subdir is not None:  # Airflow 2.11: its default is the folder of the DAGs at the time of its import
        subdir.kwargs["default"] = settings.DAGS_FOLDER


if __name__ == "__main__":
    main(int(sys.argv[1]))
