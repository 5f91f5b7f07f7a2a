"""What a watch has reported stays reported, also of a source that cannot be read for a while after a busy midnight."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_harvest.portal.waiting.reported_jobs import Reported

SITE = "https://portal.example"
MIDNIGHT, HOUR = 100_000.0, 3600.0


def busy_midnight(sources: int = 200) -> Reported:
    """Harvests of so many sources that end a second apart, and are reported."""
    reported = Reported(SITE)
    reported.begin(0.0)
    for number in range(sources):
        reported.add(f"s{number}", f"job-{number}", MIDNIGHT + number, MIDNIGHT + number)
    return reported


def travelled(reported: Reported, **changes: Any) -> Reported:
    """What another triggerer makes of its cursor."""
    cursor = {**json.loads(json.dumps(reported.to_cursor())), **changes}
    return Reported(SITE, {name: value for name, value in cursor.items() if value is not None})


@pytest.mark.parametrize("owed", [0, 99, 199], ids=["the first to end", "in between", "the last"])
@pytest.mark.parametrize(
    "before, after",
    [
        pytest.param({}, {}, id="by this version"),
        pytest.param({"sources": None}, {}, id="reported by a version that notes no sources"),
        pytest.param({}, {"sources": None}, id="owed while such a version watched"),
    ],
)
def test_what_was_reported_of_a_source_that_is_owed_is_not_new_hours_later(
    owed: int, before: dict[str, Any], after: dict[str, Any]
) -> None:
    reported = travelled(busy_midnight(), **before)
    reported.owe(f"s{owed}")
    reported = travelled(reported, **after)
    for hours in range(1, 24):
        reported.add("z", f"z-{hours}", MIDNIGHT + hours * HOUR, MIDNIGHT + hours * HOUR)
        reported = travelled(reported)
    assert not reported.is_new(f"s{owed}", f"job-{owed}", MIDNIGHT + owed)
    assert reported.is_new(f"s{owed}", "another", MIDNIGHT + 210), "what ended meanwhile is still to be reported"


@pytest.mark.parametrize("sources", [200, 3000])
def test_a_cursor_fits_into_what_airflow_stores(sources: int) -> None:
    reported = busy_midnight(sources)
    for number in range(60):
        reported.owe(f"s{number}")
    for number in range(250):
        reported.behind[f"{number:024d}"] = f"{number:024d}"
    assert len(json.dumps(reported.to_cursor())) < 56 * 1024
