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
import termios
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.cli.main import main
from airflow_provider_harvest.portal.clock import Clock
from tests.support.fake_portal.response_faults import Pass, Reply
from tests.support.fake_portal.server import PortalServer
from tests.support.fake_portal.state import KEY, USER

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ESCAPE = re.compile(r"\x1b\[")
_START = "import sys; from airflow_provider_harvest.cli.main import main; sys.exit(main(sys.argv[1:]))"
_WITHOUT_RICH = f"import sys; sys.modules['rich'] = None; {_START}"
HOSTILE = "\x1b[31mTowns\x1b]0;title\x07 of the \u202evalley " + "and of all the villages around it " * 6


@pytest.fixture
def portal() -> Iterator[PortalServer]:
    """A portal with a source whose name is hostile and long, harvested twice."""
    with PortalServer("D") as server:
        server.portal.keys[KEY] = {**USER, "roles": ["admin"]}
        source = server.portal.add_source(HOSTILE)
        for status, failed in (("done", 0), ("done-errors", 1)):
            job = server.portal.add_job(source)
            server.portal.add_items(job, done=1234, failed=failed)
            server.portal.end_job(job, status)
        yield server


@pytest.fixture
def source(portal: PortalServer) -> str:
    """The id of its source."""
    return next(iter(portal.portal.sources))


@pytest.fixture
def foreign(portal: PortalServer) -> str:
    """The id of a source whose name has letters that few encodings have, and whose harvest failed."""
    source = portal.portal.add_source("Städte 城市")
    portal.portal.end_job(portal.portal.add_job(source), "failed")
    return source


def command(*arguments: str, code: str = _START) -> list[str]:
    return [sys.executable, "-c", code, *arguments]


def environment(portal: PortalServer) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
    return {**kept, "HARVEST_PORTAL": portal.url, "HARVEST_API_KEY": KEY, "TERM": "xterm-256color"}


@pytest.fixture
def piped(portal: PortalServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
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

    def __init__(self, portal: PortalServer, arguments: Sequence[str], code: str = _START, columns: int = 80) -> None:
        pid, self._screen = pty.fork()
        if pid == 0:  # the command
            os.execve(sys.executable, command(*arguments, code=code), environment(portal))  # noqa: S606 - pytest's own interpreter
        self.pid, self.seen = pid, ""
        fcntl.ioctl(self._screen, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))

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
        _, status = os.waitpid(self.pid, 0)
        os.close(self._screen)
        return os.waitstatus_to_exitcode(status)


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.parametrize("name", ["jobs", "watch", "health", "compare"])
def test_output_fits_its_width_and_has_no_escape_codes(piped: Any, source: str, name: str, columns: int) -> None:
    more = {"jobs": [source], "watch": ["--rounds", "1"], "health": [], "compare": [source]}[name]
    _, out = piped(name, *more, columns=columns)
    assert out
    assert "\u202e" not in out
    if name != "health":  # a message for a chat, of whole sentences
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
def test_a_live_table_is_shown_and_ctrl_c_ends_it_well(portal: PortalServer, code: str) -> None:
    terminal = Terminal(portal, ["watch", "--interval", "1"], code)
    terminal.read_until("Towns of the valley")
    terminal.interrupt()
    assert terminal.code() == 0
    assert "Traceback" not in terminal.seen
    assert bool(ESCAPE.search(terminal.seen)) is (code == _START)
    assert "\x1b[31m" not in terminal.seen
    assert "\x1b]0;title" not in terminal.seen


@pytest.mark.parametrize("code", [_START, _WITHOUT_RICH], ids=["with rich", "without rich"])
def test_ctrl_c_in_the_middle_of_a_run_says_that_the_harvest_goes_on(
    portal: PortalServer, source: str, code: str
) -> None:
    portal.portal.worker = lambda state: state.work(None, done=1)
    terminal = Terminal(portal, ["run", source, "--wait", "--interval", "1"], code)
    terminal.read_until("initialized")
    terminal.interrupt()
    assert terminal.code() == 130
    assert "The harvest continues" in terminal.seen
    assert "Traceback" not in terminal.seen


def test_an_interrupt_of_a_piped_run_says_the_same(portal: PortalServer, source: str) -> None:
    portal.portal.worker = lambda state: state.work(None, done=1)
    process = subprocess.Popen(
        command("run", source, "--wait", "--interval", "1", "--json"),
        env=environment(portal), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    while "initialized" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert "The harvest continues" in err
    assert "\x1b" not in err


def test_a_watched_job_is_a_line_of_json_for_each_poll(portal: PortalServer, piped: Any) -> None:
    code, out = piped("watch", next(reversed(portal.portal.jobs)), "--json")
    assert code == 2
    assert [json.loads(line)["failed"] for line in out.splitlines()] == [1]


def test_a_watch_outlives_a_portal_that_is_away_for_a_moment(
    portal: PortalServer, piped: Any, monkeypatch: pytest.MonkeyPatch
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
        self, portal: PortalServer, foreign: str, monkeypatch: pytest.MonkeyPatch, encoding: str, arguments: list[str]
    ) -> None:
        """As a shell of another language gives the command its output: strict, until the command changes that."""
        written = {name: io.BytesIO() for name in ("stdout", "stderr")}
        for name, value in environment(portal).items():
            monkeypatch.setenv(name, value)
        for name, buffer in written.items():
            monkeypatch.setattr(sys, name, io.TextIOWrapper(buffer, encoding=encoding, errors="strict"))
        code = main([foreign if word == "ID" else word for word in arguments])
        sys.stderr.flush()
        assert (code in (0, 2), written["stderr"].getvalue()) == (True, b"")
        assert b"\\u57ce" in written["stdout"].getvalue()

    def test_a_process_of_another_encoding_ends_well(self, portal: PortalServer, foreign: str) -> None:
        surroundings = {**environment(portal), "PYTHONIOENCODING": "ascii"}
        done = subprocess.run(command("jobs", foreign, "--json"), env=surroundings, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
        assert b"\\u57ce" in done.stdout

    def test_reader_that_has_read_enough_is_no_error(self, portal: PortalServer, source: str) -> None:
        process = subprocess.Popen(
            command("compare", source, "--json"),
            env=environment(portal),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert (process.stderr.read(), process.wait(60)) == (b"", 141)
        process.stderr.close()

    def test_full_disk_is_a_sentence(self, portal: PortalServer, source: str) -> None:
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                command("jobs", source), env=environment(portal), stdout=full, stderr=subprocess.PIPE, check=False
            )
        said = b"airflow-harvest: standard output: No space left on device\n"
        assert (done.returncode, done.stderr) == (1, said)
