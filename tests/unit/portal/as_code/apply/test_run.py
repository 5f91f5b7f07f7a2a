"""Applying a plan: in which order, at what pace, what stops it, and what it says then."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.exceptions import (
    HarvestApplyIncomplete,
    HarvestAuthError,
    HarvestConnectionError,
    HarvestInvalidInput,
    HarvestPlanStale,
)
from airflow_provider_harvest.portal.as_code import ownership_marker
from airflow_provider_harvest.portal.as_code.apply.pace import Pacing
from airflow_provider_harvest.portal.as_code.apply.run import apply_plan
from airflow_provider_harvest.portal.as_code.model import Acceptance, Cron, Declaration, DeclaredSource
from airflow_provider_harvest.portal.as_code.plan import render
from airflow_provider_harvest.portal.as_code.plan.make_plan import make_plan
from airflow_provider_harvest.portal.models import HarvestValidation
from tests.support.fake_portal.managed import ManagedPortal
from tests.support.fake_portal.state import Response

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.as_code.apply.result import ApplyResult
    from airflow_provider_harvest.portal.as_code.plan.planned_changes import Plan

HURRY = Pacing(write_interval=0.0, accept_interval=0.0)
CRON = Cron("5 3 * * *")


def declared(number: int, **said: Any) -> DeclaredSource:
    """A source that is to be accepted and scheduled, of one of two hosts in turn."""
    fields = {"name": f"Town {number}", "url": f"https://host-{number % 2}.example/{number}", "backend": "dcat"}
    return DeclaredSource(
        f"town-{number}", f"sources.yaml:{number}", {**fields, **said}, schedule=CRON, validation=Acceptance("Seen")
    )


def planned(portal: ManagedPortal, *sources: DeclaredSource, managed_by: str | None = None, **how: Any) -> Plan:
    return make_plan(portal, Declaration(sources, managed_by=managed_by), **how)


def applied(portal: ManagedPortal, plan: Plan, **how: Any) -> ApplyResult:
    return apply_plan(portal, plan, **{"limits": HURRY, **how})


def writes(portal: ManagedPortal) -> list[str]:
    reads = ("whoami", "list_sources", "get_source", "list_backends", "get_organization")
    return [request for request in portal.requests if request not in reads]


@pytest.fixture
def portal() -> ManagedPortal:
    """A portal without sources."""
    return ManagedPortal()


# --- order ------------------------------------------------------------------------------------------------------------


def test_new_source_is_inactive_until_its_cron_is_set(portal: ManagedPortal) -> None:
    seen: list[tuple[bool | None, str | None]] = []
    answer = portal.answer

    def watched(name: str, *request: Any) -> Response:
        response = answer(name, *request)
        if name in ("update", "validate", "schedule"):
            [source] = portal.alive
            seen.append((source.active, source.schedule))
        return response

    portal.answer = watched  # type: ignore[method-assign]
    applied(portal, planned(portal, declared(1, active=True)))

    assert writes(portal) == ["create", "validate", "schedule", "update"]
    assert seen == [(False, "0 0 * * *"), (False, CRON.text), (True, CRON.text)]


def test_source_without_more_to_be_done_is_created_as_it_is_to_be(portal: ManagedPortal) -> None:
    plain = DeclaredSource("town", "", {"name": "Town", "url": "https://a.example/", "backend": "dcat", "active": True})
    applied(portal, planned(portal, plain))
    assert writes(portal) == ["create"]
    assert [source.active for source in portal.alive] == [True]


def test_source_is_switched_off_before_all_else(portal: ManagedPortal) -> None:
    portal.add(name="Town 1", url="https://host-1.example/1", validation=HarvestValidation("pending"))
    applied(portal, planned(portal, declared(1, active=False)))
    assert writes(portal) == ["update", "validate", "schedule"]


def test_what_is_switched_off_comes_first_and_deletions_last(portal: ManagedPortal) -> None:
    on = {"schedule": CRON.text, "active": True}
    for number in (0, 2, 4):
        url, marker = f"https://host-0.example/{number}", ownership_marker.join("", "us", f"town-{number}")
        portal.add(name=f"Town {number}", url=url, description=marker, **on)
    files = declared(1), declared(2, name="New name"), declared(4, active=False)
    told: list[tuple[int, int, str]] = []

    result = applied(
        portal,
        planned(portal, *files, managed_by="us", prune=True),
        confirm_deletes=1,
        progress=lambda *progress: told.append(progress),
    )

    assert [(entry["key"], entry["steps"]) for entry in result.done] == [
        ("town-4", ["configure"]),
        ("town-2", ["configure"]),
        ("town-1", ["create", "validate", "schedule"]),
        ("town-0", ["delete"]),
    ]
    assert told == [
        (0, 4, "town-4: deactivate"),
        (1, 4, "town-2: update"),
        (2, 4, "town-1: create"),
        (3, 4, "town-0: delete"),
        (4, 4, "done"),
    ]


# --- pace -------------------------------------------------------------------------------------------------------------


def test_writes_keep_a_distance(portal: ManagedPortal) -> None:
    applied(portal, planned(portal, declared(1, active=False)), limits=Pacing(write_interval=2.0))
    assert portal.clock.slept == [2.0, 2.0]


@pytest.mark.parametrize(
    "generation, active, pauses", [("A", False, 1), ("D", False, 0), ("D", None, 1), ("D", True, 0)]
)
def test_acceptances_that_start_harvests_of_one_host_keep_a_distance(
    portal: ManagedPortal, generation: str, active: bool | None, pauses: int
) -> None:
    portal.generation_letter = generation
    said = {} if active is None else {"active": active}
    sources = [declared(number, **said) for number in (1, 2, 3)]  # two of them on one host
    applied(portal, planned(portal, *sources), limits=Pacing(write_interval=0.0, accept_interval=30.0))
    assert portal.clock.slept == [30.0] * pauses


def test_portal_that_takes_two_a_minute_is_waited_for(portal: ManagedPortal) -> None:
    told: list[str] = []
    portal.turned_away = [60.0]
    applied(portal, planned(portal, declared(1), declared(2)), progress=lambda done, total, text: told.append(text))
    assert len(portal.alive) == 2
    assert portal.clock.slept == [60.0]
    assert "waits 1 min, as the portal requested" in told


def test_daily_limit_leaves_new_sources_for_later_and_changes_the_others(portal: ManagedPortal) -> None:
    portal.add(name="Old", url="https://host-1.example/3", schedule=CRON.text)
    plan = planned(portal, declared(1), declared(2), declared(3))
    portal.turned_away = [80_000.0]

    with pytest.raises(HarvestApplyIncomplete, match=r"2 sources are not created yet.* in 22 h 13 min") as caught:
        applied(portal, plan)

    assert caught.value.again
    assert caught.value.retry_after == 80_000
    assert caught.value.result["postponed"] == ["town-1", "town-2"]
    assert [source.name for source in portal.alive] == ["Town 3"]
    assert "2 postponed" in render.result_line(caught.value.result)
    applied(portal, plan)
    assert len(portal.alive) == 3


# --- what stops it ----------------------------------------------------------------------------------------------------


def test_refused_source_is_reported_and_the_others_go_on(portal: ManagedPortal) -> None:
    portal.refused["Town 1"] = Response(400, {"errors": {"url": ["not allowed."]}})
    with pytest.raises(
        HarvestApplyIncomplete, match=r"refused to change 1 of 2 sources, first town-1: .*: url: not"
    ) as caught:
        applied(portal, planned(portal, declared(1), declared(2)))
    assert not caught.value.again
    assert [source.name for source in portal.alive] == ["Town 2"]


def test_fault_about_one_source_is_worth_another_try(portal: ManagedPortal) -> None:
    portal.refused["Town 1"] = Response(500, {"message": "Internal Server Error"})
    with pytest.raises(HarvestApplyIncomplete) as caught:
        applied(portal, planned(portal, declared(1), declared(2)))
    assert caught.value.again
    assert [source.name for source in portal.alive] == ["Town 2"]


@pytest.mark.parametrize(
    "error",
    [HarvestConnectionError("No connection."), Response(502, "Bad gateway")],
    ids=["unreachable", "down"],
)
def test_portal_that_is_down_ends_it(portal: ManagedPortal, error: Response | HarvestConnectionError) -> None:
    portal.refused["Town 1"] = error
    with pytest.raises(HarvestApplyIncomplete, match="Done so far: 0 of 2 sources") as caught:
        applied(portal, planned(portal, declared(1), declared(2)))
    assert caught.value.again
    assert portal.alive == []


def test_wrong_key_ends_it(portal: ManagedPortal) -> None:
    portal.refused["Town 1"] = Response(401, {"message": "Expired."})
    with pytest.raises(HarvestAuthError):
        applied(portal, planned(portal, declared(1), declared(2)))


@pytest.mark.parametrize(
    "moved, is_stale",
    [
        pytest.param({"name": "By hand"}, True, id="compared and to be changed"),
        pytest.param({"url": "https://other.example/"}, True, id="compared and as it should be"),
        pytest.param({"description": "By hand"}, False, id="not compared"),
        pytest.param({"name": "Town 1"}, False, id="as it is to be"),
    ],
)
def test_portal_that_has_moved_stops_it_before_the_first_write(
    portal: ManagedPortal, moved: dict[str, Any], is_stale: bool
) -> None:
    source = portal.add(name="Old", url="https://host-1.example/1", schedule=CRON.text)
    plan = planned(portal, declared(0), declared(1))
    portal.change(source.id, **moved)
    if not is_stale:
        applied(portal, plan)
        return
    with pytest.raises(HarvestPlanStale, match=f"town-1 .*{next(iter(moved))}.*Nothing was written"):
        applied(portal, plan)
    assert writes(portal) == []


def test_source_that_somebody_else_created_meanwhile_stops_it(portal: ManagedPortal) -> None:
    plan = planned(portal, declared(1))
    portal.add(name="By hand", url="https://host-1.example/1")
    with pytest.raises(HarvestPlanStale, match="town-1: name"):
        applied(portal, plan)


def test_source_that_was_created_twice_meanwhile_stops_it(portal: ManagedPortal) -> None:
    plan = planned(portal, declared(1))
    for _ in range(2):
        portal.add(name="Town 1", url="https://host-1.example/1")
    with pytest.raises(HarvestPlanStale, match="but 2 such sources exist by now"):
        applied(portal, plan)


@pytest.mark.parametrize(
    "limits, message",
    [({"max_changes": 2}, "changes 3 sources, and max_changes allows 2"), ({"max_deletes": 0}, "deletes 1 source,")],
)
def test_plan_that_may_be_an_accident_is_refused(portal: ManagedPortal, limits: dict[str, int], message: str) -> None:
    portal.add(name="Gone", description=ownership_marker.join(None, "us", "gone"))
    plan = planned(portal, declared(1), declared(2), managed_by="us", prune=True)
    with pytest.raises(HarvestInvalidInput, match=message):
        applied(portal, plan, **limits)
    assert writes(portal) == []


def test_plan_for_another_portal_is_refused(portal: ManagedPortal) -> None:
    plan = planned(portal, declared(1))
    portal.site = "https://other.example"
    with pytest.raises(HarvestInvalidInput, match=r"The plan is for https://portal\.example"):
        applied(portal, plan)


def test_plan_without_key_is_refused(portal: ManagedPortal) -> None:
    plan = planned(portal, declared(1))
    portal.has_key = False
    with pytest.raises(HarvestInvalidInput, match="with an API key: put it into the argument api_key"):
        applied(portal, plan)


def test_empty_plan_sends_nothing(portal: ManagedPortal) -> None:
    plan = planned(portal)
    portal.requests.clear()
    nothing: dict[str, Any] = {name: [] for name in ("done", "failed", "postponed", "denied")}
    assert applied(portal, plan).to_json() == {
        "schema": 1, "portal": portal.site, "digest": plan.digest, **nothing, "retry_after": None, "unchanged": 0
    }  # fmt: skip
    assert portal.requests == []


# --- killed midway --------------------------------------------------------------------------------------------------

STEPS = ("create_source", "validate_source", "schedule_source", "update_source")


@pytest.mark.parametrize(
    "again, said",
    [("the same plan", {}), ("the same plan", {"active": True}), ("a new plan", {}), ("a new plan", {"active": True})],
)
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("was_sent", [False, True], ids=["before it is sent", "after"])
def test_kill_at_any_step_of_a_new_source_is_resumed(
    portal: ManagedPortal, monkeypatch: pytest.MonkeyPatch, step: str, was_sent: bool, again: str, said: dict[str, Any]
) -> None:
    """Also right before it is switched on: the next apply finds it inactive, and switches it on."""
    plan = planned(portal, declared(1, **said))
    if step == "update_source" and not said:
        applied(portal, plan)  # without this step: it is active from the beginning
        assert "update" not in writes(portal)
    else:
        killed_at(portal, monkeypatch, plan, step, was_sent=was_sent)

    applied(portal, plan if again == "the same plan" else planned(portal, declared(1, **said)))

    [source] = portal.alive
    assert (source.active, source.schedule, source.is_accepted) == (True, CRON.text, True)
    assert planned(portal, declared(1, **said)).is_clean
    assert writes(portal).count("create") == 1


def killed_at(portal: ManagedPortal, monkeypatch: pytest.MonkeyPatch, plan: Plan, step: str, *, was_sent: bool) -> None:
    """Apply a plan, and be killed at one of its writes."""
    write = getattr(portal, step)

    def killed(*args: Any, **kwargs: Any) -> Any:
        if was_sent:
            write(*args, **kwargs)
        raise KeyboardInterrupt

    monkeypatch.setattr(portal, step, killed)
    with pytest.raises(KeyboardInterrupt):
        applied(portal, plan)
    monkeypatch.setattr(portal, step, write)


# --- two changes of one key -------------------------------------------------------------------------------------------


def test_key_whose_source_is_given_by_id_may_have_another_that_is_pruned(portal: ManagedPortal) -> None:
    """The files name the source to keep; the one that carries the marker of the same key goes."""
    kept = portal.add(name="Town 1", url="https://host-1.example/1", organization=None)
    pruned = portal.add(
        name="Town 1", url="https://old.example/1", description=ownership_marker.join(None, "us", "town-1")
    )
    plan = planned(portal, replace(declared(1), portal_id=kept.id), managed_by="us", prune=True)
    assert [(change.key, change.source_id) for change in plan.changes] == [("town-1", kept.id), ("town-1", pruned.id)]

    result = applied(portal, plan, confirm_deletes=1)

    assert result.failed == []
    assert portal.sources[pruned.id].deleted is not None
    assert portal.sources[kept.id].schedule == CRON.text


def test_change_that_was_ignored_is_distinguished_from_another_of_the_same_key(portal: ManagedPortal) -> None:
    """The portal takes the new cron and forgets it; the deletion of the key's other source does not hide that."""
    kept = portal.add(name="Town 1", url="https://host-1.example/1", organization=None)
    portal.add(name="Town 1", url="https://old.example/1", description=ownership_marker.join(None, "us", "town-1"))
    plan = planned(portal, replace(declared(1), portal_id=kept.id), managed_by="us", prune=True)
    delete = portal.delete_source

    def delete_and_undo(source_id: str) -> None:
        delete(source_id)
        portal.change(kept.id, schedule=None)

    portal.delete_source = delete_and_undo  # type: ignore[method-assign]

    with pytest.raises(HarvestApplyIncomplete, match="cron is not as wanted") as caught:
        applied(portal, plan, confirm_deletes=1)

    assert [entry["source_id"] for entry in caught.value.result["failed"]] == [kept.id]
