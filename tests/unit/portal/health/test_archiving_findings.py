"""What the health of a portal says of datasets that are about to be archived."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from airflow_provider_harvest.portal.guard.survey import examine
from airflow_provider_harvest.portal.health import archiving_findings
from airflow_provider_harvest.portal.health.archiving_findings import as_before, troubles_of
from airflow_provider_harvest.portal.health.findings import (
    ALL_CHECKS,
    CHECKS,
    DATASETS_ARCHIVED,
    SHRUNK,
    VANISHING,
    Thresholds,
    chosen_checks,
)
from airflow_provider_harvest.portal.health.state import Items, Known, PassMemory
from airflow_provider_harvest.portal.models import ItemCounts
from tests.support.fake_portal.harvested import JOB_BEGAN, NOW, YESTERDAY, HarvestedPortal


@pytest.mark.parametrize(
    "lost, kinds, start",
    [
        (1, [VANISHING], "the portal archives 1 dataset from 2026-12-03 on: 'Data "),
        (10, [SHRUNK, VANISHING], "the portal archives 10 datasets from 2026-12-03 on: 'Data "),
    ],
)
def test_loss_is_told_by_sets_and_with_its_day(lost: int, kinds: list[str], start: str) -> None:
    portal = HarvestedPortal()
    portal.add_harvested(lost=lost)
    (case,) = examine(portal).cases
    troubles = list(troubles_of(case, ALL_CHECKS, None))
    assert [trouble.kind for trouble in troubles] == kinds
    assert troubles[-1].detail.startswith(start)
    assert [trouble.kind for trouble in troubles_of(case, (VANISHING,), None)] == [VANISHING]


def test_finding_keeps_its_beginning() -> None:
    portal = HarvestedPortal()
    portal.add_harvested(lost=1)
    (case,) = examine(portal).cases
    known = Known(JOB_BEGAN - timedelta(days=3), "the portal archives 1 dataset")
    (trouble,) = troubles_of(case, (VANISHING,), known)
    assert trouble.since == known.since
    assert as_before(known).detail == known.note


def test_source_that_does_not_archive_has_nothing_to_fear() -> None:
    portal = HarvestedPortal()
    portal.add_harvested(lost=1, autoarchive=False)
    cases = examine(portal, forecast_all=True, now=NOW.timestamp()).cases
    assert [list(troubles_of(case, ALL_CHECKS, None)) for case in cases] == [[]]


def test_it_is_looked_for_only_where_it_was_asked_for() -> None:
    assert VANISHING not in chosen_checks(None)
    assert chosen_checks("vanishing,failing") == ("failing", VANISHING)
    assert set(ALL_CHECKS) == {*CHECKS, VANISHING}


class TestArchivedBySets:
    """Twelve records were archived since the previous harvest, and as many came back: the counters are as before."""

    @pytest.mark.parametrize(
        "items, before, room, found",
        [
            pytest.param(Items(24, 12), Items(18, 12), 10, 12, id="the catalogue has grown"),
            pytest.param(Items(18, 12), None, 10, 12, id="the previous pass had no counters"),
            pytest.param(Items(18, 12), Items(18, 12), 10, None, id="counters as before: not read"),
            pytest.param(Items(30, 0), Items(18, 12), 10, None, id="nothing archived: not read"),
            pytest.param(Items(24, 12), Items(18, 12), 2, None, id="no room for requests: not read"),
        ],
    )
    def test_is_read_where_it_may_hide(
        self, monkeypatch: pytest.MonkeyPatch, items: Items, before: Items | None, room: int, found: int | None
    ) -> None:
        portal = HarvestedPortal()
        source = portal.add_harvested()
        job = replace(source.last_job, counts=ItemCounts(total=36, done=24, archived=12))  # type: ignore[type-var]
        read: list[str] = []

        def read_changes(_: object, source_id: str, *__: object, **___: object) -> tuple[dict[str, int], set[str]]:
            read.append(source_id)
            return {"newly_archived": 12}, set()

        monkeypatch.setattr(archiving_findings, "read_changes", read_changes)
        memory = PassMemory(at=YESTERDAY, items={} if before is None else {source.id: before})
        seen = archiving_findings.foresee(
            portal,
            memory,
            {source.id: items},
            {source.id: job},  # type: ignore[dict-item]
            ALL_CHECKS,
            Thresholds(),
            NOW.timestamp(),
            organization=None,
            room=room,
        )
        troubles = seen.troubles.get(source.id, [])
        assert (len(read), seen.requests) == ((1, 3) if found else (0, 0))
        assert [trouble.kind for trouble in troubles] == ([DATASETS_ARCHIVED] if found else [])
        assert all(f"archived {found} datasets" in trouble.detail and trouble.baseline == 0 for trouble in troubles)
