"""A command that runs in a fork of a loaded Airflow is like a process of its own."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.dags.conftest import Airflows

pytestmark = pytest.mark.slow

ENVIRONMENT = {"PATH": os.environ["PATH"], "WHO": "the reader"}


def run(airflows: Airflows, statement: str, folder: Path, seconds: float = 60.0) -> tuple[int, str]:
    """Run a Python statement by the standard library's `timeit`; return its exit code and what it printed."""
    lines: list[str] = []
    arguments = ["timeit", "-n", "1", "-r", "1", "-s", "import os, sys, time", statement]
    return airflows.airflow.run(arguments, ENVIRONMENT, folder, lines.append, seconds), "".join(lines)


def test_it_has_its_folder_and_its_environment_only(airflows: Airflows, tmp_path: Path) -> None:
    code, printed = run(airflows, "print(os.getcwd(), sorted(os.environ.items()))", tmp_path)
    assert code == 0
    assert f"{tmp_path} {sorted(ENVIRONMENT.items())}" in printed


def test_its_exit_code_and_its_errors_are_reported(airflows: Airflows, tmp_path: Path) -> None:
    lines: list[str] = []
    assert airflows.airflow.run(["json.tool", "no-such-file"], ENVIRONMENT, tmp_path, lines.append, 60.0) == 2
    assert "no-such-file" in lines[-1]


def test_its_death_is_reported(airflows: Airflows, tmp_path: Path) -> None:
    assert run(airflows, "os._exit(4)", tmp_path) == (-1, "")


def test_it_is_killed_at_its_limit(airflows: Airflows, tmp_path: Path) -> None:
    code, printed = run(airflows, "print('begun', flush=True); time.sleep(600)", tmp_path, seconds=0.5)
    assert code == -1
    assert printed in ("begun\n", "")


def test_two_run_at_the_same_time(airflows: Airflows, tmp_path: Path) -> None:
    """The first one ends only when the second one has made a file."""
    waits = "while not os.path.exists('made'): time.sleep(0.01)"
    codes: list[int] = []
    first = threading.Thread(target=lambda: codes.append(run(airflows, waits, tmp_path)[0]))
    first.start()
    assert run(airflows, "open('made', 'w').close()", tmp_path)[0] == 0
    first.join()
    assert codes == [0]
