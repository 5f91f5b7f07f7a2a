"""What a plan must show, and what it must not do without a person's word."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.exceptions import HarvestInvalidInput, HarvestRequestRejected
from airflow_provider_harvest.portal.as_code import ownership_marker
from airflow_provider_harvest.portal.as_code.apply.pace import Pacing
from airflow_provider_harvest.portal.as_code.apply.run import apply_plan
from airflow_provider_harvest.portal.as_code.files.reader import Files, read_text
from airflow_provider_harvest.portal.as_code.model import Acceptance, InvalidDeclaration
from airflow_provider_harvest.portal.as_code.plan import render
from airflow_provider_harvest.portal.as_code.plan.excerpts import change
from airflow_provider_harvest.portal.as_code.plan.make_plan import check_organizations
from airflow_provider_harvest.portal.as_code.plan.planned_changes import looks_like_a_plan
from airflow_provider_harvest.portal.http.unreadable_entries import UnreadableEntry
from airflow_provider_harvest.portal.models import HarvestRef
from airflow_provider_harvest.portal.sources.identity import normal_url
from tests.support.declared_sources import URL, conflicts, declared, planned
from tests.support.fake_portal.managed import ORGANIZATIONS, USER, ManagedPortal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from airflow_provider_harvest.portal.models import HarvestSource

LONG = "https://ogc.geo-ide.developpement-durable.example/wxs/directories/csw/records/"
HURRY = Pacing(write_interval=0.0, accept_interval=0.0)


@pytest.fixture
def portal() -> ManagedPortal:
    """A portal without sources."""
    return ManagedPortal()


class TestShown:
    def test_102_different_changes_are_102_entries(self, portal: ManagedPortal) -> None:
        sources = [portal.add(name=f"Town {number}", url=f"{LONG}old-{number}/csw") for number in range(102)]
        plan = planned(
            portal,
            *(
                declared(f"town-{number:03}", name=f"Town {number}", url=f"{LONG}new-{number}/csw", portal_id=source.id)
                for number, source in enumerate(sources)
            ),
        )
        text = render.text(plan)
        assert [f"new-{number}/" in text and f"old-{number}/" in text for number in range(102)] == [True] * 102
        assert "102 sources" not in text

    def test_the_same_change_names_every_source(self, portal: ManagedPortal) -> None:
        for number in range(30):
            portal.add(name="Old", url=f"https://town.example/{number}")
        plan = planned(portal, *(declared(f"town-{n:02}", url=f"https://town.example/{n}") for n in range(30)))
        text = render.text(plan)
        assert 'name "Old" -> "Town": 30 sources' in text
        assert [f"town-{number:02}" in text for number in range(30)] == [True] * 30

    def test_a_new_source_hides_nothing(self, portal: ManagedPortal) -> None:
        said: dict[str, Any] = {
            "description": "About the town",
            "autoarchive": False,
            "config": {"filters": [{"key": "tags", "value": "water", "type": "exclude"}]},
            "validation": Acceptance("Welcome"),
        }
        text = render.text(planned(portal, declared(**said)))
        assert "(of the key's own user, dcat, " in text
        for shown in ("About the town", "no autoarchive", 'config.filters.tags "not water"', "Welcome"):
            assert shown in text

    @pytest.mark.parametrize(
        "before, after, told",
        [
            ("a", "b", '"a" -> "b"'),
            (None, "b", '(none) -> "b"'),
            (f"{LONG}one/csw", f"{LONG}two/csw", '"...csw/records/one/csw" -> "...csw/records/two/csw"'),
            (f"{LONG}", LONG[:-1], '"...csw/records/" -> "...csw/records"'),
        ],
    )
    def test_the_part_that_differs(self, before: Any, after: Any, told: str) -> None:
        assert change(before, after) == told


class TestSecondSources:
    @pytest.mark.parametrize(
        "url", ["http://town.example/catalog.xml", f"{URL}/", "https://TOWN.example:443/catalog.xml"]
    )
    def test_same_address_in_other_letters_is_the_same_source(self, portal: ManagedPortal, url: str) -> None:
        source = portal.add(name="Town", url=url)
        (found,) = planned(portal, declared()).changes
        assert (found.source_id, found.differing) == (source.id, ("url",))

    def test_new_host_is_a_conflict_until_it_is_confirmed(self, portal: ManagedPortal) -> None:
        source = portal.add(name="Town", url="https://former.example/")
        assert f"{source.id} (https://former.example/)" in conflicts(planned(portal, declared()))["town"]
        assert planned(portal, declared(), allow_duplicates=True).counts["create"] == 1

    @pytest.mark.parametrize("other", [{"name": "Another"}, {"backend": "ckan"}, {"organization": "south"}])
    def test_what_is_another_source_is_no_obstacle(self, portal: ManagedPortal, other: dict[str, Any]) -> None:
        portal.add(**{"name": "Town", "url": "https://former.example/", "organization": "north", **other})
        assert planned(portal, declared(organization="north")).counts["create"] == 1


@pytest.mark.parametrize(
    "one, other, same",
    [
        ("https://x.example/", "https://x.example", True),
        ("http://x.example/a", "https://x.example/a", True),
        ("https://X.example:443/a/", "https://x.example/a", True),
        ("https://x.example/a?b=c", "https://x.example/a?b=d", False),
        ("https://x.example/A", "https://x.example/a", False),
        ("https://x.example:8443/a", "https://x.example/a", False),
        ("https://x.example/#a", "https://x.example/#b", False),
        ("no address", " no address ", True),
    ],
)
def test_normal_form_of_urls(one: str, other: str, same: bool) -> None:
    assert (normal_url(one) == normal_url(other)) is same


class TestMarkersOfStrangers:
    def add_stranger(self, portal: ManagedPortal, key: str) -> HarvestSource:
        return portal.add(owner=HarvestRef(USER), description=ownership_marker.join(None, "us", key))

    def test_do_not_block(self, portal: ManagedPortal) -> None:
        ours = portal.add(
            url=URL, name="Old", organization="north", description=ownership_marker.join(None, "us", "town")
        )
        self.add_stranger(portal, "town")
        plan = planned(portal, declared(organization="north"), managed_by="us")
        assert [found.source_id for found in plan.changes] == [ours.id]

    def test_do_not_block_a_plan_without_a_key(self, portal: ManagedPortal) -> None:
        """As a drift alarm that reads a public portal: who the files' user is, is unknown."""
        portal.has_key = False
        ours = portal.add(
            url=URL, name="Old", organization="north", description=ownership_marker.join(None, "us", "town")
        )
        self.add_stranger(portal, "town")
        self.add_stranger(portal, "new")
        new = declared("new", name="New", url="https://new.example/", organization="north")
        plan = planned(portal, declared(organization="north"), new, managed_by="us")
        assert conflicts(plan) == {}
        assert [(found.key, found.source_id) for found in plan.changes] == [("new", None), ("town", ours.id)]

    def test_are_never_deleted_and_are_reported(self, portal: ManagedPortal) -> None:
        stranger = self.add_stranger(portal, "gone")
        plan = planned(portal, declared(organization="north"), managed_by="us", prune=True)
        assert plan.counts["delete"] == 0
        assert any("Anyone may write a marker" in note and stranger.id in note for note in plan.notes)


