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


@pytest.mark.parametrize(
    "changes, is_taken",
    [
        pytest.param({}, True, id="as written"),
        pytest.param({"from": "a later version"}, True, id="with a key of another version"),
        pytest.param({"version": 1, "told": {"job-1": MIDNIGHT}}, True, id="of the first version"),
        pytest.param({"version": 3}, False, id="of another form"),
        pytest.param({"portal": "https://other.example"}, False, id="of another portal"),
    ],
)
def test_which_cursor_is_taken(changes: dict[str, Any], is_taken: bool) -> None:
    reported = travelled(busy_midnight(2), **changes)
    assert (reported.since, reported.began) == ((MIDNIGHT + 1, 0.0) if is_taken else (None, None))
    assert reported.holds("s1", "job-1") == is_taken


def test_nothing_is_owed_before_the_beginning() -> None:
    """Else the watch would begin with all that ever ended."""
    reported = Reported(SITE)
    reported.owe("s1")
    reported.begin(MIDNIGHT)
    reported = travelled(reported)
    assert not reported.is_new("s1", "old", MIDNIGHT - 1)
    assert reported.is_new("s1", "new", MIDNIGHT)
    assert not reported.owed


def test_a_source_is_owed_until_it_is_read() -> None:
    reported = busy_midnight(2)
    reported.owe("s1")
    assert set(travelled(reported).owed) == {"s1"}
    reported.settle("s1")
    assert not travelled(reported).owed


@pytest.mark.parametrize(
    "ended, now, since",
    [
        pytest.param(MIDNIGHT + 10, MIDNIGHT + 20, MIDNIGHT + 10, id="it ended"),
        pytest.param(MIDNIGHT + 30, MIDNIGHT + 20, MIDNIGHT + 20, id="by a worker whose clock is ahead"),
        pytest.param(MIDNIGHT - 10, MIDNIGHT + 20, MIDNIGHT, id="before another that was reported"),
    ],
)
def test_by_when_all_that_ended_is_reported(ended: float, now: float, since: float) -> None:
    reported = Reported(SITE)
    reported.begin(0.0)
    reported.add("s", "first", MIDNIGHT, MIDNIGHT)
    reported.add("s", "second", ended, now)
    assert travelled(reported).since == since
