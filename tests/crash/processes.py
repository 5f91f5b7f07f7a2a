"""One Airflow component as a process with a session of its own, which tests may kill; used by ``live_airflow``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from sandbox.child_process import GuardedProcess

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_LIFETIME = 3600.0  # seconds after which a component ends, whatever happens to the tests


class Component:
    """An Airflow component: the scheduler, the triggerer, the DAG processor or the API server.

    :param arguments: of the ``airflow`` command, such as ``["scheduler"]``.
    :param environment: of the process.
    :param log_path: where its output is appended to; it runs in that folder.
    """

    def __init__(self, arguments: list[str], environment: Mapping[str, str], log_path: Path) -> None:
        self._arguments = arguments
        self._environment = environment
        self._log_path = log_path
        self._process: GuardedProcess | None = None

    def start(self) -> None:
        """Start it; who needs it ready asks Airflow's health."""
        command = [sys.executable, "-m", "airflow", *self._arguments]
        self._process = GuardedProcess(command, self._log_path, _LIFETIME, environment=self._environment)

    def kill(self) -> None:
        """Kill it and all its children at once (SIGKILL), as when its machine loses power."""
        if self._process is not None:
            self._process.kill()
        self._process = None

    def stop(self) -> None:
        """End it in order, or kill it."""
        if self._process is not None:
            self._process.end()
        self._process = None

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.is_running
