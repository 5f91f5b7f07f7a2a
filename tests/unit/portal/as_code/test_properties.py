"""What holds for any portal and any file: an applied plan is done, strangers are left alone, order does not matter."""

from __future__ import annotations

import copy
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_harvest.portal.as_code import ownership_marker
from airflow_provider_harvest.portal.as_code.apply.run import apply_plan
from airflow_provider_harvest.portal.as_code.plan.make_plan import make_plan
from airflow_provider_harvest.portal.as_code.plan.planned_changes import Plan
from tests.support.declared_worlds import managed_worlds, worlds
from tests.support.examples import examples
from tests.support.fake_portal.managed import USER, Killed, ManagedPortal

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.as_code.model import (
        Declaration,
    )

often = examples(100)


def deletes(plan: Plan) -> int:
    return sum(change.is_deleted for change in plan.changes)


def state_of(portal: ManagedPortal) -> dict[str, Any]:
    return dict(portal.sources)


@often
@given(worlds(), st.booleans())
def test_plan_after_its_apply_is_empty(world: tuple[ManagedPortal, Declaration], prune: bool) -> None:
    portal, declaration = world
    plan = make_plan(portal, declaration, prune=prune)
    apply_plan(portal, plan, max_deletes=None, confirm_deletes=deletes(plan))

    again = make_plan(portal, declaration, prune=prune)

    assert again.changes == ()
    assert {conflict.key for conflict in again.conflicts} <= {conflict.key for conflict in plan.conflicts}


@often
@given(worlds(), st.booleans())
def test_applying_twice_writes_nothing_the_second_time(world: tuple[ManagedPortal, Declaration], prune: bool) -> None:
    portal, declaration = world
    plan = Plan.from_json(make_plan(portal, declaration, prune=prune).to_json())
    apply_plan(portal, plan, max_deletes=None, confirm_deletes=deletes(plan))
    before = state_of(portal)
    portal.written.clear()

    apply_plan(portal, plan, max_deletes=None, confirm_deletes=deletes(plan))

    assert portal.written == []
    assert state_of(portal) == before


@often
@given(worlds(), st.booleans())
def test_nothing_but_what_is_planned_is_touched(world: tuple[ManagedPortal, Declaration], prune: bool) -> None:
    portal, declaration = world
    before = state_of(portal)
    plan = make_plan(portal, declaration, prune=prune)
    assert state_of(portal) == before
    apply_plan(portal, plan, max_deletes=None, confirm_deletes=deletes(plan))

    planned = {change.source_id: change for change in plan.changes if change.source_id}
    for ident, source in before.items():
        now = portal.sources[ident]
        if ident not in planned:
            assert now == source
            continue
        assert (now.owner, now.organization) == (source.owner, source.organization)
        if planned[ident].is_deleted:
            assert prune
            assert ownership_marker.split(source.description)[1] == declaration.managed_by == "us"
            continue
        assert now.deleted is None
        for name in ("name", "url", "backend", "config", "active", "autoarchive", "schedule"):
            if name not in planned[ident].wanted and not (name == "schedule" and "validation" in planned[ident].wanted):
                assert getattr(now, name) == getattr(source, name)


@often
@given(managed_worlds())
def test_what_the_files_still_name_is_not_deleted(world: tuple[ManagedPortal, Declaration]) -> None:
    portal, declaration = world
    plan = make_plan(portal, declaration, prune=True)
    deleted = [change for change in plan.changes if change.is_deleted]

    assert not {change.key for change in deleted} & {conflict.key for conflict in plan.conflicts}
    # Sources that cannot be told apart, or that an id or an owner in the files contradicts, are settled by a person.
    assert not deleted or all(conflict.reason.startswith("the portal would not") for conflict in plan.conflicts)
    # A key of the files may be that of a deleted source only if an id says that another one is meant.
    by_id = {source.key for source in declaration.sources if source.portal_id}
    assert {change.key for change in deleted} & {source.key for source in declaration.sources} <= by_id


@often
@given(worlds(), st.randoms(use_true_random=False))
def test_order_of_sources_does_not_matter(world: tuple[ManagedPortal, Declaration], random: Any) -> None:
    portal, declaration = world
    shuffled = list(declaration.sources)
    random.shuffle(shuffled)

    assert make_plan(portal, replace(declaration, sources=tuple(shuffled))) == make_plan(portal, declaration)


@often
@given(worlds(), st.integers(1, 12), st.booleans(), st.booleans())
def test_apply_that_was_killed_anywhere_is_continued(
    world: tuple[ManagedPortal, Declaration], write: int, took_effect: bool, plans_anew: bool
) -> None:
    portal, declaration = world
    before = set(portal.sources)
    undisturbed = copy.deepcopy(portal)
    apply_plan(undisturbed, make_plan(undisturbed, declaration))
    plan = make_plan(portal, declaration)
    portal.killed_at = (write, took_effect)
    try:
        apply_plan(portal, plan)
    except Killed:
        portal.killed_at = None
        apply_plan(portal, make_plan(portal, declaration) if plans_anew else plan)

    assert len(portal.alive) == len(undisturbed.alive)
    assert make_plan(portal, declaration).changes == ()
    created = [source for source in portal.alive if source.id not in before]
    assert Counter(source.active for source in created) == Counter(
        source.active for source in undisturbed.alive if source.id not in before
    )
    for change in plan.changes:
        if change.wanted.get("active") is False:
            named = [s for s in portal.alive if s.id == change.source_id or s.url == change.wanted.get("url")]
            assert not all(source.active for source in named)


@often
@given(worlds())
def test_plan_survives_a_file(world: tuple[ManagedPortal, Declaration]) -> None:
    portal, declaration = world
    plan = make_plan(portal, declaration, prune=True)

    read = Plan.from_json(plan.to_json())

    assert read.to_json() == plan.to_json()
    assert read.counts == plan.counts


@often
@given(world=worlds())
def test_what_a_key_may_not_do_is_reported_and_left(world: tuple[ManagedPortal, Declaration]) -> None:
    portal, declaration = world
    portal.is_sysadmin, portal.user_id = False, USER
    plan = make_plan(portal, declaration)
    denied = {denial.kind: set(denial.keys) for denial in plan.denials}
    assert denied.get("validate", set()) == {change.key for change in plan.changes if "validation" in change.differing}

    result = apply_plan(portal, plan)

    assert {entry["kind"] for entry in result.denied} == set(denied)
    assert not {"validate", "schedule", "unschedule"} & set(portal.requests)


@often
@given(worlds())
def test_plan_without_a_key_says_the_same_or_asks(world: tuple[ManagedPortal, Declaration]) -> None:
    portal, declaration = world
    keyed = make_plan(portal, declaration)
    portal.has_key = False

    keyless = make_plan(portal, declaration)

    # Only a key shows which sources are the user's own: which of several is meant, and whose marker counts.
    undecided = {conflict.key for conflict in keyless.conflicts} ^ {conflict.key for conflict in keyed.conflicts}
    decided = [tuple(change for change in plan.changes if change.key not in undecided) for plan in (keyless, keyed)]
    assert decided[0] == decided[1]
    assert keyless.denials == ()
    assert ("without an API key" in " ".join(keyless.notes)) is bool(keyless.changes)
