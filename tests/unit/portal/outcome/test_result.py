"""The result that a task returns: its keys, and how large it may be."""

from __future__ import annotations

import json

from tests.support.fake_portal.direct_client import SITE
from tests.support.fake_portal.scripted import SOURCE_ID, item
from tests.support.judged_results import DONE, JOB_ID, PAGE, failed, result_of


def test_a_result_is_small_json_whatever_the_harvest() -> None:
    items = [item(f"r{n}", "failed", "x" * 5000) for n in range(1200)]  # three pages
    result = result_of("done-errors", items, tuple("y" * 5000 for _ in range(50)))
    assert len(json.dumps(result)) < 20_000
    assert len(result["failed_items"]) == 20


def test_my_failed_records_come_first_in_a_result() -> None:
    result = result_of("done-errors", failed(500), remote_ids=["r444"])
    assert result["failed_items"][0]["remote_id"] == "r444"


def test_the_keys_of_a_result() -> None:
    result = result_of("done", DONE)
    assert result == {
        "schema": 1,
        "portal": SITE,
        "source_id": SOURCE_ID,
        "source_name": "Ville",
        "organization": None,
        "schedule": "0 0 * * *",
        "job_id": JOB_ID,
        "job_url": PAGE,
        "how": "started",
        "status": "done",
        "created": "2026-03-02T02:04:00+00:00",
        "started": "2026-03-02T02:04:00+00:00",
        "ended": "2026-03-02T02:04:42+00:00",
        "duration": 42.0,
        "items": {"total": 3, "done": 3, "failed": 0, "skipped": 0, "archived": 0, "newly_archived": 0},
        "changes": {
            "compared_with": None,
            "newly_failing": 0,
            "still_failing": 0,
            "newly_archived": 0,
            "vanished": None,
            "fixed": None,
            "new": None,
        },
        "errors": [],
        "failed_items": [],
        "skip_reasons": {},
        "remote_ids": None,
        "outcome": "success",
        "failure_kind": None,
        "reasons": [],
        "guard": None,
    }
