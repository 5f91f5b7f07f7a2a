"""Runs programs in processes that have loaded some modules and nothing else; loading them is done once.

A process that has loaded them forks for each request that it reads: a line of JSON, and with it where the output of the
fork goes. It responds with a line when the fork has started, its process id, and with one when it has ended, its exit
code. It is this file called as a program, or a fork of a process that needs the same modules, see `fork_early`.
"""

from __future__ import annotations

import fcntl
import gc
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import termios
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

#: How long (s) a program may take.
_LIMIT = 120
_PROGRAM = "import runpy, sys; runpy.run_path(sys.argv[0], run_name='__main__')"


class ForkServer:
    """A process to fork from, which starts with the first program; a context manager that ends it.

    :param modules: What it loads.
    """

    def __init__(self, *modules: str) -> None:
        self._modules = modules
        self._server: _Server | None = None
        self._running: ForkedProgram | None = None

    def __enter__(self) -> ForkServer:
        return self

    def __exit__(self, *_: object) -> None:
        if self._server:
            self._end_program()
            self._server.end()

    def start(
        self, code: str, *arguments: str, env: Mapping[str, str], stdout: int, stderr: int, terminal: bool = False
    ) -> ForkedProgram:
        """Run code as a program; one at a time, so that one that runs is ended.

        :param arguments: ``sys.argv``.
        :param terminal: Whether its output is a terminal of its own: also its input, whose Ctrl-C interrupts it.
        """
        if not self._server:
            self._server = _early.pop(self._modules, None) or _start(self._modules)
        self._end_program()
        request = {"code": code, "arguments": arguments, "env": dict(env), "terminal": terminal}
        socket.send_fds(self._server.requests, [f"{json.dumps(request)}\n".encode()], [stdout, stderr])
        self._running = ForkedProgram(self._server.responses)
        return self._running

    def run(self, program: Path, *arguments: str) -> str:
        """Run a file, and return the last line that it printed."""
        with tempfile.TemporaryFile("w+") as printed:
            output = printed.fileno()
            fork = self.start(_PROGRAM, str(program), *arguments, env=os.environ, stdout=output, stderr=output)
            exit_code = fork.wait()
            printed.seek(0)
            lines = printed.read()
        assert exit_code == 0, lines[-3000:]
        last: str = lines.splitlines()[-1]
        return last

    def _end_program(self) -> None:
        if self._running and self._running.exit_code is None:
            os.kill(self._running.pid, signal.SIGKILL)
            self._running.wait()


class ForkedProgram:
    """A program that runs, or has run."""

    def __init__(self, responses: IO[str]) -> None:
        self._responses = responses
        self.pid = int(responses.readline())
        #: That of a program that was waited for.
        self.exit_code: int | None = None

    def wait(self) -> int:
        """Wait for the end, and return the exit code; negative: a signal."""
        self.exit_code = int(self._responses.readline())
        return self.exit_code


class _Server:
    """The other side of a process that forks.

    :param wait: Waits for its end.
    """

    def __init__(self, requests: socket.socket, wait: Callable[[], object]) -> None:
        self.requests, self._wait = requests, wait
        requests.settimeout(_LIMIT)
        self.responses = requests.makefile("r")

    def end(self) -> None:
        """Request nothing more, which ends the process, and wait for it."""
        self.responses.close()
        self.requests.close()
        self._wait()


#: Those that `fork_early` has started, by what they have loaded.
_early: dict[tuple[str, ...], _Server] = {}


def fork_early(*modules: str) -> None:
    """Load modules, which this process needs too, and fork the server that the first `ForkServer` of them will use.

    To be called before anything else is loaded. In the programs of the server this does not return.
    """
    _load(modules)
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        ours.close()
        _serve(theirs)
        sys.exit()
    theirs.close()
    _early[modules] = _Server(ours, lambda: os.waitpid(pid, 0))


def _start(modules: Sequence[str]) -> _Server:
    ours, theirs = socket.socketpair()
    with theirs:
        command = [sys.executable, "-m", __name__, str(theirs.fileno()), *modules]
        process = subprocess.Popen(command, cwd=Path(__file__).parents[2], pass_fds=[theirs.fileno()])
    return _Server(ours, process.wait)


def _load(modules: Sequence[str]) -> None:
    gc.disable()  # nothing that they make is freed
    for module in modules:
        importlib.import_module(module)
    gc.freeze()
    gc.enable()


def _serve(connection: socket.socket) -> None:
    """Fork for each request; returns in the server when there are no more, and in each fork when its program ends."""
    with connection:
        request = _next_request(connection)
    if request:
        exec(request["code"], {"__name__": "__main__"})  # noqa: S102 - a program of a test


def _next_request(connection: socket.socket) -> dict[str, Any] | None:
    """Fork for each request; the fork returns with its own, the server with none when there are no more."""
    while True:
        received, streams, _, _ = socket.recv_fds(connection, 65536, 2)
        while received and not received.endswith(b"\n"):
            received += connection.recv(65536)
        if not received:
            return None
        request: dict[str, Any] = json.loads(received)
        pid = os.fork()
        if pid == 0:
            _become(request, streams)
            return request
        for stream in streams:
            os.close(stream)
        connection.sendall(f"{pid}\n".encode())
        _, status = os.waitpid(pid, 0)
        connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())


def _become(request: dict[str, Any], streams: Sequence[int]) -> None:
    """Take the streams, the environment and the arguments of a request, as a process has them when it starts."""
    signal.alarm(_LIMIT)
    standard_input = streams[0] if request["terminal"] else os.open(os.devnull, os.O_RDONLY)
    for place, stream in enumerate((standard_input, *streams)):
        os.dup2(stream, place)
    if request["terminal"]:
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    # As Python itself opens them: those that it has opened are what the server's output was, such as a file.
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    os.environ.clear()
    os.environ.update(request["env"])
    sys.argv = request["arguments"]


if __name__ == "__main__":
    _load(sys.argv[2:])
    _serve(socket.socket(fileno=int(sys.argv[1])))
