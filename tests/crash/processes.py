"""One Airflow component as a process with a session of its own, which tests may kill; used by ``live_airflow``."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox import guard

if TYPE_CHECKING:
    from collections.abc import Mapping

_LIFETIME = 3600.0  # seconds after which a component ends, whatever becomes of the tests
_STOP_SECONDS = 30.0


def free_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; who needs it ready asks Airflow's health."""
        command = [sys.executable, str(Path(guard.__file__)), str(_LIFETIME)]
        command += [sys.executable, "-m", "airflow", *self._arguments]
        with self._log_path.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self._log_path.parent,
                env=dict(self._environment),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self) -> None:
        """Kill it and all its children at once (SIGKILL), as when its machine loses power."""
        if self._process is None:
            return
        guard.kill_session(self._process.pid)
        self._forget()

    def stop(self) -> None:
        """End it in order, or kill it."""
        if self._process is None:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            guard.kill_session(self._process.pid)
        self._forget()

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def _forget(self) -> None:
        if self._process is None:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()
        self._process = None
