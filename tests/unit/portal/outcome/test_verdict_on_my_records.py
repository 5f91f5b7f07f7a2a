"""The verdict of a task that names its records: only these count, and what is said of each."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_harvest.portal.outcome.verdict import Outcome, OutcomePolicy, judge
from tests.support.ended_jobs import ended_job
from tests.support.fake_portal.scripted import item
from tests.support.portal_messages import CUT_SHORT, REDIRECTED


def policy(**given: Any) -> OutcomePolicy:
    return OutcomePolicy.create(**given)


MINE = ["a", "b"]
WHAT_IT_IS = "A remote id is the dct:identifier of a DCAT record, or the id of a CKAN package."


def mine(items: list[Any], status: str = "done", errors: tuple[str, ...] = ()) -> Outcome:
    return judge(ended_job(status, errors, items=items), policy(remote_ids=MINE), items)


@pytest.mark.parametrize(
    "items, fates",
    [
        pytest.param([item("a", "done"), item("b", "done")], {"done": 2}, id="both done"),
        pytest.param([item("a", "done"), item("b", "failed")], {"done": 1, "failed": ["b"]}, id="one failed"),
        pytest.param([item("a", "done"), item("b", "skipped")], {"done": 1, "skipped": ["b"]}, id="one skipped"),
        pytest.param([item("a", "done"), item("b", "archived")], {"done": 1, "archived": ["b"]}, id="one archived"),
        pytest.param([item("a", "done")], {"done": 1, "missing": ["b"]}, id="one missing"),
        pytest.param([item("a", "done"), item("b", "pending")], {"done": 1, "failed": ["b"]}, id="one pending forever"),
        pytest.param([item("a", "done"), item("b", "started")], {"done": 1, "failed": ["b"]}, id="one started forever"),
        pytest.param(
            [item("a", "done"), item("b", "odd")], {"done": 1, "failed": ["b"]}, id="one in an unknown status"
        ),
        pytest.param(
            [item("a", "done"), item("b", "done"), item("b", "failed")],
            {"done": 1, "failed": ["b"]},
            id="one twice: the worst counts",
        ),
        pytest.param(
            [item("b", "pending"), item("a", "done"), item("b", "done")],
            {"done": 1, "failed": ["b"]},
            id="one twice, pending",
        ),
        pytest.param(
            [item("a", "done"), item("b", "done"), item("c", "failed"), item(None, "skipped")],
            {"done": 2},
            id="others do not matter",
        ),
        pytest.param([item("x", "done")], {"missing": ["a", "b"]}, id="none occurs"),
        pytest.param([], {"missing": ["a", "b"]}, id="no items"),
    ],
)
def test_the_fate_of_my_records(items: list[Any], fates: dict[str, Any]) -> None:
    outcome = mine(items, "done-errors" if any(i.status == "failed" for i in items) else "done")
    empty: dict[str, Any] = {"done": 0, "failed": [], "skipped": [], "archived": [], "missing": []}
    assert outcome.remote_ids == {**empty, **fates}
    assert outcome.is_success == (fates == {"done": 2})
    assert outcome.failure_kind == (None if fates == {"done": 2} else "remote_ids")


def test_my_records_are_all_that_counts_of_a_job_that_is_done() -> None:
    items = [item("a", "done"), item("b", "done"), *[item(f"x{n}", "failed") for n in range(9)]]
    assert mine(items, "done-errors", (CUT_SHORT,)).is_success


def test_a_failed_job_is_a_failure_though_my_records_are_done() -> None:
    items = [item("a", "done"), item("b", "done")]
    assert mine(items, "failed", (REDIRECTED,)).failure_kind == "job"


@pytest.mark.parametrize(
    "items, status, reasons",
    [
        pytest.param(
            [item("a", "failed", "missing title on dataset"), item("b", "skipped", "missing identifier")],
            "done-errors",
            [
                "Of my 2 records, 1 failed: 'a'.",
                "Of my 2 records, 1 skipped by the portal: 'b' (missing identifier).",
            ],
            id="with the portal's words",
        ),
        pytest.param(
            [item(f"x{n}", "done") for n in range(9)],
            "done",
            [
                "None of my 2 records ('a', 'b') occurs in the job; it holds, for example, 'x0', 'x1', 'x2'. "
                + WHAT_IT_IS
            ],
            id="none occurs: three that do",
        ),
        pytest.param(
            [],
            "done",
            [f"None of my 2 records ('a', 'b') occurs in the job; it holds no items. {WHAT_IT_IS}"],
            id="no items at all",
        ),
        pytest.param([], "failed", ["The job failed: the portal gives no reason"], id="nothing was read"),
        pytest.param(
            [item("a", "done")],
            "failed",
            ["The job failed: the portal gives no reason", "Of my 2 records, 1 not reached: 'b'."],
            id="failed half-way",
        ),
        pytest.param(
            [item("x", "done")],
            "failed",
            ["The job failed: the portal gives no reason", "Of my 2 records, 2 not reached: 'a', 'b'."],
            id="failed before it came to mine",
        ),
    ],
)
def test_what_is_said_of_my_records(items: list[Any], status: str, reasons: list[str]) -> None:
    assert list(mine(items, status).reasons) == reasons


def test_a_long_list_of_records_is_cut() -> None:
    ids = [f"r{n}" for n in range(1200)]
    outcome = judge(ended_job(items=[item("r0", "done")]), policy(remote_ids=ids), [item("r0", "done")])
    assert outcome.reasons[0].endswith(": 'r1', 'r2', 'r3', 'r4', 'r5' and 1,194 more.")
