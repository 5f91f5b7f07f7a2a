"""Which source is the same one, what differs in it, when it needs validating, and its JSON form."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.models import HarvestJob, HarvestRef, HarvestSource, HarvestValidation
from airflow_provider_harvest.portal.sources.identity import (
    SOURCE_KEYS,
    Identity,
    created_before,
    needs_validation,
    optional_flag,
    optional_text,
    same_sources,
    source_brief,
    source_dict,
)
from airflow_provider_harvest.portal.sources.listing import SourceFilter

NOON = datetime(2026, 3, 2, 12, tzinfo=timezone.utc)
URL = "https://town.example/catalog.xml"
ME, TOWN = HarvestRef("me"), HarvestRef("town", "Town", "town")


def source(**fields: Any) -> HarvestSource:
    """A personal source of mine, changed as told."""
    given = {"id": "s", "name": "Town", "url": URL, "backend": "dcat", "owner": ME, "created_at": NOON, **fields}
    return HarvestSource(**given)


def validated(state: str, comment: str | None = None) -> HarvestSource:
    return source(validation=HarvestValidation(state=state, comment=comment))


MINE = Identity(owner="me", organization=None, backend="dcat", url=URL)
TOWNS = Identity(owner=None, organization="town", backend="dcat", url=URL)


@pytest.mark.parametrize(
    "identity, fields, same",
    [
        pytest.param(MINE, {}, True, id="mine"),
        pytest.param(MINE, {"name": "Another name"}, True, id="names do not count"),
        pytest.param(MINE, {"url": f" {URL}\n"}, True, id="blanks around the URL do not count"),
        pytest.param(MINE, {"url": URL.upper()}, False, id="the URL's letters count"),
        pytest.param(MINE, {"url": f"{URL}/"}, True, id="a slash at the URL's end does not count"),
        pytest.param(MINE, {"url": URL.replace("https", "http")}, True, id="http and https are the same"),
        pytest.param(MINE, {"backend": "ckan"}, False, id="another backend"),
        pytest.param(MINE, {"deleted": NOON}, False, id="deleted"),
        pytest.param(MINE, {"owner": HarvestRef("you")}, False, id="yours"),
        pytest.param(MINE, {"owner": None}, False, id="nobody's"),
        pytest.param(MINE, {"owner": None, "organization": TOWN}, False, id="an organization's is not mine"),
        pytest.param(MINE, {"owner": ME, "organization": TOWN}, False, id="an organization's by me is not mine"),
        pytest.param(TOWNS, {"owner": None, "organization": TOWN}, True, id="the organization's"),
        pytest.param(TOWNS, {"owner": ME}, False, id="mine is not the organization's"),
        pytest.param(TOWNS, {"owner": None, "organization": HarvestRef("land")}, False, id="another organization's"),
    ],
)
def test_identity(identity: Identity, fields: dict[str, Any], same: bool) -> None:
    assert identity.names(source(**fields)) is same


def test_of_several_the_oldest_comes_first_and_of_equals_the_lower_id() -> None:
    sources = [
        source(id="c", created_at=NOON),
        source(id="b", created_at=NOON),
        source(id="x", backend="ckan"),
        source(id="a", created_at=NOON - timedelta(days=1)),
    ]
    assert [one.id for one in same_sources(sources, MINE)] == ["a", "b", "c"]


@pytest.mark.parametrize(
    "wanted, changes",
    [
        pytest.param({}, {}, id="nothing wanted"),
        pytest.param({"name": "Town", "active": True}, {}, id="as it is"),
        pytest.param({"name": "City", "active": True}, {"name": "City"}, id="one of two"),
        pytest.param({"active": False}, {"active": False}, id="switched off"),
        pytest.param({"autoarchive": False}, {"autoarchive": False}, id="switched off what was not returned"),
        pytest.param({"description": ""}, {}, id="no description is an empty one"),
        pytest.param({"config": {"features": {"f": True}}}, {"config": {"features": {"f": True}}}, id="config"),
        pytest.param({"config": {}}, {}, id="no config is an empty one"),
    ],
)
def test_changes_are_what_differs(wanted: dict[str, Any], changes: dict[str, Any]) -> None:
    assert source(active=True).changes_to(wanted) == changes


@pytest.mark.parametrize(
    "before, state, comment, needed",
    [
        pytest.param(validated("pending"), "accepted", None, True, id="pending to accepted"),
        pytest.param(validated("refused", "No"), "accepted", None, True, id="refused to accepted"),
        pytest.param(validated("accepted"), "accepted", None, False, id="accepted already"),
        pytest.param(validated("accepted"), "accepted", "Fine", False, id="accepted already, whatever the comment"),
        pytest.param(validated("accepted"), "refused", "No", True, id="accepted to refused"),
        pytest.param(validated("refused", "No"), "refused", "No", False, id="refused already"),
        pytest.param(validated("refused", "No"), "refused", "Broken", True, id="refused for another reason"),
    ],
)
def test_needs_validation(before: HarvestSource, state: str, comment: str | None, needed: bool) -> None:
    assert needs_validation(before, state, comment) is needed


def test_jobs_before_are_those_created_earlier() -> None:
    jobs = [
        HarvestJob("after", "done", created=NOON + timedelta(seconds=1)),
        HarvestJob("at once", "done", created=NOON),
        HarvestJob("before", "done", created=NOON - timedelta(seconds=1)),
    ]
    assert created_before(jobs, NOON) == ["before"]


@pytest.mark.parametrize(
    "given, flag",
    [(None, None), (True, True), (False, False), ("True", True), (" false ", False)],
    ids=repr,
)
def test_flag_may_come_from_a_template(given: Any, flag: bool | None) -> None:
    assert optional_flag(given, "active") is flag


@pytest.mark.parametrize("given", ["yes", "None", "", " ", 0, 1, []], ids=repr)
def test_flag_is_nothing_else(given: Any) -> None:
    with pytest.raises(HarvestInvalidInput, match="active must be True, False, or None"):
        optional_flag(given, "active")


@pytest.mark.parametrize("given, text", [(None, None), (" town ", "town"), (2024, "2024")], ids=repr)
def test_text_may_be_left_out(given: Any, text: str | None) -> None:
    assert optional_text(given, "organization") == text


@pytest.mark.parametrize("given", ["", "  ", "None", True, 1.5, {"id": "town"}], ids=repr)
def test_text_is_nothing_else(given: Any) -> None:
    with pytest.raises(HarvestInvalidInput, match="organization"):
        optional_text(given, "organization")


class TestJson:
    full = source(
        description="All of it",
        config={"filters": []},
        active=True,
        validation=HarvestValidation("accepted", HarvestRef("root"), NOON, "Fine"),
        owner=None,
        organization=TOWN,
        schedule="0 0 * * *",
        last_job=HarvestJob("j", "done", created=NOON, ended=NOON),
        raw={"secret": "of the answer"},
    )

    def test_source(self) -> None:
        assert source_dict(self.full, "https://portal.example/s") == {
            "id": "s",
            "name": "Town",
            "url": URL,
            "backend": "dcat",
            "description": "All of it",
            "config": {"filters": []},
            "active": True,
            "autoarchive": None,
            "validation": {"state": "accepted", "comment": "Fine", "on": "2026-03-02T12:00:00+00:00"},
            "schedule": "0 0 * * *",
            "owner": None,
            "organization": {"id": "town", "name": "Town", "slug": "town"},
            "created_at": "2026-03-02T12:00:00+00:00",
            "deleted": None,
            "last_job": {
                "id": "j",
                "status": "done",
                "created": "2026-03-02T12:00:00+00:00",
                "ended": "2026-03-02T12:00:00+00:00",
            },
            "source_url": "https://portal.example/s",
        }

    @pytest.mark.parametrize("of", [full, source()], ids=["full", "bare"])
    def test_keys_are_always_the_same(self, of: HarvestSource) -> None:
        assert tuple(source_dict(of, None)) == SOURCE_KEYS

    def test_both_forms_are_plain_json(self) -> None:
        for form in (source_dict(self.full, None), source_brief(self.full, "https://portal.example")):
            assert json.loads(json.dumps(form)) == form


class TestFilter:
    @pytest.mark.parametrize(
        "given, wanted",
        [
            pytest.param({}, True, id="all"),
            pytest.param({"backend": "dcat", "active": True, "validation": "accepted"}, True, id="as it is"),
            pytest.param({"active": "true"}, True, id="a template's flag"),
            pytest.param({"backend": "ckan"}, False, id="another backend"),
            pytest.param({"active": False}, False, id="active"),
            pytest.param({"validation": "pending"}, False, id="another state"),
        ],
    )
    def test_wants(self, given: dict[str, Any], wanted: bool) -> None:
        accepted = source(active=True, validation=HarvestValidation("accepted"))
        assert SourceFilter.create(**given).wants(accepted) is wanted

    def test_never_wants_a_deleted_one(self) -> None:
        assert not SourceFilter.create().wants(source(deleted=NOON))

    @pytest.mark.parametrize(
        "given",
        [
            {"validation": "done"},
            {"active": "perhaps"},
            {"owner_id": "slug-of-a-user"},
            {"organization": "town", "owner_id": "5f0000000000000000000001"},
            {"backend": 1.5},
        ],
        ids=str,
    )
    def test_refuses(self, given: dict[str, Any]) -> None:
        with pytest.raises(HarvestInvalidInput):
            SourceFilter.create(**given)

    @pytest.mark.parametrize("name", ["organization", "owner_id", "backend", "q", "active", "validation", "name"])
    @pytest.mark.parametrize("blank", ["", "  ", "None"])
    def test_refuses_a_blank_since_it_would_widen_the_selection(self, name: str, blank: str) -> None:
        with pytest.raises(HarvestInvalidInput, match=name):
            SourceFilter.create(**{name: blank})
        assert SourceFilter.create(**{name: None}) == SourceFilter()
