"""Plans of declared sources: which source is meant, what differs, who may, how it reads, what it costs to make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.as_code import ownership_marker
from airflow_provider_harvest.portal.as_code.model import (
    Acceptance,
    Cron,
    Declaration,
    DeclaredSource,
    Unscheduled,
    Window,
)
from airflow_provider_harvest.portal.as_code.plan import render
from airflow_provider_harvest.portal.as_code.plan.make_plan import make_plan
from airflow_provider_harvest.portal.as_code.plan.values import canonical_config, leaves
from airflow_provider_harvest.portal.models import HarvestValidation
from tests.support.declared_sources import URL, conflicts, declared, planned
from tests.support.fake_portal.managed import ORGANIZATIONS, ManagedPortal
from tests.support.fake_portal.state import ORGANIZATION

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_harvest.portal.as_code.plan.planned_changes import Plan
    from airflow_provider_harvest.portal.client import HarvestClient
    from tests.support.fake_portal.server import Door

OTHER_URL = "https://town.example/other.xml"


@pytest.fixture
def portal() -> ManagedPortal:
    """A portal without sources."""
    return ManagedPortal()


HOLD = (
    "Text\n\n[harvest guard: autoarchive held on 2026-11-26T05:00:00+00:00, 9 records last seen before "
    "2026-11-26T04:00:00+00:00]"
)


class TestHeldByTheGuard:
    @pytest.mark.parametrize("managed_by", [None, "us"])
    def test_plan_says_so_and_leaves_what_is_the_guards(self, portal: ManagedPortal, managed_by: str | None) -> None:
        source = portal.add(url=URL, name="Town", autoarchive=False, description=HOLD)
        plan = planned(
            portal, declared(portal_id=source.id, autoarchive=True, description="New"), managed_by=managed_by
        )
        [change] = plan.changes
        assert "autoarchive" not in change.wanted
        assert "harvest guard" not in f"{change.seen} {change.wanted}"
        assert any(note.startswith("Held by the guard") and "Town" in note for note in plan.notes)

    def test_plan_switches_on_what_its_owner_switched_off(self, portal: ManagedPortal) -> None:
        source = portal.add(url=URL, name="Town", autoarchive=False)
        [change] = planned(portal, declared(portal_id=source.id, autoarchive=True)).changes
        assert change.wanted["autoarchive"] is True


# --- which source is meant --------------------------------------------------------------------------------------------


class TestMatch:
    def test_id_wins_over_all_else(self, portal: ManagedPortal) -> None:
        portal.add(url=URL)
        meant = portal.add(url=OTHER_URL)
        assert planned(portal, declared(portal_id=meant.id)).changes[0].source_id == meant.id

    def test_marker_finds_a_source_whose_every_field_differs(self, portal: ManagedPortal) -> None:
        meant = portal.add(url=OTHER_URL, backend="ckan", description=ownership_marker.join("Old", "us", "town"))
        assert planned(portal, declared(), managed_by="us").changes[0].source_id == meant.id

    def test_owner_backend_and_url_find_it(self, portal: ManagedPortal) -> None:
        portal.add(url=URL, name="Town", organization="south")
        meant = portal.add(url=URL, name="Town", organization="north")
        plan = planned(portal, declared(organization="north", name="Renamed"))
        assert [change.source_id for change in plan.changes] == [meant.id]

    def test_same_url_with_another_backend_is_the_same_source(self, portal: ManagedPortal) -> None:
        meant = portal.add(url=URL, name="Town", backend="ckan")
        (change,) = planned(portal, declared()).changes
        assert (change.source_id, change.differing) == (meant.id, ("backend",))

    def test_deleted_source_is_returned_as_none(self, portal: ManagedPortal) -> None:
        portal.delete_source(portal.add(url=URL).id)
        assert planned(portal, declared()).counts["create"] == 1

    def test_renamed_key_keeps_its_source(self, portal: ManagedPortal) -> None:
        meant = portal.add(url=URL, name="Town", description=ownership_marker.join(None, "us", "former"))
        plan = planned(portal, declared(), managed_by="us", prune=True)
        assert [(change.source_id, change.kinds) for change in plan.changes] == [(meant.id, ("update",))]
        assert 'marker "former" -> "town"' in render.text(plan)


MARKED = ownership_marker.join("", "us", "town")
MARKED_BY_OTHERS = ownership_marker.join(None, "them", "x")

CONFLICTS: list[tuple[str, Callable[[ManagedPortal], DeclaredSource], str]] = [
    ("two sources match", lambda p: (p.add(url=URL), p.add(url=URL)) and declared(), "2 sources match by owner"),
    ("two carry the marker", lambda p: (p.add(description=MARKED), p.add(description=MARKED)) and declared(),
     "2 sources carry its marker"),
    ("unknown id", lambda p: declared(portal_id="5f" + "0" * 22), "names no source"),
    ("changed owner", lambda p: declared(portal_id=p.add(organization="south").id, organization="north"),
     "belongs to organization south, and not to north"),
    ("unknown organization", lambda p: declared(organization="nowhere"), "no organization 'nowhere'"),
    ("other files' source", lambda p: (p.add(url=URL, description=MARKED_BY_OTHERS),) and declared(),
     "managed by other files"),
    ("unknown backend", lambda p: declared(backend="dact"), "Did you mean 'dcat'"),
    ("config of another backend", lambda p: declared(config={"filters": [{"key": "tag", "value": "x"}]}),
     "Did you mean 'tags'"),
    ("two of one URL and several backends", lambda p: (p.add(url=URL, backend="ckan"), p.add(url=URL, backend="ckan"))
     and declared(), "2 sources match by owner and URL"),
]  # fmt: skip


@pytest.mark.parametrize("make, reason", [case[1:] for case in CONFLICTS], ids=[case[0] for case in CONFLICTS])
def test_conflict_is_reported_and_the_others_go_on(
    portal: ManagedPortal, make: Callable[[ManagedPortal], DeclaredSource], reason: str
) -> None:
    plan = planned(portal, make(portal), declared("other", url=OTHER_URL), managed_by="us")
    assert reason in conflicts(plan)["town"]
    assert [change.key for change in plan.changes] == ["other"]


def test_two_new_ones_of_the_same_url_need_a_marker(portal: ManagedPortal) -> None:
    twins = declared("one"), declared("two")
    assert set(conflicts(planned(portal, *twins))) == {"one", "two"}
    assert planned(portal, *twins, managed_by="us").counts["create"] == 2


# --- what differs -----------------------------------------------------------------------------------------------------


def test_what_the_file_does_not_say_is_not_touched(portal: ManagedPortal) -> None:
    portal.add(url=URL, name="Town", description="By hand", config={"x": 1}, active=False, schedule="1 2 * * *")
    assert planned(portal, declared()).is_clean


KINDS: list[tuple[str, dict[str, Any], dict[str, Any], tuple[str, ...]]] = [
    ("name", {"name": "Old"}, {}, ("update",)),
    ("config", {"config": {}}, {"config": {"filters": [{"key": "tags", "value": "x"}]}}, ("update",)),
    ("order in config", {"config": {"filters": [{"key": "tags", "value": "x"}, {"key": "organization", "value": "y"}]}},
     {"config": {"filters": [{"key": "organization", "value": "y"}, {"key": "tags", "value": "x", "type": "include"}]}},
     ()),
    ("description emptied", {"description": "Old"}, {"description": ""}, ("update",)),
    ("cron", {"schedule": "0 0 * * *"}, {"schedule": Cron("5 3 * * *")}, ("reschedule",)),
    ("no cron", {"schedule": "0 0 * * *"}, {"schedule": Unscheduled()}, ("reschedule",)),
    ("cron in its window", {"schedule": "5 3 * * *"}, {"schedule": Window(120, 240)}, ()),
    ("cron outside its window", {"schedule": "5 5 * * *"}, {"schedule": Window(120, 240)}, ("reschedule",)),
    ("accepted", {"validation": HarvestValidation("pending")}, {"validation": Acceptance()}, ("validate",)),
    ("accepted already", {}, {"validation": Acceptance("Why")}, ()),
    ("switched on", {"active": False}, {"active": True}, ("activate",)),
    ("switched off", {}, {"active": False}, ("deactivate",)),
    ("all at once", {"name": "Old", "active": False, "schedule": None}, {"active": True, "schedule": Cron("5 3 * * *")},
     ("update", "reschedule", "activate")),
]  # fmt: skip


@pytest.mark.parametrize("before, said, kinds", [case[1:] for case in KINDS], ids=[case[0] for case in KINDS])
def test_kinds_of_changes(
    portal: ManagedPortal, before: dict[str, Any], said: dict[str, Any], kinds: tuple[str, ...]
) -> None:
    portal.add(**{"url": URL, "name": "Town", **before})
    plan = planned(portal, declared(**said))
    assert tuple(kind for change in plan.changes for kind in change.kinds) == kinds


def test_marker_alone_is_an_adoption(portal: ManagedPortal) -> None:
    portal.add(url=URL, name="Town", description="Text")
    (change,) = planned(portal, declared(), managed_by="us").changes
    assert change.kinds == ("adopt",)
    assert change.wanted["description"] == "Text\n\n[managed as code: us/town]"


def test_marker_stays_where_the_files_stop_using_one(portal: ManagedPortal) -> None:
    portal.add(url=URL, name="Town", description=ownership_marker.join("Old", "us", "town"))
    assert planned(portal, declared(description="Old")).is_clean
    (change,) = planned(portal, declared(description="New")).changes
    assert change.wanted["description"] == ownership_marker.join("New", "us", "town")


def test_cron_that_an_acceptance_would_reset_is_kept(portal: ManagedPortal) -> None:
    portal.add(url=URL, name="Town", validation=HarvestValidation("refused"), schedule="5 3 * * *")
    (change,) = planned(portal, declared(validation=Acceptance())).changes
    assert (change.kinds, change.wanted["schedule"]) == (("validate",), "5 3 * * *")


def test_only_managed_sources_are_deleted_and_only_with_prune(portal: ManagedPortal) -> None:
    portal.add(name="Stranger")
    portal.add(name="Theirs", description=ownership_marker.join(None, "them", "gone"))
    gone = portal.add(name="Gone", description=ownership_marker.join(None, "us", "gone"))
    kept = planned(portal, managed_by="us")
    assert kept.is_clean
    assert "gone" in kept.notes[0]
    assert [change.source_id for change in planned(portal, managed_by="us", prune=True).changes] == [gone.id]


# --- what a plan costs ------------------------------------------------------------------------------------------------


def test_plan_of_two_pages_of_unchanged_sources_takes_three_requests(server: Door, client: HarvestClient) -> None:
    ids = [
        server.portal.add_source(f"Source {number}", organization=dict(ORGANIZATION), owner=None)
        for number in range(600)
    ]
    sources = tuple(
        DeclaredSource(
            f"key-{number:04}",
            "sources.yaml:1",
            {"name": f"Source {number}", "url": f"https://catalogue.example/{ident}.xml", "backend": "dcat"},
            organization=ORGANIZATION["slug"],
            schedule=Cron("0 0 * * *"),
        )
        for number, ident in enumerate(ids)
    )

    plan = make_plan(client, Declaration(sources))

    assert (plan.is_clean, plan.unchanged) == (True, 600)
    assert len(server.requests) <= 3
    assert {request.method for request in server.requests} == {"GET"}


def test_files_for_another_portal_are_refused_before_it_is_read(portal: ManagedPortal) -> None:
    with pytest.raises(HarvestInvalidInput, match=r"The files are for https://elsewhere\.example"):
        make_plan(portal, Declaration(portal="https://elsewhere.example/"))
    assert portal.requests == []


# --- as people read it ------------------------------------------------------------------------------------------------


def prefixed(value: str) -> dict[str, Any]:
    return {"extra_configs": [{"key": "remote_url_prefix", "value": value}]}


@pytest.fixture
def large(portal: ManagedPortal) -> Plan:
    """A plan that moves 102 sources to another prefix, renames two of them, and creates 60."""
    sources = []
    for number in range(102):
        url = f"https://town.example/{number}"
        portal.add(url=url, name=f"Town {number}", config=prefixed("https://a.example/"), organization="north")
        name = f"Renamed {number}" if number < 2 else f"Town {number}"
        sources.append(declared(f"town-{number:03}", url=url, name=name, config=prefixed("https://b.example/")))
    sources += [declared(f"new-{number:02}", url=f"https://new.example/{number}") for number in range(60)]
    sources += [declared(f"odd-{number}", organization="nowhere") for number in range(30)]
    portal.add(url="https://kept.example/", name="Town")
    return planned(portal, *sources, declared("kept", url="https://kept.example/"))


class TestRendering:
    def test_first_line_counts(self, large: Plan) -> None:
        assert render.text(large).splitlines()[0] == (
            "https://portal.example: 60 to create, 102 to update, 30 in conflict, 1 unchanged."
        )

    def test_identical_changes_are_reported_once(self, large: Plan) -> None:
        line = '  config.remote_url_prefix "https://a.example/" -> "https://b.example/": 102 sources'
        assert sum(told.startswith(line) for told in render.text(large).splitlines()) == 1

    def test_change_of_one_source_names_it(self, large: Plan) -> None:
        assert '  name "Town 1" -> "Renamed 1": town-001' in render.text(large).splitlines()

    def test_unchanged_source_is_not_listed(self, large: Plan) -> None:
        assert "kept" not in render.text(large)

    def test_markdown_has_40_lines_at_most_and_every_section(self, large: Plan) -> None:
        lines = render.markdown(large).splitlines()
        assert len(lines) <= 40
        headings = [line for line in lines if line.startswith("**")]
        assert headings[1:] == ["**In conflict (30)**", "**Create (60)**", "**Update (3)**"]
        assert sum("and" in line and "more" in line for line in lines if line.startswith("- ...")) == 2

    def test_markdown_takes_nothing_for_markup(self, portal: ManagedPortal) -> None:
        told = render.markdown(planned(portal, declared(name="<b>[x](http://evil.example)\n# *y*")))
        assert "<b>" not in told.replace("\\<b\\>", "")
        assert "\n#" not in told

    def test_what_the_key_may_not_do_comes_first(self, portal: ManagedPortal) -> None:
        portal.is_sysadmin = False
        portal.add(url=URL, name="Town", schedule="0 0 * * *")
        lines = render.text(planned(portal, declared(schedule=Cron("5 3 * * *")))).splitlines()
        assert lines[2:4] == ["This key may not:", "  Reschedule: it takes a sysadmin's key: town"]

    def test_empty_plan_is_one_line(self, portal: ManagedPortal) -> None:
        assert render.text(planned(portal)) == "https://portal.example: no changes, 0 unchanged."


# --- parts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [None, "Text", "Two\n\nparagraphs\n", "With [brackets]"])
def test_marker_comes_off_as_it_went_on(text: str | None) -> None:
    assert ownership_marker.split(ownership_marker.join(text, "us", "a key")) == (text, "us", "a key")


def test_marker_is_found_where_people_wrote_below_it() -> None:
    description = f"{ownership_marker.join('Text', 'us', 'town')}\nMore"
    assert ownership_marker.split(description) == ("Text\nMore", "us", "town")


def test_config_is_shown_by_the_keys_that_people_know() -> None:
    old = {"filters": [{"key": "tags", "value": "a"}], "features": {"geodcatap": False}, "free": 1}
    new = {"filters": [{"key": "tags", "value": "a"}, {"key": "tags", "value": "b", "type": "exclude"}]}
    assert list(leaves("config", old, new)) == [
        ("config.features.geodcatap", False, None),
        ("config.filters.tags", "a", ["a", "not b"]),
        ("config.free", 1, None),
    ]


def test_empty_sections_of_a_config_do_not_matter() -> None:
    assert canonical_config({"filters": [], "features": {}, "x": None}) == {"x": None}


def test_organization_without_sources_costs_one_request(portal: ManagedPortal) -> None:
    portal.add(organization="north")
    planned(
        portal,
        declared("one", url="https://one.example/", organization="north"),
        declared("two", url="https://two.example/", organization="south"),
        declared("three", url="https://three.example/", organization=ORGANIZATIONS["south"]),
    )
    assert portal.counts()["get_organization"] == 2
    assert portal.counts()["list_sources"] == 1
