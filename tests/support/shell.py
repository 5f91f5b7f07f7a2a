"""A shell that documented commands are typed into, one after the other."""

from __future__ import annotations

import subprocess
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_END = "---- end of the command:"
_LONGEST = 600.0  # seconds, for all of its commands


class Shell:
    """A bash that keeps its folder and its variables from command to command; a context manager.

    :param folder: where it begins.
    :param environment: all of its environment variables.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],  # noqa: S607
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._limit = threading.Timer(_LONGEST, self._process.kill)
        self._limit.daemon = True
        self._limit.start()

    def __enter__(self) -> Shell:
        return self

    def __exit__(self, *error: object) -> None:
        self._limit.cancel()
        self._process.communicate()

    def run(self, command: str) -> tuple[str, int]:
        """Type a command in; return its output, standard error included, and its exit code."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        # The command reads nothing of what is typed in after it, and the end of its output is on a line of its own.
        self._process.stdin.write(f"{{ {command}\n}} < /dev/null\nprintf '\\n{_END}%s\\n' $?\n")
        self._process.stdin.flush()
        lines: list[str] = []
        for line in self._process.stdout:
            if line.startswith(_END):
                return "".join(lines)[:-1].rstrip("\n"), int(line.removeprefix(_END))
            lines.append(line)
        raise AssertionError(f"The shell ended in {command!r}: {''.join(lines)}")
