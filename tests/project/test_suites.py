"""How the closing table of `make test` judges what pytest and the linters printed."""

from __future__ import annotations

import re

import pytest

from sandbox.environments import ENVIRONMENTS, ROOT
from tests import suite_output
from tests.suites import CHOSEN, GROUPS, Suite

TESTS = Suite("unit", "airflow-3.3.2", (), seconds=60)
LINTER = Suite("mypy", "airflow-3.3.2", (), counts_tests=False)

GREEN = "tests/unit/test_a.py ...   [100%]\n\n============ 3 passed in 0.52s ============\n"
QUIET = "...   [100%]\n3 passed, 1 warning in 0.52s\n"
MIXED = (
    "== short test summary info ==\n==== 1 failed, 2 passed, 4 skipped, 1 xfailed, 2 errors in 61.20s (0:01:01) ====\n"
)
ALL_SKIPPED = "====== 4 skipped in 0.10s ======\n"
NO_TESTS = "============ no tests ran in 0.01s ============\n"


@pytest.mark.parametrize(
    "output, closing, counts",
    [
        pytest.param(GREEN, "============ 3 passed in 0.52s ============", (3, 0, 0), id="all-passed"),
        pytest.param(QUIET, "3 passed, 1 warning in 0.52s", (3, 0, 0), id="quiet-with-warning"),
        pytest.param(MIXED, MIXED.splitlines()[1], (2, 3, 5), id="every-kind-and-over-a-minute"),
        pytest.param(GREEN + MIXED, MIXED.splitlines()[1], (2, 3, 5), id="last-of-two"),
        pytest.param("wrote 3 passed tests in a diary\n", "", (0, 0, 0), id="looks-alike"),
        pytest.param("Segmentation fault\n", "", (0, 0, 0), id="crashed"),
    ],
)
def test_closing_line_is_found_and_counted(output: str, closing: str, counts: tuple[int, int, int]) -> None:
    assert suite_output.closing_line(output) == closing
    assert tuple(suite_output.read_counts(closing).values()) == counts


@pytest.mark.parametrize(
    "suite, exit_code, output, ok",
    [
        pytest.param(TESTS, 0, GREEN, True, id="all-passed"),
        pytest.param(TESTS, 1, MIXED, False, id="some-failed"),
        pytest.param(TESTS, 0, MIXED, False, id="failures-behind-a-good-exit-code"),
        pytest.param(TESTS, 1, GREEN, False, id="bad-exit-code-after-passed-tests"),
        pytest.param(TESTS, 0, ALL_SKIPPED, False, id="nothing-but-skips"),
        pytest.param(TESTS, 5, NO_TESTS, False, id="no-tests"),
        pytest.param(TESTS, 0, "", False, id="no-output"),
        pytest.param(TESTS, None, GREEN, False, id="took-too-long"),
        pytest.param(LINTER, 0, "Success: no issues found\n", True, id="linter-clean"),
        pytest.param(LINTER, 1, "a.py:1: error\n", False, id="linter-complains"),
    ],
)
def test_suite_is_ok_only_if_all_of_it_passed_and_it_tested_something(
    suite: Suite, exit_code: int | None, output: str, ok: bool
) -> None:
    assert suite_output.conclude(suite, exit_code, output, 1.0).ok is ok


def test_suite_that_took_too_long_says_so() -> None:
    assert suite_output.conclude(TESTS, None, "", 60.0).closing == "ended at its limit of 60 s"


@pytest.mark.parametrize(
    "output, said",
    [
        pytest.param("a.py ... [ 12%]\nb.py .. [ 42%]\n", " (42%)", id="last-percentage"),
        pytest.param("collecting ...", "", id="not-yet"),
    ],
)
def test_progress_is_the_last_percentage(output: str, said: str) -> None:
    assert suite_output.progress(output) == said


class TestWorthReading:
    def test_begins_at_the_first_failure(self) -> None:
        output = "a.py .F\n===== FAILURES =====\n____ test_x ____\nassert 1 == 2\n"
        assert suite_output.worth_reading(output) == "===== FAILURES =====\n____ test_x ____\nassert 1 == 2"

    def test_is_everything_where_no_failure_is_marked(self) -> None:
        assert suite_output.worth_reading("a.py:1: error\n") == "a.py:1: error"

    def test_leaves_out_the_middle_of_a_long_one(self) -> None:
        lines = suite_output.worth_reading("\n".join(map(str, range(1000)))).splitlines()
        assert (lines[0], lines[-1], len(lines)) == ("0", "999", suite_output.LINES_WORTH_READING + 1)
        assert f"... {1000 - suite_output.LINES_WORTH_READING} lines left out ..." in lines


def test_table_shows_each_suite_and_the_whole() -> None:
    results = [
        suite_output.conclude(TESTS, 1, MIXED, 61.2),
        suite_output.conclude(LINTER, 0, "", 3.4),
    ]
    assert suite_output.render_table(results, 70.4).splitlines() == [
        "suite  environment    passed  failed  skipped  seconds  result",
        "--------------------------------------------------------------",
        "unit   airflow-3.3.2       2       3        5       61  FAILED",
        "mypy   airflow-3.3.2       -       -        -        3  ok",
        "2 suites in 70 s, 1 FAILED",
    ]


def test_the_slowest_tests_of_all_suites_are_listed() -> None:
    first = "== slowest 10 durations ==\n12.30s call     tests/a.py::test_x[a b]\n0.20s setup    tests/a.py::test_y\n"
    second = "== slowest 10 durations ==\n" + "".join(f"{n}.00s teardown tests/b.py::test_{n}\n" for n in range(1, 12))
    results = [suite_output.conclude(TESTS, 0, output + GREEN, 20.0) for output in (first, second)]
    lines = suite_output.render_slowest(results).splitlines()
    assert lines[:2] == [
        "   12.3 s  tests/a.py::test_x[a b] (airflow-3.3.2)",
        "   11.0 s  tests/b.py::test_11 (airflow-3.3.2)",
    ]
    assert len(lines) == suite_output.SLOWEST


@pytest.mark.parametrize("group", GROUPS)
def test_every_suite_runs_in_environments_that_there_are(group: str) -> None:
    needed = {name for suite in GROUPS[group] for name in (suite.environment, *suite.needs)}
    assert needed <= set(ENVIRONMENTS)


#: Groups whose tests a user may choose, such as ``make unit ARGS="-k cron"``.
WITH_ARGUMENTS = re.findall(r"tests\.run ([a-z-]+) -- \$\(ARGS\)", (ROOT / "Makefile").read_text())


@pytest.mark.parametrize("group", WITH_ARGUMENTS)
def test_a_chosen_test_is_in_every_suite_of_its_group(group: str) -> None:
    """Else a suite in which it is not runs no test, and has failed."""
    parts = ("tests/", "--ignore", "--part")
    suites = {**GROUPS, **CHOSEN}[group]
    assert len({tuple(given for given in suite.arguments if given.startswith(parts)) for suite in suites}) == 1


def test_groups_with_arguments_are_found() -> None:
    assert {"unit", "integration", "dags"} < set(WITH_ARGUMENTS)
