"""Child processes end in order, or are killed with their children; and they end with the process that started them."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from sandbox import environments, run_with_parent
from sandbox.child_process import GuardedProcess, end_child, free_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_PATIENCE = 20.0
#: Starts a child of its own, says so, and does not end when asked.
_STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("child", child.pid, flush=True)
time.sleep(600)
"""
_OBEDIENT = "import time; print('began', flush=True); time.sleep(600)"


def started(source: str, log: Path, seconds: float = 600.0) -> GuardedProcess:
    process = GuardedProcess([sys.executable, "-c", source], log, seconds)
    eventually(lambda: log.read_text() != "")
    return process


def eventually(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    return not run_with_parent._is_dead(pid)


def test_ends_in_order(tmp_path: Path) -> None:
    process = started(_OBEDIENT, tmp_path / "log")
    assert process.is_running
    process.end(_PATIENCE)
    assert not process.is_running


@pytest.mark.parametrize("end", [GuardedProcess.kill, lambda process: process.end(0.1)], ids=["kill", "no patience"])
def test_kills_what_does_not_end_with_its_children(tmp_path: Path, end: Callable[[GuardedProcess], None]) -> None:
    process = started(_STUBBORN, tmp_path / "log")
    child = int((tmp_path / "log").read_text().split()[1])
    assert is_alive(child)
    end(process)
    assert not process.is_running
    assert not is_alive(child)


def test_ends_when_its_time_is_over(tmp_path: Path) -> None:
    process = started(_OBEDIENT, tmp_path / "log", seconds=0.1)
    eventually(lambda: not process.is_running)


def test_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    starter = (
        "import pathlib, sys, time; from sandbox.child_process import GuardedProcess\n"
        f"GuardedProcess([sys.executable, '-c', {_STUBBORN!r}], pathlib.Path(sys.argv[1]), 600.0); time.sleep(600)\n"
    )
    log = tmp_path / "log"
    log.touch()
    parent = subprocess.Popen([sys.executable, "-c", starter, str(log)], cwd=environments.ROOT)
    eventually(lambda: log.read_text() != "")
    child = int(log.read_text().split()[1])
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    eventually(lambda: not is_alive(child))


@pytest.mark.parametrize(
    "source, patience", [("input()", _PATIENCE), ("import time; time.sleep(600)", 0.1)], ids=["by its pipes", "killed"]
)
def test_child_ends(source: str, patience: float) -> None:
    child = subprocess.Popen([sys.executable, "-c", source], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    end_child(child, patience)
    assert child.returncode is not None


def test_free_port_is_one_that_can_be_listened_on() -> None:
    with socket.create_server(("127.0.0.1", free_port())):
        pass