class TestMassDeletions:
    def plan(self, portal: ManagedPortal, kept: int, gone: int) -> Any:
        for number in range(kept + gone):
            text = ownership_marker.join(None, "us", f"town-{number}")
            portal.add(name=f"Town {number}", url=f"https://town.example/{number}", description=text)
        files = [
            declared(f"town-{number}", name=f"Town {number}", url=f"https://town.example/{number}")
            for number in range(kept)
        ]
        return planned(portal, *files, managed_by="us", prune=True)

    @pytest.mark.parametrize("kept, gone", [(0, 6), (3, 3), (0, 1)])
    def test_ask_for_their_own_confirmation(self, portal: ManagedPortal, kept: int, gone: int) -> None:
        plan = self.plan(portal, kept, gone)
        assert any(f"--confirm-deletes {gone}" in note for note in plan.notes)
        for confirmed in (None, gone + 1):
            with pytest.raises(HarvestInvalidInput, match=f"confirm_deletes={gone}"):
                apply_plan(portal, plan, limits=HURRY, confirm_deletes=confirmed)
        assert portal.written == []
        apply_plan(portal, plan, limits=HURRY, confirm_deletes=gone)
        assert len(portal.alive) == kept

    def test_few_of_many_need_none(self, portal: ManagedPortal) -> None:
        plan = self.plan(portal, 9, 3)
        apply_plan(portal, plan, limits=HURRY)
        assert len(portal.alive) == 9


