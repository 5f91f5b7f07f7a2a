"""One pass of the guard: what it reads, what it says ahead, and what people read of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.exceptions import HarvestAuthError, HarvestError, HarvestInvalidInput
from airflow_provider_harvest.portal.guard.apply_decisions import act
from airflow_provider_harvest.portal.guard.case import Case
from airflow_provider_harvest.portal.guard.render import as_dict, message
from airflow_provider_harvest.portal.guard.survey import examine
from airflow_provider_harvest.portal.sources.guard_note import NOTE_HELD, NOTHING_ACCEPTED, Note, join
from tests.support.fake_portal.harvested import JOB_BEGAN, NOW, HarvestedPortal
from tests.support.fake_portal.managed import ORGANIZATIONS
from tests.support.fake_portal.scripted import server_error
from tests.support.fake_portal.state import KEY, Response

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.models import HarvestSource


def told(portal: HarvestedPortal, **arguments: Any) -> dict[str, Any]:
    return as_dict(portal, examine(portal, **arguments))


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


class TestWhatCannotBeRead:
    @pytest.mark.parametrize("owners", [2, 12], ids=["read owner by owner", "read in one pass"])
    def test_one_owner_whose_records_cannot_be_read_leaves_out_its_sources_only(
        self, owners: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        portal = HarvestedPortal()
        idents = [f"5e{number:022x}" for number in range(owners)]
        for ident in idents:
            monkeypatch.setitem(ORGANIZATIONS, f"town-{ident}", ident)
        sources = [portal.add_harvested(lost=10, organization=f"town-{ident}") for ident in idents]
        answer = portal.answer

        def broken(name: str, method: str, path: str, query: dict[str, str], *rest: Any) -> Response:
            if name == "list_datasets" and query.get("organization") in (idents[1], None):
                return Response(500, {"message": "Internal Server Error"})
            return answer(name, method, path, query, *rest)

        monkeypatch.setattr(portal, "answer", broken)
        result = told(portal)
        assert result["must_hold_ids"] == [source.id for source in sources if source is not sources[1]]
        [incomplete] = result["incomplete"]
        assert idents[1] in incomplete

    def test_all_records_leaves_out_only_the_sources_without_an_owner(self, monkeypatch: pytest.MonkeyPatch) -> None:
        portal = HarvestedPortal()
        owned, ownerless = portal.add_harvested(lost=10, organization="north"), portal.add_harvested(lost=10)
        portal.change(ownerless.id, owner=None)
        answer = portal.answer

        def broken(name: str, method: str, path: str, query: dict[str, str], *rest: Any) -> Response:
            if name == "list_datasets" and not query.get("organization"):
                return Response(500, {"message": "Internal Server Error"})
            return answer(name, method, path, query, *rest)

        monkeypatch.setattr(portal, "answer", broken)
        report = examine(portal)
        assert as_dict(portal, report)["must_hold_ids"] == [owned.id]
        assert report.not_examined == {ownerless.id}
        assert "1 without an owner" in report.requests_failed[0]

    @pytest.mark.parametrize(
        "odd",
        [
            pytest.param({"created": None}, id="a job without the time of its creation"),
            pytest.param({"created": None, "started": None}, id="a job with its end only"),
            pytest.param({"ended": "9999-12-31T23:59:59+00:00"}, id="a job of the year 9999"),
        ],
    )
    def test_odd_job_ends_no_pass(self, odd: dict[str, Any]) -> None:
        portal = HarvestedPortal()
        sources = [portal.add_harvested(lost=10), portal.add_harvested(lost=10)]
        portal.change_job(sources[0], **odd)
        assert told(portal)["must_hold_ids"] == [source.id for source in sources]

    @pytest.mark.parametrize("when", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
    def test_line_with_an_odd_time_in_a_description_ends_no_pass(self, when: str) -> None:
        portal = HarvestedPortal()
        line = f"[harvest guard: {NOTE_HELD} on {when}, 1 records last seen before {when}]"
        sources = [portal.add_harvested(lost=10, description=line), portal.add_harvested(lost=10)]
        assert told(portal)["must_hold_ids"] == [source.id for source in sources]

    @pytest.mark.parametrize("when", ["0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59+00:00"])
    def test_record_seen_at_an_end_of_the_calendar_ends_no_pass(self, when: str) -> None:
        portal = HarvestedPortal()
        sources = [portal.add_harvested(lost=10), portal.add_harvested(lost=10)]
        for entry in portal.state.datasets[-10:]:
            entry["harvest"]["last_update"] = when
        assert sources[0].id in told(portal)["must_hold_ids"]

    def test_a_portal_that_is_away_ends_the_pass(self, monkeypatch: pytest.MonkeyPatch) -> None:
        portal = HarvestedPortal()
        portal.add_harvested(lost=10)

        def away(*_: Any) -> Any:
            raise server_error(503)

        monkeypatch.setattr(portal, "iter_datasets", away)
        with pytest.raises(HarvestError):
            told(portal)

    def test_a_key_whose_user_cannot_be_read_is_tried(self, monkeypatch: pytest.MonkeyPatch) -> None:
        portal = HarvestedPortal()
        lost, whole = portal.add_harvested(lost=10, organization="north"), portal.add_harvested()

        def unknown() -> Any:
            raise server_error(500)

        monkeypatch.setattr(portal, "whoami", unknown)
        result = told(portal, with_rights=True)
        assert (result["must_hold_ids"], result["not_holdable_ids"]) == ([lost.id], [])
        assert whole.id in portal.sources


class TestHeldSources:
    """A hold is reported in each pass, whatever can be read of its records."""

    NOTE = str(join("Data of the town.", Note(NOTE_HELD, NOW - timedelta(days=20), 10, JOB_BEGAN)))
    AHEAD = str(join(None, Note(NOTE_HELD, NOW - timedelta(days=20), 0, NOTHING_ACCEPTED)))

    def check(self, portal: HarvestedPortal, source: HarvestSource, why: str) -> None:
        report = examine(portal, with_rights=True)
        act(portal, report)
        result = as_dict(portal, report)
        assert (result["held_ids"], result["overdue_ids"]) == ([source.id], [source.id])
        assert result["held_since"] == {source.id: (NOW - timedelta(days=20)).isoformat()}
        row = result["rows"][0]
        assert (row["is_examined"], row["job_id"], row["missing"], row["action"]) == (False, None, 0, "")
        assert why in row["reasons"][0]
        assert "1 source needs a person" in result["message"]
        assert why in result["message"]
        assert portal.written == []

    @pytest.mark.parametrize("refused", ["list_datasets", "list_items"])
    def test_whose_records_cannot_be_read(self, refused: str, monkeypatch: pytest.MonkeyPatch) -> None:
        portal = HarvestedPortal()
        source = portal.add_harvested(lost=10, autoarchive=False, description=self.NOTE)
        answer = portal.answer

        def broken(name: str, *rest: Any) -> Response:
            return Response(500, {"message": "Broken."}) if name == refused else answer(name, *rest)

        monkeypatch.setattr(portal, "answer", broken)
        self.check(portal, source, "could not be read")
        assert examine(portal).not_examined == {source.id}

    @pytest.mark.parametrize("status", [None, "failed"])
    @pytest.mark.parametrize("description", [NOTE, AHEAD], ids=["for a loss", "by a guarded run that was killed"])
    def test_that_no_harvest_has_ended_of(self, status: str | None, description: str) -> None:
        portal = HarvestedPortal()
        source = portal.add(schedule="0 4 * * *", autoarchive=False, description=description)
        if status:
            portal.add_job(source, status, NOW, NOW)
        self.check(portal, source, "No harvest of it has ended")

    @pytest.mark.parametrize("description", [NOTE, AHEAD], ids=["for a loss", "by a guarded run that was killed"])
    def test_expire_all_the_same(self, description: str) -> None:
        portal = HarvestedPortal()
        source = portal.add(schedule="0 4 * * *", autoarchive=False, description=description)
        report = examine(portal)
        act(portal, report, expire_days=20)
        result = as_dict(portal, report)
        assert (result["expired_ids"], result["held_ids"]) == ([source.id], [])
        assert portal.sources[source.id].autoarchive is True


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


class TestMessage:
    @pytest.mark.parametrize("count", [0, 1, 4, 5, 60])
    def test_has_fifteen_lines_at_most_and_names_what_would_vanish(self, count: int) -> None:
        portal = HarvestedPortal(has_key=False)
        for _ in range(count):
            portal.add_harvested(lost=10)
        portal.add_harvested(lost=1)
        result = told(portal, with_rights=True)
        lines = result["message"].splitlines()
        assert len(lines) <= 15
        need = "nothing has to wait" if count == 0 else "1 source needs" if count == 1 else f"{count} sources need"
        assert need in lines[0]
        assert "1 source more: 1 record is missing there" in result["message"]
        if count:
            assert "10 of 40 records are missing (25.0%)" in lines[1]
            assert " Archived from 2026-12-03 on." in lines[1]
            assert "https://www.example/datasets/" in lines[2]

    @pytest.mark.parametrize(
        "lost, told_of_it",
        [
            (2, ": 2 records are still missing."),
            (10, ": 10 of 40 records are missing (25.0%)"),
            (0, ": nothing is missing"),
        ],
    )
    def test_says_what_a_hold_waits_for(self, lost: int, told_of_it: str) -> None:
        portal = HarvestedPortal()
        note = Note(NOTE_HELD, NOW, 10, JOB_BEGAN)
        portal.add_harvested(lost=lost, autoarchive=False, description=join("Data of the town.", note))
        assert told_of_it in told(portal)["message"].splitlines()[1]

    def test_names_of_a_portal_cannot_write_markdown(self) -> None:
        portal = HarvestedPortal()
        portal.add_harvested(lost=10, name="Town](https://evil.example) <b>[x")
        text = told(portal)["message"]
        assert "](https://evil.example)" not in text.replace("\\]", "")
        assert "<b>" not in text

    @pytest.mark.parametrize(
        "page, shown",
        [
            ("https://portal.example/a)b", "(https://portal.example/a%29b)"),
            ("javascript:alert(1)", None),
            ("https://portal.example/\x1b[31m\n- forged", None),
            ("https://user@other.example/", None),
        ],
    )
    def test_addresses_of_a_portal_cannot_write_markdown_or_run_anything(self, page: str, shown: str | None) -> None:
        portal = HarvestedPortal()
        portal.add_harvested(lost=10)
        portal.records = [record._replace(page=page) for record in portal.records]
        result = told(portal)
        told_links = [line.rpartition("](")[2] for line in result["message"].splitlines() if line.startswith("  - [")]
        assert told_links == ([] if shown is None else [shown[1:]] * 3)
        assert {entry["url"] for row in result["rows"] for entry in row["missing_records"]} == {page if shown else None}

    def test_row_names_each_record_and_its_day(self) -> None:
        portal = HarvestedPortal()
        portal.add_harvested(lost=30, lost_on=JOB_BEGAN - timedelta(days=8))
        row = told(portal)["rows"][0]
        assert (row["records"], row["missing"], row["will_archive"], len(row["missing_records"])) == (60, 30, 30, 20)
        assert {entry["archived_at"] for entry in row["missing_records"]} == {"2026-11-27T04:00:00+00:00"}

    def test_counts_only_what_a_person_must_decide(self) -> None:
        portal = HarvestedPortal()
        source = portal.add_harvested(lost=10)
        waiting = examine(portal, with_rights=True)
        act(portal, waiting)
        portal.bring_back(source)
        lifted = examine(portal, with_rights=True)
        act(portal, lifted)
        heads = [message(portal, report).splitlines()[0] for report in (waiting, lifted)]
        assert heads[0].endswith(": 1 source needs a person, 10 records are at risk.")
        assert heads[1].endswith(": 1 source, nothing has to wait for a person.")
        assert "hold lifted" in message(portal, lifted).splitlines()[1]

    def test_says_how_many_requests_failed(self) -> None:
        portal = HarvestedPortal()
        report = examine(portal)
        report.requests_failed = [
            "12 of the organization a: broken",
            "3 of the user b: broken",
            "1 of the user c: broken",
        ]
        last = message(portal, report).splitlines()[-1]
        assert last == "- not examined: 12 of the organization a: broken (and 2 more)"
        report.requests_failed = report.requests_failed[:1]
        assert message(portal, report).splitlines()[-1] == "- not examined: 12 of the organization a: broken"

    def test_reason_of_a_portal_why_nothing_can_be_held_cannot_write_markdown(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        portal = HarvestedPortal()
        portal.add_harvested()
        listed = portal.iter_sources

        def refuse(keyed: bool = False, **arguments: Any) -> Any:
            if keyed:
                raise HarvestAuthError("<!channel> [log in](https://evil.example)", status_code=401)
            return listed(**arguments)

        monkeypatch.setattr(portal, "iter_sources", refuse)
        text = told(portal, with_rights=True)["message"]
        assert "could not be held" in text
        assert "](https://evil.example)" not in text.replace("\\]", "")
        assert "<!channel>" not in text

    def test_of_thousands_of_sources_compares_each_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        portal = HarvestedPortal()
        portal.add_harvested(lost=10)
        report = examine(portal)
        report.cases = [replace(report.cases[0]) for _ in range(1000)]
        compared: list[object] = []
        monkeypatch.setattr(Case, "__eq__", lambda case, other: bool(compared.append(other)) or case is other)
        assert "and 99" in message(portal, report)
        assert compared == []
