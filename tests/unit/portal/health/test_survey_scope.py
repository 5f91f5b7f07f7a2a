"""What a pass over a portal is about: selected sources, an upgrade meanwhile, one catalogue twice, an overview."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.exceptions import HarvestInvalidInput, HarvestNotFound
from airflow_provider_harvest.portal.client import HarvestClient
from airflow_provider_harvest.portal.health import HealthReport, Thresholds, examine
from airflow_provider_harvest.portal.health.overview import Overview
from airflow_provider_harvest.portal.models import HarvestSource
from airflow_provider_harvest.portal.sources.listing import SourceFilter
from tests.support.fake_portal.state import KEY, ORGANIZATION, USER
from tests.support.surveyed_portal import harvested, look, requests_of

if TYPE_CHECKING:
    from tests.support.fake_portal.server import Door

DAY = 86400.0


class TestSelection:
    @pytest.fixture
    def town(self, server: Door) -> str:
        """A source of the organization that is inactive, and one of a person that is, too."""
        server.portal.add_source("Person's", active=False)
        fields = {"owner": None, "organization": dict(ORGANIZATION), "backend": "ckan", "active": False}
        return server.portal.add_source("The Town", **fields)

    @pytest.mark.parametrize(
        "wanted",
        [
            {"organization": ORGANIZATION["id"]},
            {"organization": ORGANIZATION["slug"]},
            {"backend": "ckan"},
            {"name": "the town"},
            {"name": "TOWN"},
        ],
    )
    def test_is_by_organization_backend_or_name(self, server: Door, town: str, wanted: dict[str, str]) -> None:
        report = look(server, selection=SourceFilter.create(**wanted))
        assert (report.sources, report.ids("inactive")) == (1, [town])

    def test_is_by_owner(self, server: Door, town: str) -> None:
        report = look(server, selection=SourceFilter.create(owner_id=USER["id"]))
        assert [finding.source.name for finding in report.findings] == ["Person's"]
        assert report.findings[0].source.owner == "Uma Tester"

    def test_of_an_organization_takes_one_request_from_the_second_pass_on(self, server: Door, town: str) -> None:
        selection = SourceFilter.create(organization=ORGANIZATION["slug"])
        first = look(server, selection=selection)
        requests_of(server)
        assert look(server, first, selection=selection).ids("inactive") == [town]
        assert requests_of(server) == ["/harvest/sources/"]

    def test_by_an_organization_that_there_is_not_is_refused(self, newest: Door) -> None:
        with pytest.raises(HarvestNotFound, match="no organization 'nobody'"):
            look(newest, selection=SourceFilter.create(organization="nobody"))

    def test_by_a_backend_that_there_is_not_is_refused(self, newest: Door) -> None:
        newest.portal.add_source()
        with pytest.raises(HarvestInvalidInput, match="dact"):
            look(newest, selection=SourceFilter.create(backend="dact"))

    def test_leaves_deleted_sources_out(self, newest: Door) -> None:
        newest.portal.add_source(active=False, deleted="2026-01-01T00:00:00+00:00")
        assert look(newest).sources == 0


class TestUpgradedPortal:
    """The next release is installed between two passes of one client."""

    @pytest.mark.parametrize("then, now", [("A", "D"), ("B", "C"), ("D", "B")])
    def test_is_read_by_what_it_answers(self, newest: Door, then: str, now: str) -> None:
        harvested(newest.portal, "Gone", "failed", failed=1)
        newest.portal.add_source(owner=None, organization=dict(ORGANIZATION), active=False)
        selection = SourceFilter.create(organization=ORGANIZATION["id"])
        with HarvestClient(newest.url, KEY) as client:
            newest.portal.generation = then
            before = examine(client), examine(client, selection)
            newest.portal.generation = now
            after = examine(client, previous=before[0].state), examine(client, selection, previous=before[1].state)
        assert before[0].counts["newly_failing"] == 1
        assert (after[0].sources, after[1].sources, after[1].counts["inactive"]) == (2, 1, 1)


class TestSameCatalogue:
    def test_is_found_at_all_its_sources_each_naming_the_others(self, newest: Door) -> None:
        ids = [newest.portal.add_source(name, url="https://town.example/") for name in ("One", "Two", "Three")]
        newest.portal.add_source("Else")
        report = look(newest)
        assert set(report.ids("duplicate_url")) == set(ids)
        [two] = [finding for finding in report.findings if finding.source.name == "Two"]
        assert two.detail == f"the same catalogue as 'Three' ({ids[2]}), 'One' ({ids[0]})"

    @pytest.mark.parametrize("others, is_found", [("parks", True), ("roads", False)])
    def test_is_another_with_other_filters(self, newest: Door, others: str, is_found: bool) -> None:
        for value in ("parks", others):
            config = {"filters": [{"key": "organization", "value": value}]}
            newest.portal.add_source(value, url="https://town.example/", config=config)
        assert look(newest).counts["duplicate_url"] == (2 if is_found else 0)

    def test_names_a_few_of_many(self, newest: Door) -> None:
        for number in range(40):
            newest.portal.add_source(f"Town {number}", url="https://town.example/")
        report = look(newest)
        assert report.counts["duplicate_url"] == 40
        assert all(finding.detail.endswith("and 36 more") for finding in report.findings)
        assert all(f"({finding.source.id})" not in finding.detail for finding in report.findings)

    def test_stays_found_next_to_what_an_own_poll_shows(self, newest: Door) -> None:
        failing = harvested(newest.portal, "Gone", "failed", failed=1)
        newest.portal.sources[failing]["url"] = "https://town.example/"
        newest.portal.add_source("Twin", url="https://town.example/")
        report = look(newest)
        assert failing in report.ids("failing")
        assert failing in report.ids("duplicate_url")


def test_the_portals_own_clock_is_used_unless_another_is_handed_in(newest: Door) -> None:
    newest.portal.add_source(created_at="2026-01-01T00:00:00+00:00", validation={"state": "pending"})
    with HarvestClient(newest.url) as client:
        report = examine(client, thresholds=Thresholds(pending_days=0))
        assert abs(report.at.timestamp() - client.portal_now()) < 60


def test_what_is_left_for_the_next_pass_is_small(newest: Door) -> None:
    for number in range(100):
        harvested(newest.portal, f"Town {number}", "failed" if number % 10 == 0 else "done", done=12345 % 50)
    assert len(json.dumps(look(newest).state)) < 100 * 60


class TestOverview:
    """All sources in a few words each, from the list that a pass reads anyway."""

    def rows(self, report: HealthReport) -> list[dict[str, Any]]:
        return [dict(zip(report.overview["columns"], row, strict=True)) for row in report.overview["rows"]]

    def test_a_source_that_is_well_has_a_row_as_one_that_fails(self, newest: Door) -> None:
        well, fails = harvested(newest.portal, "Town", done=20, archived=2), harvested(newest.portal, "Ain", "failed")
        never = newest.portal.add_source("Never\nrun\u202e", schedule="0 3 * * *")
        rows = {row["id"]: row for row in self.rows(look(newest))}
        assert set(rows) == {well, fails, never}
        told = {key: rows[well][key] for key in ("name", "state", "status", "total", "done", "failed", "archived")}
        assert told == {
            "name": "Town",
            "state": "accepted",
            "status": "done",
            "total": 22,
            "done": 20,
            "failed": 0,
            "archived": 2,
        }
        assert rows[fails]["status"] == "failed"
        assert (rows[never]["name"], rows[never]["schedule"], rows[never]["job_id"]) == ("Never run", "0 3 * * *", None)

    def test_every_generation_has_rows_some_without_counters(self, server: Door) -> None:
        harvested(server.portal)
        (row,) = self.rows(look(server))
        assert row["status"] == "done"
        assert row["done"] in (20, None)

    def test_it_takes_no_request_and_says_how_many_sources_it_leaves_out(self) -> None:
        overview = Overview(limit=2)
        for number in range(5):
            overview.add(HarvestSource.from_api({"id": f"{number:024x}", "name": "x" * 5000}))
        left = overview.as_dict("https://portal.example", datetime(2026, 11, 26, tzinfo=timezone.utc))
        assert (left["total"], len(left["rows"])) == (5, 2)
        assert len(json.dumps(left)) < 1000
