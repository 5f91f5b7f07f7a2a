"""Runs Airflow's commands in forks of one process that has loaded Airflow; for homes that many commands are run in."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_ROOT = Path(__file__).resolve().parent.parent


def inherited_environment() -> dict[str, str]:
    """What an Airflow of the sandbox takes over from this process: nothing that says something to Airflow or pytest."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTEST_"))}


class LoadedAirflow:
    """A process of an Airflow environment that has loaded Airflow; a context manager.

    It ends with the process that started it. Commands may run at the same time.

    :param python: the Python of an Airflow environment.
    """

    def __init__(self, python: Path) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="loaded-airflow-")
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._commands = ours
        with theirs:
            self._process = subprocess.Popen(
                [str(python), "-m", "sandbox.airflow_forks", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                cwd=self._folder.name,
                env={
                    **inherited_environment(),
                    "AIRFLOW_HOME": self._folder.name,
                    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
                    "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
                    "PYTHONPATH": str(_ROOT),
                    "PYTHONWARNINGS": "ignore",
                },
            )

    def __enter__(self) -> LoadedAirflow:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        self._commands.close()
        self._process.wait()
        self._folder.cleanup()

    def run(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        on_line: Callable[[str], object],
        seconds: float,
    ) -> int:
        """Run a module to its end, as ``python -m`` does.

        :param arguments: the module's name, and its arguments.
        :param environment: all of its environment variables.
        :param folder: where it runs.
        :param on_line: takes each line of its output, standard error included.
        :param seconds: how long it may take; then it is killed.
        :returns: its exit code; -1 if it was killed or died.
        """
        output, output_end = os.pipe()
        status, status_end = os.pipe()
        command = {"arguments": list(arguments), "environment": dict(environment), "folder": str(folder)}
        try:
            socket.send_fds(self._commands, [json.dumps(command).encode()], [output_end, status_end])
        finally:
            os.close(output_end)
            os.close(status_end)
        with os.fdopen(output, errors="replace") as lines, os.fdopen(status) as statuses:
            return _follow(lines, statuses, on_line, seconds)


def _follow(lines: IO[str], statuses: IO[str], on_line: Callable[[str], object], seconds: float) -> int:
    pid = int(statuses.readline() or 0)
    if not pid:
        raise RuntimeError("The process that had loaded Airflow has ended; its output says why.")
    limit = threading.Timer(seconds, os.kill, (pid, signal.SIGKILL))
    limit.daemon = True
    limit.start()
    try:
        for line in lines:
            on_line(line)
        return int(statuses.readline() or -1)
    finally:
        limit.cancel()
