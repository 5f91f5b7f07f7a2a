"""What a person reads before they accept a loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_harvest.portal.guard.apply_decisions import act
from airflow_provider_harvest.portal.guard.render import approval_body, as_dict
from airflow_provider_harvest.portal.guard.survey import examine
from tests.support.fake_portal.harvested import HarvestedPortal

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.guard.case import GuardReport


def held(portal: HarvestedPortal) -> GuardReport:
    report = examine(portal, with_rights=True)
    act(portal, report)
    return report


def body(portal: HarvestedPortal, report: GuardReport) -> str:
    return approval_body(portal, report, as_dict(portal, report)["held_ids"])


@pytest.mark.parametrize("passes", [1, 2], ids=["on the day of the hold", "while it is held"])
def test_days_are_those_after_a_release(passes: int) -> None:
    portal = HarvestedPortal()
    portal.add_harvested(lost=10, name="Towns")
    for _ in range(passes):
        report = held(portal)
    lines = body(portal, report).splitlines()
    assert lines[0].startswith("**[Towns](")
    assert "10 of 40 records are missing (25.0%); one run may lose less than 6%." in lines[0]
    assert len([line for line in lines if line.startswith("- 2026-12-03: [Data ")]) == 10
    result = as_dict(portal, report)
    assert ". If released, archived from 2026-12-03 on." in result["message"]
    assert result["rows"][0]["will_archive"] == 0
    assert result["rows"][0]["first_archived_at"] == "2026-12-03T04:00:00+00:00"


def test_without_a_cron_the_day_is_unknown() -> None:
    portal = HarvestedPortal()
    source = portal.add_harvested(lost=10)
    portal.change(source.id, schedule=None)
    assert body(portal, held(portal)).count("- day unknown: [Data ") == 10


@pytest.mark.parametrize("count", [0, 1, 10, 12])
def test_is_short_however_much_is_held(count: int) -> None:
    portal = HarvestedPortal()
    for _ in range(count):
        portal.add_harvested(lost=50)
    text = body(portal, held(portal))
    assert text.count("**[") == min(count, 10)
    assert ("And 2 sources more" in text) is (count == 12)
    assert text.count("- and 30 more, the last on 2026-12-03") == min(count, 10)
    assert len(text) < 60_000


def test_names_of_a_portal_cannot_write_markdown() -> None:
    portal = HarvestedPortal()
    portal.add_harvested(lost=10, name="Town](https://evil.example) <b>[x")
    text = body(portal, held(portal))
    assert "](https://evil.example)" not in text.replace("\\]", "")
    assert "<b>" not in text
