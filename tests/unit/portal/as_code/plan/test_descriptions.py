"""The description of a source, which files share with people, the marker and the guard: what a plan sees and writes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_harvest.portal.as_code import ownership_marker
from airflow_provider_harvest.portal.as_code.apply.pace import Pacing
from airflow_provider_harvest.portal.as_code.apply.run import apply_plan
from airflow_provider_harvest.portal.as_code.plan import render
from airflow_provider_harvest.portal.as_code.plan.values import as_sent, normal, values_of
from tests.support.declared_sources import URL, declared, planned
from tests.support.examples import examples
from tests.support.fake_portal.managed import ManagedPortal

HURRY = Pacing(write_interval=0.0, accept_interval=0.0)
MARKER = "[managed as code: us/town]"
GUARD = (
    "[harvest guard: autoarchive held on 2026-11-26T05:00:00+00:00, 9 records last seen before "
    "2026-11-26T04:00:00+00:00]"
)
TOKEN = "udata_" + "a" * 44


@pytest.fixture
def portal() -> ManagedPortal:
    """A portal without sources."""
    return ManagedPortal()


@pytest.mark.parametrize(
    "description",
    [
        pytest.param(f"Text\n\n{MARKER}", id="as an apply writes it"),
        pytest.param(f"Text\r\n\r\n{MARKER}\r\n", id="with the line breaks of another editor"),
        pytest.param(f"Text\r\n\r\n{MARKER}\r\n\r\n{GUARD}", id="with the guard's line, and such line breaks"),
        pytest.param(f"{MARKER}\n\nText", id="with text below the marker"),
        pytest.param(f"Text\n\n[managed as code: them/theirs]\n\n{MARKER}", id="with the marker of a copied source"),
    ],
)
def test_source_stays_the_files_own_and_nothing_differs(portal: ManagedPortal, description: str) -> None:
    portal.add(url="https://moved.example/", name="Town", description=description)
    plan = planned(portal, declared(url="https://moved.example/"), managed_by="us")
    assert plan.is_clean, plan.to_json()
    plan = planned(portal, declared(url="https://moved.example/", description="New"), managed_by="us")
    assert [change.kinds for change in plan.changes] == [("update",)]
    assert '" -> "New": town' in render.text(plan)


def test_text_that_a_person_wrote_below_the_marker_is_kept_and_shown(portal: ManagedPortal) -> None:
    source = portal.add(url=URL, name="Old", description=f"Text\n\n{MARKER}\nBy hand")
    plan = planned(portal, declared(), managed_by="us")
    assert [change.differing for change in plan.changes] == [("name",)]
    apply_plan(portal, plan, limits=HURRY)
    assert portal.sources[source.id].description == f"Text\n\n{MARKER}\nBy hand"

    plan = planned(portal, declared(description="Text"), managed_by="us")
    assert 'description "Text By hand" -> "Text"' in render.text(plan).replace("\\n", " ")


class TestSecrets:
    """A token in a description is public on the portal; no plan, log or message repeats it."""

    def test_is_shown_as_a_digest(self, portal: ManagedPortal) -> None:
        portal.add(url=URL, name=f"Town {TOKEN}", description=f"Key: {TOKEN}")
        plan = planned(portal, declared(description="New"), managed_by="us")
        assert TOKEN not in json.dumps(plan.to_json()) + render.text(plan)
        assert "(hidden " in render.text(plan)

    def test_of_which_the_files_do_not_speak_stays_as_it_is(self, portal: ManagedPortal) -> None:
        source = portal.add(url=URL, name="Town", description=f"Key: {TOKEN}\nand more")
        plan = planned(portal, declared(), managed_by="us")
        assert TOKEN not in json.dumps(plan.to_json())
        assert plan.changes[0].kinds == ("adopt",)
        apply_plan(portal, plan, limits=HURRY)
        assert portal.sources[source.id].description == f"Key: {TOKEN}\nand more\n\n{MARKER}"
        assert planned(portal, declared(), managed_by="us").is_clean


parts = st.sampled_from(["Text", "", "two\nlines", MARKER, "[managed as code: us/other]", GUARD, TOKEN, "\r", " "])
descriptions = st.lists(parts, max_size=5).flatmap(
    lambda chosen: st.sampled_from(["\n", "\n\n", "\r\n"]).map(lambda between: between.join(chosen))
)


@examples(200)
@given(descriptions, st.sampled_from(["New", None]))
def test_what_was_sent_reads_as_it_was_planned(description: str, text: str | None) -> None:
    portal = ManagedPortal()
    source = portal.add(description=description, autoarchive=False)
    seen = values_of(source)["description"]
    marked = ownership_marker.join(text or ownership_marker.split(seen)[0], "us", "town")
    for planned_text in (seen, normal("description", marked)):
        portal.change(source.id, description=as_sent(source, {"description": planned_text})["description"])
        assert values_of(portal.sources[source.id])["description"] == planned_text
