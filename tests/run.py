"""Runs groups of `tests.suites`, a few suites at a time, in environments that it builds first; the Makefile calls it.

python3 -m tests.run unit
python3 -m tests.run unit -- -k cron
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from sandbox import environments
from tests import suite_output
from tests.suites import CHOSEN, GROUPS, LANES, USUAL_LANES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.suite_output import Result
    from tests.suites import Suite

LOGS = environments.ROOT / "logs" / "tests"
#: How often (s) a suite that writes to a log says on the screen how far it is.
STILL_RUNNING_SECONDS = 60


class Runner:
    """Runs suites and reports line by line.

    :param live: Whether a suite's own output is shown as it comes; else it goes to a log, and what is worth
        reading of it is shown where the suite fails.
    :param lanes: How many suites run at a time.
    """

    def __init__(self, live: bool, lanes: int) -> None:
        self._live = live
        self._lanes = lanes
        self._printing = threading.Lock()
        self._processes: set[subprocess.Popen[bytes]] = set()

    def run(self, suites: Sequence[Suite]) -> list[Result]:
        """Run suites, and end their processes if this one is asked to end.

        :returns: How each ended, in the order of the suites.
        """
        with ThreadPoolExecutor(max_workers=self._lanes) as lanes:
            running = [lanes.submit(self._run, suite) for suite in suites]
            try:
                return [result.result() for result in running]
            except KeyboardInterrupt:
                lanes.shutdown(wait=False, cancel_futures=True)
                for process in list(self._processes):
                    _end(process)
                raise

    def say(self, text: str) -> None:
        """Print without mixing with what other suites say."""
        with self._printing:
            print(text, flush=True)

    def _run(self, suite: Suite) -> Result:
        built = environments.ensure_all([suite.environment, *suite.needs], self.say)
        own = built.pop(suite.environment)
        for problem in built.values():
            if isinstance(problem, Exception):
                # The tests that need this one fail with the same sentence; the others shall run.
                self.say(f"{suite.title}: {problem}")
        if isinstance(own, Exception):
            result = suite_output.not_run(suite, str(own))
        else:
            self.say(f"{suite.title}: started")
            result = self._run_in_environment(suite)
        self.say(f"{suite.title}: {result.closing}")
        return result

    def _run_in_environment(self, suite: Suite) -> Result:
        command = [str(environments.ENVIRONMENTS[suite.environment].python), *suite.arguments]
        began = time.monotonic()
        if self._live:
            exit_code = self._wait_for(suite, command, None)
            return suite_output.conclude_live(suite, exit_code, time.monotonic() - began)
        log_path = LOGS / f"{suite.title.replace(' ', '-')}.log"
        exit_code = self._wait_for(suite, command, log_path)
        output = log_path.read_text(errors="replace")
        result = suite_output.conclude(suite, exit_code, output, time.monotonic() - began)
        if not result.ok:
            self.say(
                f"\n{suite.title} failed; all of its output is in {log_path}\n{suite_output.worth_reading(output)}"
            )
        return result

    def _wait_for(self, suite: Suite, command: list[str], log_path: Path | None) -> int | None:
        """Run a command to its end, or to the suite's limit: then the response is None."""
        deadline = time.monotonic() + suite.seconds
        log = log_path.open("wb") if log_path else None
        process = subprocess.Popen(
            command,
            cwd=environments.ROOT,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT if log else None,
            start_new_session=True,  # so that it can be ended with all that it started
        )
        self._processes.add(process)
        try:
            while time.monotonic() < deadline:
                try:
                    return process.wait(min(STILL_RUNNING_SECONDS, deadline - time.monotonic()))
                except subprocess.TimeoutExpired:
                    if log_path:
                        self.say(f"{suite.title}: running{suite_output.progress(log_path.read_text(errors='replace'))}")
            return None
        finally:
            _end(process)
            self._processes.discard(process)
            if log:
                log.close()


def environment() -> dict[str, str]:
    """Return the environment variables of a suite: those of this process, but Python may keep what it compiles.

    Suites start hundreds of processes of the environments under `.venvs`. Each one that has to compile all of Airflow
    takes 8 s of CPU more; the files are in `.venvs` and in `__pycache__`, and `make clean` removes them.
    """
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process that was started here, with its group, unless it has ended."""
    for kind, patience in ((signal.SIGINT, 10), (signal.SIGKILL, 10)):
        if process.poll() is not None:
            return
        os.killpg(process.pid, kind)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            continue


def main(arguments: list[str] | None = None) -> int:
    """The command line.

    :param arguments: Default: those of the process.
    :returns: The exit code: 1 if anything failed or nothing was tested, 130 if it was interrupted.
    """
    parser = argparse.ArgumentParser(prog="python3 -m tests.run", description="Runs the tests and the linters.")
    parser.add_argument("group", choices=GROUPS)
    parser.add_argument("extra", nargs="*", metavar="-- EXTRA", help="arguments for each suite, such as -k cron")
    chosen = parser.parse_args(arguments)
    groups = {**GROUPS, **CHOSEN} if chosen.extra else GROUPS
    suites = [dataclasses.replace(suite, arguments=(*suite.arguments, *chosen.extra)) for suite in groups[chosen.group]]
    LOGS.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    began = time.monotonic()
    try:
        results = Runner(len(suites) == 1, LANES.get(chosen.group, USUAL_LANES)).run(suites)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    if len(results) > 1:
        slowest = suite_output.render_slowest(results)
        if slowest:
            print(f"\nThe slowest tests:\n{slowest}")
        print(f"\n{suite_output.render_table(results, time.monotonic() - began)}", flush=True)
    return 0 if all(result.ok for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
