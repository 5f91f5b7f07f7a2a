"""What a plan says to the person who approves it, next to its changes; and whose a source is."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_harvest.portal.as_code import ownership_marker
from airflow_provider_harvest.portal.as_code.model import Acceptance, Cron, DeclaredSource, Unscheduled
from airflow_provider_harvest.portal.as_code.plan import render
from airflow_provider_harvest.portal.http.unreadable_entries import UnreadableEntry
from airflow_provider_harvest.portal.models import HarvestRef, HarvestValidation
from tests.support.declared_sources import URL, conflicts, declared, planned
from tests.support.fake_portal.managed import USER, ManagedPortal

CRON = Cron("5 3 * * *")
PENDING = HarvestValidation("pending")
STRANGER = HarvestRef(USER)


@pytest.fixture
def portal() -> ManagedPortal:
    """A portal without sources."""
    return ManagedPortal()


#: The sources of the portal, what the files say, and what the only note says; None for no note.
NOTES: list[tuple[str, list[dict[str, Any]], dict[str, Any], str | None]] = [
    ("a new source", [], {}, None),
    ("a new source of a stranger's URL", [{"url": f"{URL}/", "owner": STRANGER}], {"organization": "north"},
     "town is new, and another owner's source harvests the same URL: "),
    ("... with another backend", [{"url": URL, "owner": STRANGER, "backend": "ckan"}],
     {"organization": "north"}, None),
    ("... that had the source before", [{"url": URL}, {"url": URL, "owner": STRANGER}], {}, None),
    ("a cron, and nobody has accepted it", [], {"schedule": CRON}, "1 source gets a cron, and the files do not say "),
    ("a cron, and the files accept it", [], {"schedule": CRON, "validation": Acceptance()}, None),
    ("a cron, and it is accepted", [{"url": URL, "name": "Town"}], {"schedule": CRON}, None),
    ("a cron, and it is pending", [{"url": URL, "name": "Town", "validation": PENDING}], {"schedule": CRON},
     "1 source gets a cron, and the files do not say "),
    ("the cron that it has", [{"url": URL, "name": "Old", "validation": PENDING, "schedule": CRON.text}],
     {"schedule": CRON}, None),
    ("no cron", [{"url": URL, "name": "Town", "validation": PENDING, "schedule": CRON.text}],
     {"schedule": Unscheduled()}, None),
    ("inactive, and the files say nothing", [{"url": URL, "name": "Town", "active": False}], {},
     "1 source is inactive on the portal, and the files do not say"),
    ("inactive, as the files say", [{"url": URL, "name": "Town", "active": False}], {"active": False}, None),
    ("inactive, and to be switched on", [{"url": URL, "name": "Town", "active": False}], {"active": True}, None),
    ("new and inactive, as the files say", [], {"active": False}, "1 new source is created inactive and stay"),
]  # fmt: skip


@pytest.mark.parametrize("sources, said, told", [case[1:] for case in NOTES], ids=[case[0] for case in NOTES])
def test_note(portal: ManagedPortal, sources: list[dict[str, Any]], said: dict[str, Any], told: str | None) -> None:
    for source in sources:
        portal.add(**source)
    notes = planned(portal, declared(**said)).notes
    assert [note[: len(told or "")] for note in notes] == ([told] if told else [])


#: Who owns a new source, as the plan shows it.
OWNERS = [({}, "the key's own user"), ({"organization": "north"}, "north"), ({"owner": USER}, USER)]


@pytest.mark.parametrize("said, shown", OWNERS)
def test_owner_of_a_new_source_is_shown(portal: ManagedPortal, said: dict[str, Any], shown: str) -> None:
    assert f"(of {shown}, dcat, " in render.text(planned(portal, declared(**said)))


@pytest.mark.parametrize("whose, organization, owner", [
    ({}, None, "the key's"), ({"owner": STRANGER}, None, USER), ({"organization": "north"}, "north", None),
    ({"owner": None}, None, None),
], ids=["own", "a user's", "an organization's", "nobody's"])  # fmt: skip
def test_change_names_the_owner_of_its_source(
    portal: ManagedPortal, whose: dict[str, Any], organization: str | None, owner: str | None
) -> None:
    source = portal.add(name="Old", **whose)
    [change] = planned(portal, declared(portal_id=source.id, url=source.url)).changes
    assert change.organization == (source.organization.id if organization and source.organization else None)
    assert change.owner == (portal.user_id if owner == "the key's" else owner)


def test_plan_compares_nothing_that_it_does_not_write(portal: ManagedPortal) -> None:
    """The cron of a source that is not to be accepted is nobody's reason to stop."""
    portal.add(url=URL, name="Old", validation=PENDING, schedule="1 2 * * *")
    [change] = planned(portal, declared()).changes
    assert set(change.wanted) == {"name", "url", "backend"}
    [new] = planned(portal, declared("new", url="https://new.example/", name="New", autoarchive=False)).changes
    assert new.initial == {"description": None, "config": {}, "active": True}


