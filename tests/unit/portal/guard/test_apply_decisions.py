"""What a pass of the guard does about each source that it has examined."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.guard.apply_decisions import decide
from airflow_provider_harvest.portal.guard.survey import examine
from airflow_provider_harvest.portal.sources.guard_note import NOTE_ACCEPTED, NOTE_HELD
from tests.support.fake_portal.harvested import NOW, HarvestedPortal
from tests.support.guard_passes import guard, noted, only


class TestDecision:
    @pytest.mark.parametrize(
        "fields, lost, expire_days, action",
        [
            ({}, 0, None, None),
            ({}, 10, None, "held"),
            ({}, 1, None, None),
            ({"autoarchive": False, "description": noted(NOTE_HELD)}, 10, None, None),
            ({"autoarchive": False, "description": noted(NOTE_HELD)}, 0, None, "lifted"),
            # All but a tenth is back, and that is an ordinary loss.
            ({"autoarchive": False, "description": noted(NOTE_HELD)}, 1, None, "lifted"),
            ({"autoarchive": False, "description": noted(NOTE_HELD)}, 2, None, None),
            ({"autoarchive": False, "description": noted(NOTE_HELD, count=1000)}, 10, None, None),
            # Left by a guarded run that was killed before the harvest that has ended since.
            ({"autoarchive": False, "description": noted(NOTE_HELD, count=0)}, 2, None, "lifted"),
            ({"autoarchive": False, "description": noted(NOTE_HELD, count=0)}, 10, None, None),
            ({"autoarchive": False, "description": noted(NOTE_HELD, 400)}, 10, None, None),
            ({"autoarchive": False, "description": noted(NOTE_HELD, 29)}, 10, 30, None),
            ({"autoarchive": False, "description": noted(NOTE_HELD, 30)}, 10, 30, "expired"),
            ({"autoarchive": False, "description": noted(NOTE_HELD, 30)}, 0, 30, "lifted"),
            ({"description": noted(NOTE_HELD)}, 10, None, "tidied"),
            ({"description": noted(NOTE_ACCEPTED)}, 10, None, None),
            ({"description": noted(NOTE_ACCEPTED)}, 0, None, "tidied"),
            ({"autoarchive": False, "description": noted(NOTE_ACCEPTED)}, 10, None, "tidied"),
        ],
    )
    def test_of_a_pass(self, fields: dict[str, Any], lost: int, expire_days: Any, action: str | None) -> None:
        portal = HarvestedPortal()
        portal.add_harvested(lost=lost, **fields)
        cases = examine(portal).cases
        assert [decide(case, NOW, expire_days) for case in cases] == ([action] if cases else [])
        assert bool(cases) or action is None

    @pytest.mark.parametrize(
        "fields, expire_days, action",
        [
            ({"autoarchive": False, "description": noted(NOTE_HELD)}, None, None),
            ({"autoarchive": False, "description": noted(NOTE_HELD, 30)}, 30, "expired"),
            ({"description": noted(NOTE_ACCEPTED)}, None, None),
        ],
    )
    def test_a_portal_that_shows_no_record_at_all_changes_nothing(
        self, fields: dict[str, Any], expire_days: Any, action: str | None
    ) -> None:
        portal = HarvestedPortal()
        portal.add_harvested(lost=10, **fields)
        portal.records = []  # an empty response, once
        [case] = examine(portal).cases
        assert decide(case, NOW, expire_days) == action

    def test_expired_hold_accepts_the_loss_and_says_so(self) -> None:
        portal = HarvestedPortal()
        source = portal.add_harvested(lost=10, autoarchive=False, description=noted(NOTE_HELD, 31))
        case = only(guard(portal, expire_days=30))
        assert (case.action, portal.sources[source.id].autoarchive) == ("expired", True)
        assert "nobody decided in time" in case.why
        assert not case.must_hold
        assert guard(portal, expire_days=30).cases[0].must_hold is False

    @pytest.mark.parametrize("days", [0, -1, True, 10**6, "30", float("nan")])
    def test_invalid_days_are_refused(self, days: Any) -> None:
        with pytest.raises(HarvestInvalidInput, match="expire_days"):
            guard(HarvestedPortal(), expire_days=days)

    @pytest.mark.parametrize("days_ago, overdue", [(13.9, False), (14, True), (400, True)])
    def test_hold_that_waits_is_reported_again(self, days_ago: float, overdue: bool) -> None:
        portal = HarvestedPortal()
        portal.add_harvested(lost=10, autoarchive=False, description=noted(NOTE_HELD, days_ago))
        assert only(examine(portal)).is_overdue(NOW) is overdue
