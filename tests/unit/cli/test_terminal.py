"""What commands look like: at 80 and 200 columns, piped, on a terminal, interrupted, and without rich."""

from __future__ import annotations

import fcntl
import io
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.cli.main import main
from airflow_provider_harvest.portal.clock import Clock
from tests.support.fake_portal.response_faults import Pass, Reply
from tests.support.fake_portal.server import Door, InProcess, PortalServer
from tests.support.fake_portal.state import KEY, USER

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.support.fork_server import ForkServer

NAME = "airflow-harvest"
ESCAPE = re.compile(r"\x1b\[")
_START = "import sys; from airflow_provider_harvest.cli.main import main; sys.exit(main(sys.argv[1:]))"
_WITHOUT_RICH = f"import sys; sys.modules['rich'] = None; {_START}"
HOSTILE = "\x1b[31mTowns\x1b]0;title\x07 of the \u202evalley " + "and of all the villages around it " * 6


def harvested_twice(door: Door) -> Door:
    """Give a portal a source whose name is hostile and long, with two harvests."""
    door.portal.keys[KEY] = {**USER, "roles": ["admin"]}
    source = door.portal.add_source(HOSTILE)
    for status, failed in (("done", 0), ("done-errors", 1)):
        job = door.portal.add_job(source)
        door.portal.add_items(job, done=1234, failed=failed)
        door.portal.end_job(job, status)
    return door


@pytest.fixture
def portal() -> Iterator[Door]:
    """A portal in this process."""
    with InProcess("D") as door:
        yield harvested_twice(door)


@pytest.fixture
def served() -> Iterator[Door]:
    """A portal for commands in processes of their own."""
    with PortalServer("D") as door:
        yield harvested_twice(door)


def source_of(door: Door) -> str:
    return next(iter(door.portal.sources))


@pytest.fixture
def source(portal: Door) -> str:
    """The id of the source of the portal in this process."""
    return source_of(portal)


def add_foreign_source(door: Door) -> str:
    """Return the id of a new source whose name has letters that few encodings have, and whose harvest failed."""
    source = door.portal.add_source("Städte 城市")
    door.portal.end_job(door.portal.add_job(source), "failed")
    return source


def environment(portal: Door) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
    return {**kept, "HARVEST_PORTAL": portal.url, "HARVEST_API_KEY": KEY, "TERM": "xterm-256color"}


@pytest.fixture
def piped(portal: Door, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs a command whose output goes elsewhere than to a terminal; gives its exit code and what it wrote."""

    def run(*arguments: str, columns: int | None = None) -> tuple[int, str]:
        for name, value in environment(portal).items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("COLUMNS", raising=False)
        if columns:
            monkeypatch.setenv("COLUMNS", str(columns))
        code = main(list(arguments))
        captured = capsys.readouterr()
        assert "\x1b" not in captured.out + captured.err
        return code, captured.out

    return run


class Terminal:
    """A command on a pseudo-terminal of its own, as one window of a person's screen."""

    def __init__(self, commands: ForkServer, portal: Door, arguments: Sequence[str], code: str = _START) -> None:
        self._screen, its_own = pty.openpty()
        fcntl.ioctl(its_own, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 80, 0, 0))
        self._command = commands.start(
            code, NAME, *arguments, env=environment(portal), stdout=its_own, stderr=its_own, terminal=True
        )
        os.close(its_own)
        self.seen = ""

    def read_until(self, text: str | None) -> str:
        """Read what is shown until a string appears; None: until the command ends."""
        deadline = time.monotonic() + 60
        while text is None or text not in self.seen:
            assert time.monotonic() < deadline, self.seen
            readable, _, _ = select.select([self._screen], [], [], 1)
            if not readable:
                continue
            try:
                more = os.read(self._screen, 65536)
            except OSError:  # the other side is closed
                more = b""
            if not more:
                assert text is None, self.seen
                break
            self.seen += more.decode()
        return self.seen

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        os.write(self._screen, b"\x03")

    def code(self) -> int:
        """Wait for the end, and return the exit code."""
        self.read_until(None)
        os.close(self._screen)
        return self._command.wait()


class Redirected:
    """A command whose output goes where a shell sends it, and whose errors are read here."""

    def __init__(self, commands: ForkServer, portal: Door, *arguments: str, stdout: int) -> None:
        reading, writing = os.pipe()
        self.stderr = open(reading)  # noqa: PTH123, SIM115 - closed by `end`
        self._command = commands.start(_START, NAME, *arguments, env=environment(portal), stdout=stdout, stderr=writing)
        self.pid = self._command.pid
        os.close(writing)

    def end(self) -> tuple[int, str]:
        """Wait for the end, and return the exit code and what it wrote to standard error since it was read last."""
        with self.stderr:
            said = self.stderr.read()
        return self._command.wait(), said


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.parametrize("name", ["jobs", "watch", "health", "compare"])
def test_output_fits_its_width_and_has_no_escape_codes(piped: Any, source: str, name: str, columns: int) -> None:
    more = {"jobs": [source], "watch": ["--rounds", "1"], "health": [], "compare": [source]}[name]
    _, out = piped(name, *more, columns=columns)
    assert out
    assert "\u202e" not in out
    if name != "health":  # a line for each finding, of whole sentences
        assert max(len(line) for line in out.splitlines()) <= columns


def test_piped_output_is_80_columns_wide(piped: Any, source: str) -> None:
    assert max(len(line) for line in piped("watch", "--rounds", "1")[1].splitlines()) == 80


