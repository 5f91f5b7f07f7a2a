"""Results of harvests that never happened, for pages with more sources than a test could harvest."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

#: Ids of made-up sources begin with so many zeros, and no real one does.
PREFIX = "0000"


def source_id(number: int) -> str:
    """Return the id of the nth made-up source."""
    return f"{number:024x}"


def result(portal: str, number: int, nth: int) -> dict[str, Any]:
    """Return the result of the nth harvest of a made-up source: one in six fails."""
    failed = 1 + (number * 7 + nth * 5) % 11 if (number + nth) % 6 == 0 else 0
    done = 40 + number % 60 + nth
    ended = datetime(2026, 10, 20, 0, number % 60, tzinfo=timezone.utc) + timedelta(days=nth)
    job = f"{number:012x}{nth:012x}"
    return {
        "schema": 1,
        "portal": portal,
        "source_id": source_id(number),
        "source_name": f"Commune {number:03d}",
        "organization": f"Département {number % 95 + 1:02d}",
        "schedule": f"{number % 60} {number % 24} * * *",
        "job_id": job,
        "job_url": f"{portal}/api/1/harvest/job/{job}/",
        "how": "watched",
        "status": "done-errors" if failed else "done",
        "started": ended.isoformat(),
        "ended": ended.isoformat(),
        "duration": 12.5,
        "items": {"total": done + failed, "done": done, "failed": failed, "skipped": 0, "archived": 0},
        "errors": [],
        "failed_items": [],
        "outcome": "failure" if failed else "success",
        "failure_kind": "items" if failed else None,
        "reasons": [f"{failed} items failed; none may."] if failed else [],
    }
