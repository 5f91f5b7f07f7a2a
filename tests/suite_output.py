"""Pure reading of what suites printed, and the closing table; for `tests.run`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.suites import Suite

#: How many lines of a failed suite's output go to the screen.
LINES_WORTH_READING = 300
_COUNT = re.compile(r"(\d+) (passed|failed|errors?|skipped|xfailed|xpassed)\b")
_CLOSING_LINE = re.compile(r"^=* ?(?:\d+ [a-z]+,? )+in \d[^=\n]*=*$|^=+ no tests ran in [^=]*=+$", re.MULTILINE)
_PERCENT = re.compile(r"\[ *(\d+)%\]")
_FIRST_FAILURE = re.compile(r"^=+ (?:ERRORS|FAILURES) =+$", re.MULTILINE)
#: A line of pytest's list of the slowest tests, such as ``1.23s call     tests/unit/test_a.py::test_b``.
_DURATION = re.compile(r"^(\d+\.\d+)s (?:setup|call|teardown) +(\S.*)$", re.MULTILINE)
#: How many of the slowest tests of all suites the closing table names.
SLOWEST = 10
_HEADS = ("suite", "environment", "passed", "failed", "skipped", "seconds", "result")
_KINDS = {"error": "failed", "errors": "failed", "xfailed": "skipped", "xpassed": "failed"}


@dataclass(frozen=True)
class Result:
    """How a suite ended.

    :param ok: Whether everything in it passed, and it tested something.
    :param seconds: How long it took, without the building of environments.
    :param closing: What it said last: pytest's own closing line, or a sentence.
    :param counts: Tests that passed, failed and were skipped, errors among the failed; None if unknown.
    :param slowest: Its slowest tests: seconds and name.
    """

    suite: Suite
    ok: bool
    seconds: float
    closing: str
    counts: dict[str, int] | None = field(default=None)
    slowest: tuple[tuple[float, str], ...] = ()


def not_run(suite: Suite, why: str) -> Result:
    """A suite that could not be started has failed."""
    return Result(suite, False, 0.0, why)


def conclude(suite: Suite, exit_code: int | None, output: str, seconds: float) -> Result:
    """Judge a suite by its exit code and its output.

    :param exit_code: What its process returned; None if it was ended at its limit.
    """
    if exit_code is None or not suite.counts_tests:
        return conclude_live(suite, exit_code, seconds)
    closing = closing_line(output)
    counts = read_counts(closing)
    if counts["passed"] + counts["failed"] == 0:
        return Result(suite, False, seconds, f"no test was run (exit code {exit_code}) {closing}".strip(), counts)
    is_ok = exit_code == 0 and counts["failed"] == 0
    return Result(suite, is_ok, seconds, closing, counts, slowest_tests(output))


def conclude_live(suite: Suite, exit_code: int | None, seconds: float) -> Result:
    """Judge a suite by its exit code alone, where its output went to the screen; pytest's is 5 for no test."""
    if exit_code is None:
        return Result(suite, False, seconds, f"ended at its limit of {suite.seconds} s")
    return Result(suite, exit_code == 0, seconds, "passed" if exit_code == 0 else f"failed (exit code {exit_code})")


def closing_line(output: str) -> str:
    """Find pytest's closing line, such as ``== 3 passed, 1 skipped in 0.52s ==``; empty if there is none."""
    lines = _CLOSING_LINE.findall(output)
    return lines[-1] if lines else ""


def read_counts(closing: str) -> dict[str, int]:
    """Read from pytest's closing line how many tests passed, failed and were skipped."""
    counts = dict.fromkeys(("passed", "failed", "skipped"), 0)
    for number, kind in _COUNT.findall(closing):
        counts[_KINDS.get(kind, kind)] += int(number)
    return counts


def slowest_tests(output: str) -> tuple[tuple[float, str], ...]:
    """Read pytest's list of the slowest tests; empty if it printed none."""
    return tuple((float(seconds), name) for seconds, name in _DURATION.findall(output))


def render_slowest(results: Sequence[Result]) -> str:
    """List the slowest tests of all suites; empty if none is known."""
    tests = [(seconds, name, result.suite) for result in results for seconds, name in result.slowest]
    longest = sorted(tests, key=lambda test: -test[0])[:SLOWEST]
    return "\n".join(f"{seconds:7.1f} s  {name} ({suite.environment})" for seconds, name, suite in longest)


def progress(output: str) -> str:
    """Say how far a pytest run is, such as `` (42%)``; empty if it has not said so yet."""
    percents = _PERCENT.findall(output)
    return f" ({percents[-1]}%)" if percents else ""


def worth_reading(output: str) -> str:
    """The part of a failed suite's output that says why: from the first failure on, or its end."""
    failure = _FIRST_FAILURE.search(output)
    lines = output[failure.start() if failure else 0 :].splitlines()
    if len(lines) <= LINES_WORTH_READING:
        return "\n".join(lines)
    half = LINES_WORTH_READING // 2
    return "\n".join([*lines[:half], f"... {len(lines) - 2 * half} lines left out ...", *lines[-half:]])


def render_table(results: Sequence[Result], seconds: float) -> str:
    """The closing table: each suite, its environment, its tests and its time.

    :param seconds: How long all of it took, with the building of environments.
    """
    rows: list[tuple[str, ...]] = [_HEADS]
    for result in results:
        counts = result.counts or {}
        numbers = (str(counts.get(kind, "-")) for kind in ("passed", "failed", "skipped"))
        suite = result.suite
        rows.append((suite.name, suite.environment, *numbers, f"{result.seconds:.0f}", "ok" if result.ok else "FAILED"))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell.rjust(width) if cell[0].isdigit() or cell == "-" else cell.ljust(width)
            for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]
    failed = sum(not result.ok for result in results)
    closing = f"{len(results)} suites in {seconds:.0f} s, {f'{failed} FAILED' if failed else 'all ok'}"
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:], closing])
