"""Runs programs in processes that have loaded Airflow and nothing else; loading it, which takes seconds, is done once.

Called as a program it is the process that loads Airflow, and forks for each line that it reads: a list of a program
and its arguments, as JSON. It answers with a line: [exit code, all that the program printed].
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

#: How long (s) a program may take.
_LIMIT = 120


class FreshAirflow:
    """A process to fork from, which starts when the first program is run; a context manager that ends it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> FreshAirflow:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.communicate()  # closes its input, which ends it

    def run(self, program: Path, *arguments: str) -> str:
        """Run a program, and return the last line that it printed."""
        if self._process is None:
            command = [sys.executable, __file__]
            root = Path(__file__).parents[2]
            self._process = subprocess.Popen(
                command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{json.dumps([str(program), *arguments])}\n")
        self._process.stdin.flush()
        exit_code, printed = json.loads(self._process.stdout.readline())
        assert exit_code == 0, printed[-3000:]
        last: str = printed.splitlines()[-1]
        return last


def _run_in_fork(command: list[str]) -> tuple[int, str]:
    with tempfile.TemporaryFile("w+") as printed:
        child = os.fork()
        if child == 0:
            os.dup2(printed.fileno(), 1)
            os.dup2(printed.fileno(), 2)
            signal.alarm(_LIMIT)
            _be(command)
        _, status = os.waitpid(child, 0)
        printed.seek(0)
        return os.waitstatus_to_exitcode(status), printed.read()


def _be(command: list[str]) -> None:
    """Become a program; this does not return."""
    exit_code = 1
    try:
        sys.argv = command
        runpy.run_path(command[0], run_name="__main__")
        exit_code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(exit_code)


def main() -> None:
    """Load Airflow, and run a program for each line of the input."""
    # What Airflow prints while it is loaded must not come among the answers.
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)
        importlib.import_module("airflow")
        for line in sys.stdin:
            print(json.dumps(_run_in_fork(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
