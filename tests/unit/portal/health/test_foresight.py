"""What the health of a portal says of datasets that are about to be archived."""

from __future__ import annotations

from datetime import timedelta

import pytest

from airflow_provider_harvest.portal.guard.survey import examine
from airflow_provider_harvest.portal.health.findings import ALL_CHECKS, CHECKS, SHRUNK, VANISHING, chosen_checks
from airflow_provider_harvest.portal.health.foresight import as_before, troubles_of
from airflow_provider_harvest.portal.health.state import Known
from tests.support.guarded_portal import JOB_BEGAN, NOW, GuardedPortal


@pytest.mark.parametrize(
    "lost, kinds, start",
    [
        (1, [VANISHING], "the portal archives 1 dataset from 2026-12-03 on: 'Data "),
        (10, [SHRUNK, VANISHING], "the portal archives 10 datasets from 2026-12-03 on: 'Data "),
    ],
)
def test_loss_is_told_by_sets_and_with_its_day(lost: int, kinds: list[str], start: str) -> None:
    portal = GuardedPortal()
    portal.add_harvested(lost=lost)
    (case,) = examine(portal).cases  # type: ignore[arg-type]
    troubles = list(troubles_of(case, ALL_CHECKS, None))
    assert [trouble.kind for trouble in troubles] == kinds
    assert troubles[-1].detail.startswith(start)
    assert [trouble.kind for trouble in troubles_of(case, (VANISHING,), None)] == [VANISHING]


def test_finding_keeps_its_beginning() -> None:
    portal = GuardedPortal()
    portal.add_harvested(lost=1)
    (case,) = examine(portal).cases  # type: ignore[arg-type]
    known = Known(JOB_BEGAN - timedelta(days=3), "the portal archives 1 dataset")
    (trouble,) = troubles_of(case, (VANISHING,), known)
    assert trouble.since == known.since
    assert as_before(known).detail == known.note


def test_source_that_does_not_archive_has_nothing_to_fear() -> None:
    portal = GuardedPortal()
    portal.add_harvested(lost=1, autoarchive=False)
    cases = examine(portal, forecast_all=True, now=NOW.timestamp()).cases  # type: ignore[arg-type]
    assert [list(troubles_of(case, ALL_CHECKS, None)) for case in cases] == [[]]


def test_it_is_looked_for_only_where_it_was_asked_for() -> None:
    assert VANISHING not in chosen_checks(None)
    assert chosen_checks("vanishing,failing") == ("failing", VANISHING)
    assert set(ALL_CHECKS) == {*CHECKS, VANISHING}
