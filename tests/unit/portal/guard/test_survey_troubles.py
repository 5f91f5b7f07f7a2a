"""What a pass of the guard makes of what it cannot read: it leaves that out, and says so."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.exceptions import HarvestError
from airflow_provider_harvest.portal.guard.apply_decisions import act
from airflow_provider_harvest.portal.guard.render import as_dict
from airflow_provider_harvest.portal.guard.survey import examine
from airflow_provider_harvest.portal.sources.guard_note import NOTE_HELD, NOTHING_ACCEPTED, Note, join
from tests.support.fake_portal.harvested import JOB_BEGAN, NOW, HarvestedPortal
from tests.support.fake_portal.managed import ORGANIZATIONS
from tests.support.fake_portal.scripted import server_error
from tests.support.fake_portal.state import Response
from tests.support.guard_passes import told

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.models import HarvestSource


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