def marked(key: str) -> str:
    return ownership_marker.join("Text", "us", key)


MISTAKES: list[tuple[str, dict[str, Any]]] = [
    ("misspelt organization", {"organization": "nroth"}),
    ("id of no source", {"portal_id": "5f" + "0" * 22}),
    ("key renamed, and misspelt organization", {"key": "renamed", "organization": "nroth"}),
    ("key renamed, and not enough said", {"key": "renamed", "url": ""}),
]


class TestConflictsAndDeletions:
    """While it is not known which source of the portal a declared one is, none is deleted: it may be that one."""

    def plan(self, portal: ManagedPortal, *mistaken: Any, prune: bool = True) -> Any:
        others = [f"town-{number}" for number in range(6)]
        for key in ("town", "gone", *others):
            url = f"https://{key}.example/"
            portal.add(name=key, url=url, organization="north", description=marked(key))
        files = [declared(key, name=key, url=f"https://{key}.example/", organization="north") for key in others]
        return planned(portal, *files, *mistaken, managed_by="us", prune=prune)

    @pytest.mark.parametrize("said", [case[1] for case in MISTAKES], ids=[case[0] for case in MISTAKES])
    def test_mistake_in_the_files_deletes_nothing(self, portal: ManagedPortal, said: dict[str, Any]) -> None:
        plan = self.plan(portal, declared(**{"name": "town", "url": "https://town.example/", **said}))
        assert (plan.counts["delete"], plan.counts["conflict"]) == (0, 1)
        [note] = [note for note in plan.notes if "deletes nothing" in note]
        assert all(key in note for key in (said.get("key", "town"), "gone"))
        apply_plan(portal, plan, limits=HURRY)
        assert len(portal.alive) == 8

    def test_one_id_given_twice_deletes_nothing(self, portal: ManagedPortal) -> None:
        same = {"portal_id": "5f" + "0" * 22}
        plan = self.plan(portal, declared(**same), declared("two", **same))
        assert (plan.counts["delete"], plan.counts["conflict"]) == (0, 2)

    def test_conflict_about_a_known_source_keeps_only_what_has_its_key(self, portal: ManagedPortal) -> None:
        known = portal.add(name="By id", url="https://by-id.example/", organization="north")
        unfit = declared(portal_id=known.id, config={"filters": [{"key": "odd", "value": "x"}]})
        plan = self.plan(portal, unfit)
        assert set(conflicts(plan)) == {"town"}
        assert [found.key for found in plan.changes] == ["gone"]

    def test_key_in_conflict_is_not_called_gone(self, portal: ManagedPortal) -> None:
        plan = self.plan(portal, declared(organization="nroth"), prune=False)
        [note] = [note for note in plan.notes if "no longer in the files" in note]
        assert "gone" in note
        assert "town" not in note


