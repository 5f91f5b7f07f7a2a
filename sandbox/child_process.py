"""Child processes that end with the process that started them; and ports of the loopback for what they serve."""

from __future__ import annotations

import socket
import subprocess
import sys
from typing import TYPE_CHECKING

from sandbox import run_with_parent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def free_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class GuardedProcess:
    """A command and its children in a session of their own, which `run_with_parent` ends with its starter.

    :param command: program and arguments.
    :param log_path: file to append its output to, standard error included.
    :param seconds: how long it may run.
    :param folder: where it runs; default: the folder of the log.
    :param environment: all of its environment variables; default: those of this process.
    """

    def __init__(
        self,
        command: Sequence[str],
        log_path: Path,
        seconds: float,
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        with log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, run_with_parent.__file__, str(seconds), *command],
                cwd=folder or log_path.parent,
                env=None if environment is None else dict(environment),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def request_end(self) -> None:
        """Ask it to end, without waiting: for several that end at the same time."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    def end(self, patience: float = 30.0) -> None:
        """End it in order, and kill it if that takes longer.

        :param patience: seconds that it has.
        """
        self.request_end()
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Kill it and all its children at once (SIGKILL), as when its machine loses power."""
        run_with_parent.kill_session(self._process.pid)
        self.request_end()
        self._process.wait()


def end_child(process: subprocess.Popen[bytes] | subprocess.Popen[str], patience: float = 5.0) -> None:
    """End a process that ends when its pipes close, and kill it if that is not enough.

    :param process: that this process started.
    :param patience: seconds that it has.
    """
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
