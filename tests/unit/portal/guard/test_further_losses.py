"""A source that loses records again: after a loss that was accepted, and while it is held."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.guard.hold_and_release import hold, hold_ahead, is_held, release
from airflow_provider_harvest.portal.guard.render import as_dict
from airflow_provider_harvest.portal.guard.survey import examine
from airflow_provider_harvest.portal.sources.guard_note import NOTE_ACCEPTED, NOTE_HELD, Note, join, split
from tests.support.fake_portal.harvested import JOB_BEGAN, NOW, HarvestedPortal
from tests.support.guard_passes import guard, only


class TestSecondLoss:
    """A source loses records, a person accepts that, and it loses others."""

    LATER = JOB_BEGAN + timedelta(hours=2)

    def accepted_then_held(self) -> tuple[HarvestedPortal, Any]:
        portal = HarvestedPortal()
        source = portal.add_harvested(lost=20, kept=100, description="Data of the town.")
        guard(portal)
        release(portal, source.id, accept=True)
        portal.harvest_again(source, self.LATER, missed=20)
        assert only(guard(portal)).action == "held"
        return portal, source

    def test_is_lifted_when_it_is_back_although_the_accepted_one_is_not(self) -> None:
        portal, source = self.accepted_then_held()
        assert len(only(guard(portal)).missing) == 20
        portal.harvest_again(source, self.LATER + timedelta(hours=1))
        assert only(guard(portal)).action == "lifted"
        note = split(portal.sources[source.id].description)[1]
        assert note == Note(NOTE_ACCEPTED, NOW, 20, JOB_BEGAN)
        assert not only(guard(portal)).is_held

    def test_is_accepted_with_the_first(self) -> None:
        portal, source = self.accepted_then_held()
        release(portal, source.id, accept=True)
        case = only(guard(portal))
        assert (len(case.missing), len(case.accepted), case.is_held) == (0, 40, False)

    def test_that_a_person_ends_by_hand_is_accepted_with_the_first(self) -> None:
        portal, source = self.accepted_then_held()
        portal.change(source.id, autoarchive=True)
        for _ in range(2):
            case = only(guard(portal))
            assert (len(case.missing), len(case.accepted), case.is_held) == (0, 40, False)

    def test_is_held_again_under_a_hold_that_a_person_has_ended_by_hand(self) -> None:
        portal = HarvestedPortal()
        source = portal.add_harvested(lost=20, kept=100)
        guard(portal)
        portal.change(source.id, autoarchive=True)
        portal.harvest_again(source, self.LATER, missed=20)
        guard(portal)
        case = only(guard(portal))
        assert (len(case.missing), len(case.accepted), case.is_held) == (20, 20, True)

    def test_leaves_two_lines_of_which_an_older_version_reads_the_hold(self) -> None:
        portal, source = self.accepted_then_held()
        lines = str(portal.sources[source.id].description).splitlines()
        assert [line.split(" on ")[0] for line in lines if line] == [
            "Data of the town.",
            "[harvest guard: autoarchive held",
            "[harvest guard: loss accepted",
        ]
        # An older version takes the newest line; of two of one second, the first.
        assert [split(line)[1].at for line in lines[2:]] == [NOW, NOW]  # type: ignore[union-attr]

    @pytest.mark.parametrize("ahead", [False, True], ids=["for a loss", "by a guarded run"])
    def test_is_held_although_the_clock_of_the_acceptance_was_ahead(self, ahead: bool) -> None:
        # The portal's clock is known to the second: of two clients, the later one may be behind.
        portal = HarvestedPortal()
        later = Note(NOTE_ACCEPTED, NOW + timedelta(seconds=1), 20, JOB_BEGAN)
        source = portal.add_harvested(description=join("Data of the town.", later))
        if ahead:
            hold_ahead(portal, source.id)
        else:
            hold(portal, source.id, 5, self.LATER)
        now = portal.sources[source.id]
        note = split(now.description)[1]
        assert is_held(now)
        assert (note and note.accepted, note and note.at) == (later, later.at)


class TestGrowingLoss:
    """A source that is held loses more."""

    LATER = JOB_BEGAN + timedelta(hours=2)

    def grown(self, missed: int, days: float = 3) -> tuple[HarvestedPortal, Any]:
        portal = HarvestedPortal()
        source = portal.add_harvested(lost=20, kept=100)
        guard(portal)
        portal.clock.sleep(days * 86400)
        portal.harvest_again(source, self.LATER, missed=missed)
        return portal, source

    def test_is_a_new_hold_so_that_a_person_is_asked_about_all_of_it(self) -> None:
        portal, source = self.grown(missed=20)
        case = only(guard(portal))
        assert (case.action, case.is_held, len(case.missing)) == ("held_more", True, 40)
        assert case.note == Note(NOTE_HELD, NOW + timedelta(days=3), 40, self.LATER)
        assert only(guard(portal)).action == ""  # once
        release(portal, source.id, accept=True)
        case = only(guard(portal))
        assert (len(case.missing), case.is_held) == (0, False)

    def test_by_a_usual_number_asks_nobody_again_and_is_not_held_after_a_release(self) -> None:
        portal, source = self.grown(missed=2)
        case = only(guard(portal))
        assert (case.action, len(case.missing), case.note and case.note.count) == ("", 22, 20)
        release(portal, source.id, accept=True)
        case = only(guard(portal))
        assert (len(case.missing), case.is_held) == (2, False)

    def test_answer_to_the_older_question_does_not_accept_it(self) -> None:
        portal, source = self.grown(missed=20)
        asked = as_dict(portal, examine(portal))["held_since"][source.id]
        newer = as_dict(portal, guard(portal))["held_since"][source.id]
        with pytest.raises(HarvestInvalidInput, match="lost more"):
            release(portal, source.id, accept=True, held_since=asked)
        assert portal.sources[source.id].autoarchive is False
        assert release(portal, source.id, accept=True, held_since=newer)[1]

    @pytest.mark.parametrize("form", ["2026-11-26T10:00:00Z", " 2026-11-26T11:00:00.000+01:00 "])
    def test_answer_may_have_its_time_in_another_form(self, form: str) -> None:
        portal = HarvestedPortal()
        source = portal.add_harvested(lost=20, kept=100)
        guard(portal)
        assert release(portal, source.id, accept=True, held_since=form)[1]

    @pytest.mark.parametrize("form", ["", "yesterday", "2026-11-26T10:00:00"])
    def test_answer_without_a_time_says_so(self, form: str) -> None:
        portal = HarvestedPortal()
        source = portal.add_harvested(lost=20, kept=100)
        guard(portal)
        with pytest.raises(HarvestInvalidInput, match="held_since"):
            release(portal, source.id, accept=True, held_since=form)

    def test_is_back_only_when_a_tenth_of_all_of_it_at_most_is_missing(self) -> None:
        portal, source = self.grown(missed=20)
        guard(portal)
        portal.harvest_again(source, self.LATER + timedelta(hours=1))
        assert only(guard(portal)).action == ""  # the first 20 are still missing
        portal.bring_back(source)
        assert only(guard(portal)).action == "lifted"
