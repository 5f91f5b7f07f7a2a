"""Passes of the guard over a portal in memory, and what they leave, in few words."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.portal.guard.apply_decisions import act
from airflow_provider_harvest.portal.guard.render import as_dict
from airflow_provider_harvest.portal.guard.survey import examine
from airflow_provider_harvest.portal.sources.guard_note import Note, join
from tests.support.fake_portal.harvested import JOB_BEGAN, NOW, HarvestedPortal

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.guard.case import Case, GuardReport


def told(portal: HarvestedPortal, **arguments: Any) -> dict[str, Any]:
    """The result of one pass of the guard in mode report."""
    return as_dict(portal, examine(portal, **arguments))


def guard(portal: HarvestedPortal, **options: Any) -> GuardReport:
    """One run of the guard in mode hold."""
    report = examine(portal, with_rights=True)
    act(portal, report, **options)
    return report


def noted(state: str, days_ago: float = 1, count: int = 10) -> str:
    """A description with the guard's line; one that holds ahead of a harvest counts 0 and has accepted nothing."""
    before = JOB_BEGAN if count else datetime(1970, 1, 1, tzinfo=timezone.utc)
    return str(join("Data of the town.", Note(state, NOW - timedelta(days=days_ago), count, before)))


def only(report: GuardReport) -> Case:
    """The only case of a report."""
    (case,) = report.cases
    return case