def test_schedule_that_the_files_lack_is_left_alone(portal: ManagedPortal) -> None:
    portal.add(url=URL, name="Old", schedule="1 2 * * *")
    fields = {"name": "Town", "url": URL, "backend": "dcat"}
    lacking = DeclaredSource("town", "a.yaml:1", fields, schedule=CRON, incomplete=("schedule",))
    [change] = planned(portal, lacking).changes
    assert "schedule" not in change.wanted


# --- deletions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keys", [("a", "b", "c"), ("c", "a", "b")])
def test_deletions_have_one_order_however_they_are_listed(portal: ManagedPortal, keys: tuple[str, ...]) -> None:
    """Else the same plan would have another digest whenever somebody creates a source."""
    for key in keys:
        portal.add(description=ownership_marker.join(None, "us", key))
    plan = planned(portal, managed_by="us", prune=True)
    assert [change.key for change in plan.changes] == ["a", "b", "c"]
    assert not any("Anyone may write a marker" in note for note in plan.notes)


def test_sources_that_a_conflict_is_about_are_not_called_gone(portal: ManagedPortal) -> None:
    """Their keys were renamed in the files, and the URL is that of both."""
    for key in ("former-1", "former-2"):
        portal.add(url=URL, description=ownership_marker.join(None, "us", key))
    plan = planned(portal, declared(), managed_by="us")
    assert "2 sources match by owner" in conflicts(plan)["town"]
    assert plan.notes == ()


def test_keys_that_deletions_wait_for_are_listed_in_order(portal: ManagedPortal) -> None:
    portal.add(description=ownership_marker.join(None, "us", "gone"))
    files = [declared(key, organization="nowhere") for key in ("d", "b", "a", "c")]
    notes = planned(portal, *files, managed_by="us", prune=True).notes
    assert any("by a, b, c, d, in conflict above" in note for note in notes)


# --- second sources ---------------------------------------------------------------------------------------------------

BROKEN = "5f" + "a" * 22
UNREADABLE, NOT_THERE = "may be a source that cannot be read", "names no source"
#: What the portal returns of a source that cannot be read, what the files say, and the reason of the conflict, if any.
ENTRIES: list[tuple[str, dict[str, Any], dict[str, Any], str | None]] = [
    ("nothing", {}, {}, None),
    ("its URL", {"url": URL}, {}, UNREADABLE),
    ("its URL in another form", {"url": f"{URL}/"}, {}, UNREADABLE),
    ("another URL", {"url": "https://other.example/"}, {}, None),
    ("its id", {"id": BROKEN}, {"portal_id": BROKEN}, UNREADABLE),
    ("its id in other letters", {"id": BROKEN.upper()}, {"portal_id": BROKEN}, UNREADABLE),
    ("another id, and its URL", {"id": BROKEN, "url": URL}, {"portal_id": "5f" + "b" * 22}, NOT_THERE),
    ("no id", {"url": URL}, {"portal_id": BROKEN}, NOT_THERE),
    ("its marker", {"description": ownership_marker.join("Text", "us", "town")}, {}, UNREADABLE),
    ("the marker of another key", {"description": ownership_marker.join("Text", "us", "other")}, {}, None),
    ("the marker of other files", {"description": ownership_marker.join("Text", "them", "town")}, {}, None),
]


@pytest.mark.parametrize("entry, said, reason", [case[1:] for case in ENTRIES], ids=[case[0] for case in ENTRIES])
def test_source_that_cannot_be_read_may_be_the_declared_one(
    portal: ManagedPortal, entry: dict[str, Any], said: dict[str, Any], reason: str | None
) -> None:
    def iter_sources(*args: Any, on_unreadable: Any, **how: Any) -> list[Any]:
        on_unreadable(UnreadableEntry(1, entry))
        return []

    portal.iter_sources = iter_sources  # type: ignore[assignment,method-assign]
    found = conflicts(planned(portal, declared(**said), managed_by="us")).get("town")
    assert (reason in (found or "")) if reason else found is None


def test_reason_of_an_earlier_conflict_is_kept(portal: ManagedPortal) -> None:
    for _ in range(2):
        portal.add(url=URL, name="Town")
    assert "2 sources match by owner" in conflicts(planned(portal, declared()))["town"]


def test_all_sources_of_the_same_name_are_in_order(portal: ManagedPortal) -> None:
    ids = [portal.add(url=f"https://former.example/{number}", name=" town ").id for number in range(3)]
    [conflict] = planned(portal, declared()).conflicts
    assert conflict.source_ids == tuple(sorted(ids))
