"""Runs one Airflow component in a session of its own that ends with the process that started it, which runs this.

An Airflow component leaves children behind when it dies, and a killed pytest would leave the components. So the guard
ends the whole session when its standard input closes, when its time is over, or when the component ends by itself.

python guard.py SECONDS COMMAND...
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

_GRACE = 5.0  # seconds between asking a component to end and insisting
_LOOK = 1.0  # seconds between two checks of the component


def members_of(session: int) -> list[int]:
    """Return the ids of the processes of a session."""
    members = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                in_session = os.getsid(int(entry.name)) == session
            except (ProcessLookupError, PermissionError):
                continue
            if in_session:
                members.append(int(entry.name))
    return members


def kill_session(session: int, spare: int = 0) -> None:
    """Kill every process of a session at once, until none is left.

    :param session: id of the session's leader.
    :param spare: a process to let live.
    """
    while victims := [pid for pid in members_of(session) if pid != spare and not _is_dead(pid)]:
        for pid in victims:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.05)


def _is_dead(pid: int) -> bool:
    """Whether a process is gone or waits to be reaped by a parent."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state in "ZX"


def _guard(seconds: float, command: list[str]) -> int:
    end = time.monotonic() + seconds
    component = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    while component.poll() is None and (left := end - time.monotonic()) > 0:
        if select.select([sys.stdin], [], [], min(_LOOK, left))[0]:  # closed: nobody ever writes to it
            break
    component.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        component.wait(_GRACE)
    kill_session(os.getsid(0), spare=os.getpid())
    return component.wait()


if __name__ == "__main__":
    sys.exit(_guard(float(sys.argv[1]), sys.argv[2:]))
