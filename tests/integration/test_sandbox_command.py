"""`python -m sandbox`: a portal for people, who read on the terminal how to use it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING

import pytest

from sandbox import environments

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.integration

_PATIENCE = 60  # seconds
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Terminal:
    """The command as somebody started it, and what it has printed so far."""

    def __init__(self, *arguments: str, ignores_interrupts: bool = False) -> None:
        command = [sys.executable, "-m", "sandbox", *arguments]
        if ignores_interrupts:
            command = ["/bin/sh", "-c", 'trap "" INT; exec "$0" "$@"', *command]
        self.process = subprocess.Popen(
            command,
            cwd=environments.ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.text = ""

    def read_until(self, words: str) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.text += line
            if words in line:
                return
        pytest.fail(f"It ended without saying {words!r}:\n{self.text}")

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.text += self.process.communicate(timeout=_PATIENCE)[0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the command leaves its log and the exports."""
    return tmp_path_factory.mktemp("sandbox-command")


@pytest.fixture(scope="module")
def terminal(folder: Path) -> Iterator[Terminal]:
    """The command running, read up to the end of what it explains."""
    running = Terminal("--log-dir", str(folder), "--env-file", str(folder / "exports"))
    running.read_until("Ctrl-C ends it")
    yield running
    running.interrupt()


@pytest.fixture
def exported(terminal: Terminal, folder: Path) -> dict[str, str]:
    """The variables of a shell that has sourced the exports."""
    command = f". {folder / 'exports'} && {sys.executable} -c 'import json, os; print(json.dumps(dict(os.environ)))'"
    printed = subprocess.run(["/bin/sh", "-c", command], capture_output=True, check=True, timeout=_PATIENCE).stdout
    return dict(json.loads(printed))


def test_the_exported_connection_logs_the_sysadmin_in(exported: dict[str, str]) -> None:
    connection = json.loads(exported["AIRFLOW_CONN_HARVEST_DEFAULT"])
    request = urllib.request.Request(f"{connection['host']}/api/1/me/", headers={"X-API-KEY": connection["password"]})
    with _DIRECT.open(request, timeout=_PATIENCE) as answer:
        assert "admin" in json.load(answer)["roles"]


def test_the_exports_are_enough_for_the_command_line(exported: dict[str, str]) -> None:
    connection = json.loads(exported["AIRFLOW_CONN_HARVEST_DEFAULT"])
    assert exported["HARVEST_PORTAL"] == connection["host"]
    assert exported["HARVEST_API_KEY"] == connection["password"]


def test_the_exports_are_on_the_terminal_too(terminal: Terminal, folder: Path) -> None:
    assert (folder / "exports").read_text() in terminal.text


def test_only_the_owner_may_read_the_exports(terminal: Terminal, folder: Path) -> None:
    assert (folder / "exports").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("catalogue", ["cities", "mixed", "empty"])
def test_the_catalogues_named_are_served(terminal: Terminal, catalogue: str) -> None:
    (address,) = [word for word in terminal.text.split() if word.endswith(f"/{catalogue}.xml")][:1]
    with _DIRECT.open(address, timeout=_PATIENCE) as answer:
        assert answer.headers["Content-Type"] == "application/rdf+xml"


@pytest.mark.parametrize("is_ignored", [False, True], ids=["in a terminal", "in the background of a shell"])
def test_an_interrupt_ends_it_in_order(tmp_path: Path, is_ignored: bool) -> None:
    running = Terminal("--log-dir", str(tmp_path), ignores_interrupts=is_ignored)
    running.read_until("Ctrl-C ends it")
    running.interrupt()
    assert running.process.returncode == 0
    assert running.text.endswith("The portal has ended; its data is gone.\n")


def test_it_ends_when_its_minutes_are_over(tmp_path: Path) -> None:
    running = Terminal("--log-dir", str(tmp_path), "--minutes", "0.01")
    running.read_until("time is over")
    assert running.process.wait(_PATIENCE) == 0
