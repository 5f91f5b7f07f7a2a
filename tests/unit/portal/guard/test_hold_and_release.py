"""Holding and releasing: once, however often a process is killed, and never what the owner chose."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from airflow_provider_harvest.exceptions import HarvestAuthError, HarvestInvalidInput, HarvestServerError
from airflow_provider_harvest.portal.guard.apply_decisions import act, decide
from airflow_provider_harvest.portal.guard.hold_and_release import hold, hold_ahead, is_held, release
from airflow_provider_harvest.portal.guard.render import as_dict
from airflow_provider_harvest.portal.guard.survey import examine
from airflow_provider_harvest.portal.sources.guard_note import NOTE_ACCEPTED, NOTE_HELD, Note, join, split
from tests.support.fake_portal.harvested import JOB_BEGAN, NOW, HarvestedPortal
from tests.support.fake_portal.managed import Killed

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.guard.case import Case, GuardReport


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
    (case,) = report.cases
    return case


class TestNote:
    @pytest.mark.parametrize("text", [None, "Data of the town.", "Two\nlines", "Ends with a break\n"])
    @pytest.mark.parametrize("state", [NOTE_HELD, NOTE_ACCEPTED])
    def test_is_read_as_it_was_written_and_leaves_the_description_alone(self, text: str | None, state: str) -> None:
        note = Note(state, NOW, 1234, JOB_BEGAN)
        assert split(join(text, note)) == (text, note)

    @pytest.mark.parametrize("more", ["", "\r\nMore.", "\r\n", "\nMore.", "  \nMore."])
    def test_survives_an_editor_that_changes_line_breaks_or_adds_text(self, more: str) -> None:
        note = Note(NOTE_HELD, NOW, 10, JOB_BEGAN)
        text, read = split(str(join("Data of the town.", note)).replace("\n", "\r\n") + more)
        assert read == note
        assert text == f"Data of the town.{more.strip(' ')}"
        again = Note(NOTE_ACCEPTED, NOW, 10, JOB_BEGAN)
        assert split(join(text, again)) == (text, again)

    def test_of_a_copied_description_counts_once(self) -> None:
        older, newer = Note(NOTE_HELD, NOW - timedelta(days=3), 10, JOB_BEGAN), Note(NOTE_HELD, NOW, 20, JOB_BEGAN)
        for first, second in ((older, newer), (newer, older)):
            assert split(join(join("Data of the town.", first), second)) == ("Data of the town.", newer)

    @pytest.mark.parametrize(
        "description",
        [
            None,
            "",
            "[harvest guard: autoarchive held]",
            "[harvest guard: autoarchive held on yesterday, 3 records last seen before today]",
            "[harvest guard: autoarchive held on 2026-11-26T05:00:00, 3 records last seen before 2026-11-26T04:00:00]",
            "[managed as code: town/first]",
        ],
        ids=["none", "empty", "cut short", "no times", "times without a zone", "another line"],
    )
    def test_what_the_guard_did_not_write_stays(self, description: str | None) -> None:
        assert split(description) == (description or None, None)


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
