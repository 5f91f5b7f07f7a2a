"""Holding and releasing: once, however often a process is killed, and never what the owner chose."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

import pytest

from airflow_provider_harvest.exceptions import HarvestAuthError, HarvestInvalidInput, HarvestServerError
from airflow_provider_harvest.portal.guard.apply_decisions import act
from airflow_provider_harvest.portal.guard.hold_and_release import hold, release
from airflow_provider_harvest.portal.guard.render import as_dict
from airflow_provider_harvest.portal.guard.survey import examine
from airflow_provider_harvest.portal.sources.guard_note import NOTE_ACCEPTED, NOTE_HELD, split
from tests.support.fake_portal.harvested import JOB_BEGAN, NOW, HarvestedPortal
from tests.support.fake_portal.managed import Killed
from tests.support.guard_passes import guard, noted, only


class TestChangedSinceItWasRead:
    """What a pass decides on the source as it read it, and somebody has changed it before the pass acts."""

    HELD: ClassVar[dict[str, Any]] = {"autoarchive": False, "description": noted(NOTE_HELD, 31)}

    @pytest.mark.parametrize(
        "lost, expire_days", [(0, None), (10, 30)], ids=["its records are back", "nobody decided in time"]
    )
    @pytest.mark.parametrize(
        "change, is_still_held",
        [
            ({"description": noted(NOTE_HELD, 0, count=40)}, True),
            ({"description": noted(NOTE_ACCEPTED, 0), "autoarchive": True}, False),
            ({"description": "Data of the town."}, False),
            ({"deleted": NOW}, False),
        ],
        ids=["held for more", "released", "line removed by hand", "deleted"],
    )
    def test_no_hold_ends_but_the_one_that_was_decided_on(
        self, lost: int, expire_days: int | None, change: dict[str, Any], is_still_held: bool
    ) -> None:
        portal = HarvestedPortal()
        source = portal.add_harvested(lost=lost, **self.HELD)
        report = examine(portal)
        portal.change(source.id, **change)
        act(portal, report, expire_days=expire_days)
        assert portal.written == []
        result = as_dict(portal, report)
        assert result["held_ids"] == ([source.id] if is_still_held else [])
        assert (result["lifted_ids"], result["expired_ids"], result["must_hold_ids"]) == (
            [],
            [],
            [source.id] if is_still_held and lost else [],
        )
        assert ("needs a person" in result["message"]) is is_still_held

    @pytest.mark.parametrize(
        "change",
        [{"deleted": NOW}, {"description": noted(NOTE_ACCEPTED, 0)}],
        ids=["deleted", "held and released meanwhile"],
    )
    def test_nothing_is_held_that_is_gone_or_accepted(self, change: dict[str, Any]) -> None:
        portal = HarvestedPortal()
        source = portal.add_harvested(lost=10)
        report = examine(portal)
        portal.change(source.id, **change)
        act(portal, report)
        assert portal.written == []
        result = as_dict(portal, report)
        assert result["cannot_hold_ids"] == result["must_hold_ids"] == result["held_ids"] == []


class TestKilled:
    """The process is killed at its write, before or after the write takes effect, and the task runs again."""

    @pytest.mark.parametrize("has_effect", [False, True])
    def test_hold(self, has_effect: bool) -> None:
        portal = HarvestedPortal(killed_at=(1, has_effect))
        source = portal.add_harvested(lost=10)
        with pytest.raises(Killed):
            guard(portal)
        assert only(guard(portal)).is_held
        guard(portal)
        assert portal.sources[source.id].autoarchive is False
        assert len(portal.written) == (1 if has_effect else 2)

    @pytest.mark.parametrize("has_effect", [False, True])
    def test_lift(self, has_effect: bool) -> None:
        portal = HarvestedPortal(killed_at=(2, has_effect))
        source = portal.add_harvested(lost=10, description="Data of the town.")
        guard(portal)
        portal.bring_back(source)
        with pytest.raises(Killed):
            guard(portal)
        guard(portal)
        guard(portal)
        now = portal.sources[source.id]
        assert (now.autoarchive, now.description) == (True, "Data of the town.")
        assert len(portal.written) == (2 if has_effect else 3)

    @pytest.mark.parametrize("has_effect", [False, True])
    def test_release(self, has_effect: bool) -> None:
        portal = HarvestedPortal(killed_at=(2, has_effect))
        source = portal.add_harvested(lost=10)
        guard(portal)
        with pytest.raises(Killed):
            release(portal, source.id, accept=True)
        assert release(portal, source.id, accept=True)[1] is not has_effect
        assert guard(portal).cases[0].judgement.hold is False
        assert portal.sources[source.id].autoarchive is True


class TestPeople:
    def test_owners_own_choice_is_neither_held_nor_released(self) -> None:
        portal = HarvestedPortal()
        source = portal.add_harvested(lost=10, autoarchive=False)
        assert guard(portal).cases == []
        with pytest.raises(HarvestInvalidInput, match="off by its owner"):
            release(portal, source.id, accept=True)
        assert portal.written == []

    def test_archiving_that_somebody_switches_on_under_a_hold_is_an_accepted_loss(self) -> None:
        portal = HarvestedPortal()
        source = portal.add_harvested(lost=10)
        guard(portal)
        portal.change(source.id, autoarchive=True)
        assert only(guard(portal)).action == "tidied"
        now = portal.sources[source.id]
        note = split(now.description)[1]
        assert (now.autoarchive, note and note.state) == (True, NOTE_ACCEPTED)
        # If the owner switches archiving off now, that is no hold: nobody but the owner switches it on again.
        portal.change(source.id, autoarchive=False)
        guard(portal)
        now = portal.sources[source.id]
        assert (now.autoarchive, now.description or None) == (False, None)
        portal.bring_back(source)
        assert guard(portal).cases == []
        assert portal.sources[source.id].autoarchive is False

    @pytest.mark.parametrize("end", ["archive", "bring_back"])
    def test_line_of_an_accepted_loss_goes_with_the_loss(self, end: str) -> None:
        portal = HarvestedPortal()
        source = portal.add_harvested(lost=10, description="Data of the town.")
        guard(portal)
        release(portal, source.id, accept=True)
        guard(portal)
        assert split(portal.sources[source.id].description)[1] is not None
        getattr(portal, end)(source)
        assert only(guard(portal)).action == "tidied"
        now = portal.sources[source.id]
        assert (now.autoarchive, now.description) == (True, "Data of the town.")


class TestRefused:
    @pytest.mark.parametrize(
        "error, why",
        [
            (HarvestAuthError("No right.", status_code=403), "the portal refuses the change: No right."),
            (HarvestServerError("Down.", status_code=502), "the portal refuses the change: Down."),
        ],
    )
    def test_is_said(self, monkeypatch: pytest.MonkeyPatch, error: Exception, why: str) -> None:
        portal = HarvestedPortal()
        portal.add_harvested(lost=10)

        def refuse(*_: Any, **__: Any) -> None:
            raise error

        monkeypatch.setattr(portal, "update_source", refuse)
        case = only(guard(portal))
        assert case.action == "cannot_hold"
        assert case.why.startswith(why)

    @pytest.mark.parametrize(
        "fields, lost, action",
        [
            ({"autoarchive": False, "description": noted(NOTE_HELD)}, 0, "cannot_lift"),
            ({"autoarchive": False, "description": noted(NOTE_HELD, 31)}, 10, "cannot_lift"),
            ({"description": noted(NOTE_ACCEPTED)}, 0, ""),
        ],
        ids=["lift", "expire", "line out of date"],
    )
    @pytest.mark.parametrize("has_key", [True, False], ids=["refused", "no key"])
    def test_what_is_no_hold_is_not_said_to_be_one_that_cannot_be(
        self, monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any], lost: int, action: str, has_key: bool
    ) -> None:
        portal = HarvestedPortal(has_key=has_key)
        portal.add_harvested(lost=lost, **fields)

        def refuse(*_: Any, **__: Any) -> None:
            raise HarvestAuthError("No right.", status_code=403)

        monkeypatch.setattr(portal, "update_source", refuse)
        report = guard(portal, expire_days=30)
        assert only(report).action == action
        result = as_dict(portal, report)
        assert result["cannot_hold_ids"] == []
        assert "CANNOT BE HELD" not in result["message"]
        assert ("cannot be lifted" in result["message"]) is bool(action)

    def test_hold_that_has_grown_is_no_source_that_cannot_be_held(self, monkeypatch: pytest.MonkeyPatch) -> None:
        portal = HarvestedPortal()
        source = portal.add_harvested(lost=20, kept=100)
        guard(portal)
        portal.harvest_again(source, JOB_BEGAN + timedelta(hours=2), missed=20)
        with monkeypatch.context() as patch:
            patch.setattr(portal, "has_key", False)
            case = only(guard(portal))
            assert (case.action, case.is_held, case.has_grown) == ("", True, True)
        assert only(guard(portal)).action == "held_more"

    def test_hold_of_a_guarded_run_learns_how_much_is_missing(self) -> None:
        portal = HarvestedPortal()
        source = portal.add_harvested(lost=10)
        hold(portal, source.id, 0, JOB_BEGAN)
        hold(portal, source.id, 10, JOB_BEGAN)
        hold(portal, source.id, 10, JOB_BEGAN)
        note = split(portal.sources[source.id].description)[1]
        assert (note and note.count, len(portal.written)) == (10, 2)