def test_a_wide_terminal_shows_more_columns(piped: Any, source: str) -> None:
    narrow, wide = (piped("jobs", source, columns=columns)[1] for columns in (80, 200))
    assert "archived" not in narrow.splitlines()[0]
    assert wide.splitlines()[0].split() == [
        "job", "started", "(UTC)", "status", "took", "done", "failed", "skipped", "archived",
    ]  # fmt: skip


@pytest.mark.parametrize("code", [_START, _WITHOUT_RICH], ids=["with rich", "without rich"])
def test_a_live_table_is_shown_and_ctrl_c_ends_it_well(commands: ForkServer, served: Door, code: str) -> None:
    terminal = Terminal(commands, served, ["watch", "--interval", "1"], code)
    terminal.read_until("Towns of the valley")
    terminal.interrupt()
    assert terminal.code() == 0
    assert "Traceback" not in terminal.seen
    assert bool(ESCAPE.search(terminal.seen)) is (code == _START)
    assert "\x1b[31m" not in terminal.seen
    assert "\x1b]0;title" not in terminal.seen


@pytest.mark.parametrize("code", [_START, _WITHOUT_RICH], ids=["with rich", "without rich"])
def test_ctrl_c_in_the_middle_of_a_run_says_that_the_harvest_goes_on(
    commands: ForkServer, served: Door, code: str
) -> None:
    served.portal.worker = lambda state: state.work(None, done=1)
    terminal = Terminal(commands, served, ["run", source_of(served), "--wait", "--interval", "1"], code)
    terminal.read_until("initialized")
    terminal.interrupt()
    assert terminal.code() == 130
    assert "The harvest continues" in terminal.seen
    assert "Traceback" not in terminal.seen


def test_an_interrupt_of_a_piped_run_says_the_same(commands: ForkServer, served: Door) -> None:
    served.portal.worker = lambda state: state.work(None, done=1)
    with tempfile.TemporaryFile() as out:
        run = Redirected(
            commands, served, "run", source_of(served), "--wait", "--interval", "1", "--json", stdout=out.fileno()
        )
        while "initialized" not in (line := run.stderr.readline()):
            assert line, "it has ended"
        os.kill(run.pid, signal.SIGINT)
        code, err = run.end()
        out.seek(0)
        assert (code, out.read()) == (130, b"")
    assert "The harvest continues" in err
    assert "\x1b" not in err


def test_a_watched_job_is_a_line_of_json_for_each_poll(portal: Door, piped: Any) -> None:
    code, out = piped("watch", next(reversed(portal.portal.jobs)), "--json")
    assert code == 2
    assert [json.loads(line)["failed"] for line in out.splitlines()] == [1]


def test_a_watch_outlives_a_portal_that_is_away_for_a_moment(
    portal: Door, piped: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Clock, "sleep", lambda self, seconds: None)
    job = next(reversed(portal.portal.jobs))
    portal.script("GET", f"/harvest/job/{job}/", Pass(), *[Reply(503)] * 8)
    code, out = piped("watch", job, "--interval", "0", "--json")
    assert code == 2
    assert "error" in json.loads(out.splitlines()[0])
    assert out.splitlines()[-1].startswith('{"job_id"')


@pytest.mark.parametrize(
    "arguments",
    [
        ("jobs", "{source}"),
        ("run", "{source}"),
        ("watch", "--rounds", "1"),
        ("report", "{source}"),
        ("compare", "{source}"),
        ("health",),
    ],
    ids=lambda arguments: arguments[0],
)
def test_json_everywhere(piped: Any, source: str, arguments: tuple[str, ...]) -> None:
    code, out = piped(*(one.format(source=source) for one in arguments), "--json")
    assert code in (0, 2)
    assert json.loads(out) is not None


class TestOutputThatCannotBeWritten:
    """What a shell does with the output ends a command without a traceback."""

    @pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
    @pytest.mark.parametrize("arguments", [["health"], ["watch", "--rounds", "1"], ["jobs", "ID", "--json"]])
    def test_letters_that_its_encoding_lacks_are_written_as_escapes(
        self, portal: Door, monkeypatch: pytest.MonkeyPatch, encoding: str, arguments: list[str]
    ) -> None:
        """As a shell of another language gives the command its output: strict, until the command changes that."""
        written = {name: io.BytesIO() for name in ("stdout", "stderr")}
        for name, value in environment(portal).items():
            monkeypatch.setenv(name, value)
        for name, buffer in written.items():
            monkeypatch.setattr(sys, name, io.TextIOWrapper(buffer, encoding=encoding, errors="strict"))
        foreign = add_foreign_source(portal)
        code = main([foreign if word == "ID" else word for word in arguments])
        sys.stderr.flush()
        assert (code in (0, 2), written["stderr"].getvalue()) == (True, b"")
        assert b"\\u57ce" in written["stdout"].getvalue()

    def test_a_process_of_another_encoding_ends_well(self, served: Door) -> None:
        surroundings = {**environment(served), "PYTHONIOENCODING": "ascii"}
        command = [sys.executable, "-c", _START, "jobs", add_foreign_source(served), "--json"]
        done = subprocess.run(command, env=surroundings, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
        assert b"\\u57ce" in done.stdout

    def test_reader_that_has_read_enough_is_no_error(self, commands: ForkServer, served: Door) -> None:
        reading, writing = os.pipe()
        os.close(reading)
        run = Redirected(commands, served, "compare", source_of(served), "--json", stdout=writing)
        os.close(writing)
        assert run.end() == (141, "")

    def test_full_disk_is_a_sentence(self, commands: ForkServer, served: Door) -> None:
        with Path("/dev/full").open("w") as full:
            run = Redirected(commands, served, "jobs", source_of(served), stdout=full.fileno())
        assert run.end() == (1, "airflow-harvest: standard output: No space left on device\n")
