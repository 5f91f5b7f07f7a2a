"""Applying a plan to sources that the guard holds, whenever the hold came: only a person ends it."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_harvest.portal.as_code import ownership_marker
from airflow_provider_harvest.portal.as_code.apply.pace import Pacing
from airflow_provider_harvest.portal.as_code.apply.run import apply_plan
from airflow_provider_harvest.portal.as_code.plan.make_plan import make_plan
from airflow_provider_harvest.portal.sources import guard_note
from airflow_provider_harvest.portal.sources.guard_note import NOTE_HELD, Note, is_held
from tests.support.declared_sources import URL, declared, planned
from tests.support.declared_worlds import worlds
from tests.support.examples import examples
from tests.support.fake_portal.managed import ManagedPortal

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.as_code.model import Declaration
    from airflow_provider_harvest.portal.as_code.plan.planned_changes import Plan

HURRY = Pacing(write_interval=0.0, accept_interval=0.0)
WHEN = datetime(2026, 1, 2, tzinfo=timezone.utc)
HELD = Note(NOTE_HELD, WHEN, 9, WHEN)
MARKED = ownership_marker.join("Text", "us", "town")


@pytest.fixture
def portal() -> ManagedPortal:
    """A portal without sources."""
    return ManagedPortal()


def hold(portal: ManagedPortal, source_id: str) -> None:
    """Hold a source, as the guard writes it."""
    description = guard_note.join(portal.sources[source_id].description, HELD)
    portal.change(source_id, autoarchive=False, description=description)


def applied(portal: ManagedPortal, plan: Plan) -> Any:
    return apply_plan(
        portal, plan, limits=HURRY, max_deletes=None, confirm_deletes=sum(c.is_deleted for c in plan.changes)
    )


SAID: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("archiving switched on", {"autoarchive": False}, {"autoarchive": True}),
    ("archiving on, as it is", {}, {"autoarchive": True, "name": "New"}),
    ("archiving switched off", {}, {"autoarchive": False}),
    ("description", {"description": "Old"}, {"description": "New"}),
    ("description emptied", {"description": "Old"}, {"description": ""}),
    ("name of a marked source", {"description": MARKED, "name": "Old"}, {}),
    ("marker", {"description": "Old"}, {}),
]


@pytest.mark.parametrize("managed_by", [None, "us"])
@pytest.mark.parametrize("when", ["before the plan", "after the plan", "after the apply"])
@pytest.mark.parametrize("before, said", [case[1:] for case in SAID], ids=[case[0] for case in SAID])
def test_hold_stays(
    portal: ManagedPortal, before: dict[str, Any], said: dict[str, Any], when: str, managed_by: str | None
) -> None:
    source = portal.add(**{"url": URL, "name": "Town", **before})
    if when == "before the plan":
        hold(portal, source.id)
    plan = planned(portal, declared(**said), managed_by=managed_by)
    if when == "after the plan":
        hold(portal, source.id)
    applied(portal, plan)
    if when == "after the apply":
        hold(portal, source.id)
        applied(portal, plan)  # as of a task that was cleared

    [now] = portal.alive
    assert is_held(now)
    assert guard_note.split(now.description)[1] == HELD
    assert now.name == said.get("name", "Town")
    assert planned(portal, declared(**said), managed_by=managed_by).is_clean


@pytest.mark.parametrize("before, said", [case[1:] for case in SAID], ids=[case[0] for case in SAID])
def test_hold_that_comes_while_the_apply_runs_stays(
    portal: ManagedPortal, before: dict[str, Any], said: dict[str, Any]
) -> None:
    """The apply has just read the source, and does not read it again for half a minute."""
    source = portal.add(**{"url": URL, "name": "Town", **before})
    plan = planned(portal, declared(**said), managed_by="us")

    def meanwhile(done: int, total: int, text: str) -> None:
        if text != "done":
            hold(portal, source.id)

    apply_plan(portal, plan, limits=HURRY, progress=meanwhile)
    now = portal.sources[source.id]
    assert (now.autoarchive, guard_note.split(now.description)[1]) == (False, HELD)


@pytest.mark.parametrize(
    "when, said, is_warned",
    [
        pytest.param("between", {"description": "New"}, True, id="between the last reading and the write"),
        pytest.param("before", {"description": "New"}, False, id="before the last reading"),
        pytest.param("never", {"description": "New"}, False, id="never"),
        pytest.param("between", {"name": "City"}, False, id="a write that leaves the description as it is"),
    ],
)
def test_hold_whose_line_a_write_has_overwritten_is_named(
    portal: ManagedPortal,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    when: str,
    said: dict[str, Any],
    is_warned: bool,
) -> None:
    """The API changes fields without a condition, so that a hold can come in between."""
    source = portal.add(url=URL, name="Town", description="Old")
    plan = planned(portal, declared(**said))
    if when == "before":
        hold(portal, source.id)
    update = portal.update_source

    def after_a_hold(source_id: str, **given: Any) -> Any:
        if when == "between":
            hold(portal, source.id)
        return update(source_id, **given)

    monkeypatch.setattr(portal, "update_source", after_a_hold)
    applied(portal, plan)
    assert (portal.sources[source.id].autoarchive is False) is (when != "never")
    assert f"autoarchive of source {source.id} was switched off" in caplog.text or not is_warned
    assert ("switched off" in caplog.text) is is_warned


def test_released_source_gets_what_was_planned(portal: ManagedPortal) -> None:
    source = portal.add(url=URL, name="Town", autoarchive=False)
    plan = planned(portal, declared(autoarchive=True))
    portal.change(source.id, description=guard_note.join(None, HELD))
    assert applied(portal, plan).unchanged == 1
    portal.change(source.id, description=None)
    applied(portal, plan)
    assert portal.sources[source.id].autoarchive is True


@examples(100)
@given(worlds(), st.data())
def test_no_plan_ends_a_hold(world: tuple[ManagedPortal, Declaration], data: st.DataObject) -> None:
    portal, declaration = world
    plan = make_plan(portal, declaration, prune=True)
    known = sorted(source.id for source in portal.alive)
    held = data.draw(st.lists(st.sampled_from(known), unique=True)) if known else []
    for ident in held:
        hold(portal, ident)

    applied(portal, plan)

    for ident in held:
        assert is_held(portal.sources[ident])
        assert guard_note.split(portal.sources[ident].description)[1] == HELD
    assert make_plan(portal, declaration, prune=True).changes == ()
