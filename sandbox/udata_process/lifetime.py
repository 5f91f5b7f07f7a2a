"""Ends the portal process when nobody needs it any more; used by ``__main__``."""

from __future__ import annotations

import os
import select
import shutil
import sys
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_LOOK_EVERY = 1.0  # seconds between two checks of the parent and the clock


def end_with_parent(state_dir: Path, max_lifetime: float) -> None:
    """Watch from a thread, and end the process at the first of: stdin closed, parent gone, time over.

    :param state_dir: The folder to remove on the way out.
    :param max_lifetime: Seconds that this process may live.
    """
    deadline = time.monotonic() + max_lifetime
    threading.Thread(target=_watch, args=(state_dir, os.getppid(), deadline), daemon=True).start()


def _watch(state_dir: Path, parent: int, deadline: float) -> None:
    while os.getppid() == parent and (left := deadline - time.monotonic()) > 0:
        readable, _, _ = select.select([sys.stdin], [], [], min(_LOOK_EVERY, left))
        if readable and not os.read(sys.stdin.fileno(), 1024):
            break
    end(state_dir)


def end(state_dir: Path, status: int = 0) -> None:
    """Remove the state and go at once: frozen harvests would keep an ordinary exit waiting forever."""
    shutil.rmtree(state_dir, ignore_errors=True)
    os._exit(status)
