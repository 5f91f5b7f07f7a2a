"""One pass of the guard: what it reads, which sources it examines, and what it says ahead."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any

import pytest

from airflow_provider_harvest.exceptions import HarvestAuthError, HarvestInvalidInput, HarvestProtocolError
from airflow_provider_harvest.portal.guard import live_records
from airflow_provider_harvest.portal.guard.apply_decisions import act
from airflow_provider_harvest.portal.guard.hold_and_release import is_held, release
from airflow_provider_harvest.portal.guard.render import as_dict
from airflow_provider_harvest.portal.guard.survey import examine
from tests.support.fake_portal.harvested import JOB_BEGAN, NOW, HarvestedPortal
from tests.support.fake_portal.managed import ORGANIZATIONS
from tests.support.fake_portal.state import KEY, Response
from tests.support.guard_passes import guard, told


class TestRequests:
    def test_portal_without_news_takes_one(self) -> None:
        portal = HarvestedPortal()
        portal.add_harvested(lost=10)
        told(portal, since=NOW.timestamp())
        assert portal.requests == ["list_sources"]

    def test_items_are_read_only_of_sources_with_a_record_that_was_not_seen(self) -> None:
        portal = HarvestedPortal()
        for lost in (0, 0, 1, 0):
            portal.add_harvested(lost=lost)
        told(portal)
        assert portal.requests.count("list_datasets") == portal.requests.count("list_items") == 1

    def test_failed_job_is_not_news_of_the_catalogue(self) -> None:
        portal = HarvestedPortal()
        source = portal.add_harvested(lost=10, status="failed")
        assert told(portal)["must_hold_ids"] == []
        portal.change_job(source, status="done")
        portal.add_job(source, "failed", NOW, NOW)
        assert told(portal)["must_hold_ids"] == [source.id]


class TestRecordsOfOtherOwners:
    """A source that was given to another organization leaves its records in the one before, and archives them there."""

    HALF_A_DAY_AGO = (NOW - timedelta(hours=12)).timestamp()

    @pytest.fixture
    def portal(self) -> HarvestedPortal:
        """A portal with a source of the south whose records are in the north; ten of them are lost."""
        portal = HarvestedPortal()
        self.source = portal.move(portal.add_harvested(lost=10, organization="north"), "south")
        return portal

    @pytest.mark.parametrize("organization", [None, ORGANIZATIONS["south"]], ids=["whole portal", "its organization"])
    @pytest.mark.parametrize("since", [None, HALF_A_DAY_AGO], ids=["all sources", "news"])
    def test_are_seen(self, portal: HarvestedPortal, organization: str | None, since: float | None) -> None:
        report = examine(portal, organization=organization, since=since)
        assert as_dict(portal, report)["must_hold_ids"] == [self.source.id]
        assert report.is_whole

    @pytest.mark.parametrize("has_own", [True, False], ids=["others are its own", "none is its own"])
    @pytest.mark.parametrize(
        "options, is_whole",
        [
            pytest.param({"since": HALF_A_DAY_AGO}, False, id="news only"),
            pytest.param({"since": HALF_A_DAY_AGO, "whole": True}, True, id="news, of the whole portal"),
            pytest.param({"since": HALF_A_DAY_AGO, "again": ["the source"]}, True, id="news, and what was reported"),
            pytest.param({}, True, id="all sources"),
        ],
    )
    def test_of_a_large_portal_are_seen_by_passes_that_read_all_of_it(
        self,
        portal: HarvestedPortal,
        monkeypatch: pytest.MonkeyPatch,
        options: dict[str, Any],
        is_whole: bool,
        has_own: bool,
    ) -> None:
        monkeypatch.setattr(live_records, "READ_WHOLE", 39)
        if has_own:
            portal.let_live(self.source.id, ["own"], JOB_BEGAN)
        options = {name: [self.source.id] if name == "again" else value for name, value in options.items()}
        report = examine(portal, **options)
        assert report.is_whole is is_whole
        assert as_dict(portal, report)["must_hold_ids"] == ([self.source.id] if is_whole else [])

    def test_keep_a_hold_that_a_pass_over_a_part_of_the_portal_would_lift(
        self, portal: HarvestedPortal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert guard(portal).cases[0].action == "held"
        portal.let_live(self.source.id, ["own"], JOB_BEGAN)
        monkeypatch.setattr(live_records, "READ_WHOLE", 0)
        for since in (self.HALF_A_DAY_AGO, None):
            report = examine(portal, since=since)
            act(portal, report)
            assert is_held(portal.sources[self.source.id])
            assert not report.cases[0].shows_none
        portal.bring_back(self.source)
        for since, still_held in ((self.HALF_A_DAY_AGO, True), (None, False)):
            act(portal, examine(portal, since=since))
            assert is_held(portal.sources[self.source.id]) is still_held

    def test_keep_an_accepted_loss_accepted(self, portal: HarvestedPortal, monkeypatch: pytest.MonkeyPatch) -> None:
        guard(portal)
        release(portal, self.source.id, accept=True)
        portal.let_live(self.source.id, ["own"], JOB_BEGAN)
        monkeypatch.setattr(live_records, "READ_WHOLE", 0)
        act(portal, examine(portal, since=self.HALF_A_DAY_AGO))
        assert "loss accepted" in str(portal.sources[self.source.id].description)
        assert told(portal)["must_hold_ids"] == []

    def test_of_a_portal_whose_size_cannot_be_read_are_seen(
        self, portal: HarvestedPortal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail() -> None:
            raise HarvestProtocolError("No number.")

        monkeypatch.setattr(portal, "count_datasets", fail)
        assert told(portal, since=self.HALF_A_DAY_AGO)["must_hold_ids"] == [self.source.id]


class TestNews:
    """Which sources a pass examines that continues from an earlier one, an hour ago."""

    HOUR_AGO = (NOW - timedelta(hours=1)).timestamp()

    @pytest.mark.parametrize(
        "newest, whole_ended, examined",
        [
            pytest.param(("processing", 30), 45, True, id="runs since; the one before ended in between"),
            pytest.param(("processing", 30), 90, False, id="runs since; the one before was seen"),
            pytest.param(("initialized", 9000), 9001, False, id="dead for days, and seen since"),
            pytest.param(("failed", 30), 45, True, id="failed since; the one before ended in between"),
            pytest.param(("failed", 30), 90, False, id="failed since; the one before was seen"),
        ],
    )
    def test_a_newer_job_hides_no_loss(self, newest: tuple[str, float], whole_ended: float, examined: bool) -> None:
        status, begun_ago = newest
        portal = HarvestedPortal()
        source = portal.add_harvested(lost=10)
        begun = NOW - timedelta(minutes=begun_ago)
        ended = begun if status == "failed" else None
        portal.change_job(source, ended=NOW - timedelta(minutes=whole_ended))
        portal.add_job(source, status, begun, ended)
        assert told(portal, since=self.HOUR_AGO)["must_hold_ids"] == ([source.id] if examined else [])

    def test_outage_of_more_than_a_week_is_said_ahead_whatever_the_newest_job_is(self) -> None:
        portal = HarvestedPortal()
        source = portal.add_harvested()
        last_week, now = NOW - timedelta(days=20), NOW - timedelta(minutes=5)
        portal.change_job(source, created=last_week, started=last_week, ended=last_week)
        portal.add_job(source, "failed", now, now)
        assert told(portal, since=self.HOUR_AGO)["exposed_ids"] == [source.id]

    def test_chosen_sources_are_examined_without_news(self) -> None:
        portal = HarvestedPortal()
        source = portal.add_harvested(lost=10)
        assert told(portal, since=NOW.timestamp())["must_hold_ids"] == []
        assert told(portal, since=NOW.timestamp(), again=[source.id])["must_hold_ids"] == [source.id]

    def test_sources_that_do_not_archive_are_named_for_the_next_pass(self) -> None:
        portal = HarvestedPortal()
        off = portal.add_harvested(lost=10, autoarchive=False)
        portal.add_harvested()
        assert examine(portal).not_archiving == [off.id]


class TestClock:
    """The next pass begins where the first page of this one's list was read."""

    def test_job_that_ends_while_the_list_is_read_is_news_of_the_next_pass(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        portal = HarvestedPortal()
        first, _ = portal.add_harvested(), portal.add_harvested()
        monkeypatch.setattr(portal, "iter_sources", partial(portal.iter_sources, page_size=1))
        answer, pages = portal.answer, count()

        def slow(name: str, *rest: Any) -> Response:
            if name == "list_sources" and next(pages) == 1:  # of the second page
                portal.clock.sleep(150)
                began = NOW + timedelta(seconds=60)
                portal.harvest_again(first, began, missed=20)
                portal.clock.sleep(150)
            return answer(name, *rest)

        monkeypatch.setattr(portal, "answer", slow)
        report = examine(portal)
        assert report.at == NOW
        assert told(portal, since=report.at.timestamp() - 60)["must_hold_ids"] == [first.id]


class TestSelection:
    def test_of_unknown_sources_is_refused(self) -> None:
        with pytest.raises(HarvestInvalidInput, match="has no source"):
            told(HarvestedPortal(), source_ids=["5f" + "0" * 22])
        with pytest.raises(HarvestInvalidInput, match="source_ids is empty"):
            told(HarvestedPortal(), source_ids=[])

    def test_takes_ids_in_upper_case(self) -> None:
        portal = HarvestedPortal()
        one, other = portal.add_harvested(lost=10), portal.add_harvested(lost=10)
        strange = "5E" + "F" * 22
        limits = {one.id.upper(): {"max_lost_ratio": 0.5}, other.id.upper(): {"max_lost_ratio": 0.5}}
        assert told(portal, source_ids=[one.id.upper()])["must_hold_ids"] == [one.id]
        assert told(portal, thresholds_by_source=limits)["must_hold_ids"] == []
        with pytest.raises(HarvestInvalidInput, match=f"has no source {strange.lower()}"):
            told(portal, source_ids=[strange])

    def test_thresholds_of_a_source_go_before_those_of_all(self) -> None:
        portal = HarvestedPortal()
        strict, usual = portal.add_harvested(lost=3, kept=97), portal.add_harvested(lost=3, kept=97)
        result = told(portal, thresholds_by_source={strict.id: {"max_lost_ratio": 0.02}})
        assert (result["must_hold_ids"], [row["source_id"] for row in result["rows"]]) == (
            [strict.id],
            [strict.id, usual.id],
        )

    @pytest.mark.parametrize(
        "by_source, wrong",
        [
            pytest.param('{"a": {}}', "thresholds_by_source", id="a template that renders a string"),
            pytest.param(["a"], "thresholds_by_source", id="a list"),
            pytest.param({"a": {5: 1, "b": 2}}, "not 5, b", id="names that are no strings"),
        ],
    )
    def test_odd_thresholds_are_refused_by_a_sentence(self, by_source: Any, wrong: str) -> None:
        with pytest.raises(HarvestInvalidInput, match=wrong):
            examine(HarvestedPortal(), thresholds_by_source=by_source)

    def test_thresholds_of_a_source_that_is_not_there_are_named(self, caplog: pytest.LogCaptureFixture) -> None:
        portal = HarvestedPortal()
        source = portal.add_harvested(lost=10)
        limits = {"max_lost_ratio": 0.5}
        result = told(portal, thresholds_by_source={source.id: limits, "5e" + "f" * 22: limits})
        assert result["must_hold_ids"] == []
        assert f"thresholds_by_source names 5e{'f' * 22}, which is not among the sources here" in caplog.text
        assert source.id not in caplog.text


class TestSaidAhead:
    """What could not be held is said before anything is missing."""

    @pytest.mark.parametrize(
        "schedule, days_ago, exposed",
        [
            pytest.param("0 4 * * *", 0.2, False, id="daily"),
            pytest.param("0 4 * * 1", 3, False, id="weekly"),
            pytest.param("0 4 1 * *", 20, True, id="monthly"),
            pytest.param("0 4 * * *", 9, True, id="comes back after a pause of more than a week"),
            pytest.param(None, 9, True, id="no cron, no matter who starts it"),
        ],
    )
    def test_source_whose_next_run_archives_at_once(self, schedule: str | None, days_ago: float, exposed: bool) -> None:
        portal = HarvestedPortal()
        source = portal.add_harvested()
        ended = NOW - timedelta(days=days_ago)
        portal.change(source.id, schedule=schedule)
        portal.change_job(source, created=ended, started=ended, ended=ended)
        result = told(portal, since=NOW.timestamp())  # nothing new: the list alone shows it
        assert result["exposed_ids"] == ([source.id] if exposed else [])
        assert ("cannot be held afterwards" in result["message"]) is exposed
        assert ("Before that run, harvest with guard=True, or switch autoarchive off" in result["message"]) is exposed

    @pytest.mark.parametrize(
        "fields, who, holdable",
        [
            pytest.param({"permissions": {"edit": True}}, {}, True, id="may edit"),
            pytest.param({"permissions": {"edit": False}}, {}, False, id="may not edit"),
            pytest.param({"permissions": {"edit": False}, "autoarchive": False}, {}, True, id="archives nothing"),
            pytest.param({"organization": "north"}, {"is_sysadmin": False}, True, id="member, before 14.3"),
            pytest.param({"organization": "south"}, {"is_sysadmin": False}, False, id="no member, before 14.3"),
            pytest.param({"organization": "south"}, {}, True, id="sysadmin, before 14.3"),
            pytest.param({}, {"has_key": False}, False, id="no key"),
        ],
    )
    def test_key_that_could_not_hold(self, fields: dict[str, Any], who: dict[str, Any], holdable: bool) -> None:
        portal = HarvestedPortal(**who)
        source = portal.add_harvested(**fields)
        result = told(portal, with_rights=True)
        assert result["not_holdable_ids"] == ([] if holdable else [source.id])
        assert ("could not be held" in result["message"]) is not holdable
        assert told(portal)["not_holdable_ids"] == []  # mode report needs no right

    @pytest.mark.parametrize("roles", [True, 5, "editor", {"admin": 1}, None])
    def test_key_of_a_user_with_odd_roles(self, roles: Any) -> None:
        portal = HarvestedPortal()
        portal.add_harvested(organization="north")
        south = portal.add_harvested(organization="south")
        portal.state.keys[KEY]["roles"] = roles
        assert told(portal, with_rights=True)["not_holdable_ids"] == [south.id]

    def test_key_that_has_expired(self, monkeypatch: pytest.MonkeyPatch) -> None:
        portal = HarvestedPortal()
        source = portal.add_harvested()
        listed = portal.iter_sources

        def refuse(keyed: bool = False, **arguments: Any) -> Any:
            if keyed:
                raise HarvestAuthError("The key has expired.", status_code=401)
            return listed(**arguments)

        monkeypatch.setattr(portal, "iter_sources", refuse)
        result = told(portal, with_rights=True)
        assert result["not_holdable_ids"] == [source.id]
        assert "The key has expired." in result["message"]
