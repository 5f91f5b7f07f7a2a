"""The portal process ends by itself and takes its state with it, whatever happens to the process that started it."""

from __future__ import annotations

import select
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from sandbox import environments

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PATIENCE = 20  # seconds
#: A process under the same watch as the portal, which would otherwise stay forever.
_WATCHED = """
import pathlib, sys, threading
from sandbox.udata_process import lifetime
lifetime.end_with_parent(pathlib.Path(sys.argv[1]), float(sys.argv[2]))
print("watching", flush=True)
threading.Event().wait()
"""
#: Starts the above, and waits to be killed.
_SHORT_LIVED_PARENT = """
import signal, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", *sys.argv[1:]], stdin=0)
signal.pause()
"""


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    """A folder with something in it, as the portal's state."""
    folder = tmp_path / "state"
    (folder / "storage").mkdir(parents=True)
    return folder


class Watched:
    """A process, and what it was started with."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-c", *arguments]
        self.process = subprocess.Popen(
            command, cwd=environments.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.stdin, self.stdout = self.process.stdin, self.process.stdout
        assert self.stdout.readline() == "watching\n"


@pytest.fixture
def watched(state_dir: Path) -> Iterator[list[Watched]]:
    """Takes the processes of a test, and ends those that are left."""
    started: list[Watched] = []
    yield started
    for one in started:
        one.process.kill()
        one.process.wait()
        one.stdin.close()
        one.stdout.close()


def test_ends_when_stdin_is_closed(state_dir: Path, watched: list[Watched]) -> None:
    watched.append(Watched(_WATCHED, str(state_dir), "1000"))
    watched[0].stdin.close()
    assert watched[0].process.wait(_PATIENCE) == 0
    assert not state_dir.exists()


def test_ends_when_its_time_is_over(state_dir: Path, watched: list[Watched]) -> None:
    watched.append(Watched(_WATCHED, str(state_dir), "0.1"))
    assert watched[0].process.wait(_PATIENCE) == 0
    assert not state_dir.exists()


def test_ends_when_its_parent_is_gone_though_stdin_stays_open(state_dir: Path, watched: list[Watched]) -> None:
    watched.append(Watched(_SHORT_LIVED_PARENT, _WATCHED, str(state_dir), "1000"))
    watched[0].process.kill()
    # The grandchild holds the other end of this pipe, which is at its end when that has ended.
    assert select.select([watched[0].stdout], [], [], _PATIENCE)[0]
    assert watched[0].stdout.read() == ""
    assert not state_dir.exists()