class TestWhatThePortalCannotAnswer:
    def unreadable(self, portal: ManagedPortal, **told: Any) -> None:
        listed = portal.iter_sources

        def iter_sources(*args: Any, on_unreadable: Any = None, **how: Any) -> Iterator[HarvestSource]:
            on_unreadable(UnreadableEntry(4, told))
            yield from listed(*args, **how)

        portal.iter_sources = iter_sources  # type: ignore[method-assign]

    def test_is_named_and_the_others_go_on(self, portal: ManagedPortal) -> None:
        self.unreadable(portal, id="5f" + "a" * 22, name="Broken", url="https://broken.example/")
        plan = planned(portal, declared())
        assert plan.counts["create"] == 1
        assert any("Broken" in note for note in plan.notes)

    def test_is_not_created_a_second_time(self, portal: ManagedPortal) -> None:
        self.unreadable(portal, id="5f" + "a" * 22, name="Town", url=URL)
        assert "may be a source that cannot be read" in conflicts(planned(portal, declared()))["town"]

    def test_organization_that_was_deleted_is_a_conflict_of_its_sources_only(self, portal: ManagedPortal) -> None:
        known = portal.get_organization

        def get_organization(organization: str) -> HarvestRef:
            if organization == "gone":
                raise HarvestRequestRejected("Organization has been deleted.", status_code=410)
            return known(organization)

        portal.get_organization = get_organization  # type: ignore[method-assign]
        other = declared("other", url="https://other.example/", organization="north")
        plan = planned(portal, declared(organization="gone"), other)
        assert "no organization 'gone'" in conflicts(plan)["town"]
        assert [found.key for found in plan.changes] == ["other"]
        with pytest.raises(InvalidDeclaration, match=r"sources\.yaml:1: town: there is no organization 'gone'"):
            check_organizations(portal, _declaration(declared(organization="gone"), other))


def _declaration(*sources: Any) -> Any:
    from airflow_provider_harvest.portal.as_code.model import Declaration

    return Declaration(tuple(sources))


def test_config_that_the_new_backend_does_not_know_is_a_conflict(portal: ManagedPortal) -> None:
    source = portal.add(url=URL, name="Town", backend="ckan", config={"filters": [{"key": "odd", "value": "x"}]})
    reason = conflicts(planned(portal, declared(portal_id=source.id)))["town"]
    assert "does not fit the backend 'dcat'" in reason


@pytest.mark.parametrize(
    "said, steps",
    [({}, ["create", "validate"]), ({"active": True}, ["create", "validate", "activate"])],
    ids=["the files do not say", "the files say so"],
)
def test_new_source_ends_active(portal: ManagedPortal, said: dict[str, Any], steps: list[str]) -> None:
    """It is switched on last only if a later plan could know that it is to be active."""
    plan = planned(portal, declared(validation=Acceptance(), organization="north", **said))
    assert "active," in render.text(plan)
    result = apply_plan(portal, plan, limits=HURRY)
    assert [entry["steps"] for entry in result.done] == [steps]
    assert [(source.active, source.organization) for source in portal.alive] == [
        (True, HarvestRef(ORGANIZATIONS["north"], "north", slug="north"))
    ]


def test_inactive_source_of_which_the_files_say_nothing_is_reported(portal: ManagedPortal) -> None:
    portal.add(url=URL, name="Town", active=False)
    plan = planned(portal, declared())
    assert plan.is_clean
    assert any("do not say whether they are to be active: town" in note for note in plan.notes)
    assert replace(plan, notes=()).is_clean


@pytest.mark.parametrize("path", ["", "  ", "None"])
def test_blank_path_reads_nothing(path: str) -> None:
    with pytest.raises(InvalidDeclaration, match="blank"):
        Files.load(path)


@pytest.mark.parametrize(
    "name, content, is_plan", [("plan.out", '{"schema": 1}', True), ("a.yaml", "version: 1", False)]
)
def test_plan_is_found_by_what_is_in_it(tmp_path: Path, name: str, content: str, is_plan: bool) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    assert looks_like_a_plan(path) is is_plan


def test_latin_1_is_a_sentence_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "list.yaml"
    path.write_bytes("one: 1\ntwo: é\n".encode("latin-1"))
    with pytest.raises(InvalidDeclaration, match=r"list\.yaml:2: the file is not UTF-8"):
        read_text(path, path.name)
