"""Which writes a planned change still needs, and what counts as moved by somebody else: pure tables."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_harvest.portal.as_code.apply.steps import moved, steps
from airflow_provider_harvest.portal.as_code.plan.planned_changes import Change

CRON, OTHER = "5 3 * * *", "0 0 * * *"
ACCEPTED, PENDING = {"validation": "accepted"}, {"validation": "pending"}


def changed(seen: dict[str, Any], wanted: dict[str, Any], **more: Any) -> Change:
    return Change("town", "", "Town", source_id="5f" + "0" * 22, seen=seen, wanted=wanted, **more)


def new(wanted: dict[str, Any]) -> Change:
    return Change("town", "", "Town", wanted={"name": "Town", **wanted}, initial={"active": True, "config": {}})


#: What a new source is to have, whether it is created active, and the steps.
CREATED: list[tuple[str, dict[str, Any], bool, list[str]]] = [
    ("nothing said", {}, True, ["create"]),
    ("switched on", {"active": True}, True, ["create"]),
    ("switched off", {"active": False}, False, ["create"]),
    ("accepted", ACCEPTED, True, ["create", "validate"]),
    ("accepted and switched off", {**ACCEPTED, "active": False}, False, ["create", "validate"]),
    ("accepted and switched on", {**ACCEPTED, "active": True}, False, ["create", "validate", "activate"]),
    ("scheduled and switched on", {"schedule": CRON, "active": True}, False, ["create", "schedule", "activate"]),
]


@pytest.mark.parametrize("wanted, is_active, names", [case[1:] for case in CREATED], ids=[case[0] for case in CREATED])
def test_new_source(wanted: dict[str, Any], is_active: bool, names: list[str]) -> None:
    made = steps(new(wanted), None)
    assert [step.name for step in made] == names
    assert made[0].values == {"name": "Town", "config": {}, "active": is_active}


#: What a source has, what it is to have, and the steps with what they write.
CHANGED: list[tuple[str, dict[str, Any], dict[str, Any], list[tuple[str, dict[str, Any]]]]] = [
    ("nothing differs", {"name": "a", "active": True}, {"name": "a", "active": True}, []),
    ("name", {"name": "a"}, {"name": "b"}, [("configure", {"name": "b"})]),
    ("switched on", {"active": False}, {"active": True}, [("activate", {"active": True})]),
    ("switched off", {"active": True}, {"active": False}, [("configure", {"active": False})]),
    ("name, and switched on", {"name": "a", "active": False}, {"name": "b", "active": True},
     [("configure", {"name": "b", "active": True})]),
    ("name and cron, and switched on", {"name": "a", "active": False, "schedule": None},
     {"name": "b", "active": True, "schedule": CRON},
     [("configure", {"name": "b"}), ("schedule", {"cron": CRON}), ("activate", {"active": True})]),
    ("accepted: its cron is set again", {**PENDING, "schedule": CRON}, {**ACCEPTED, "schedule": CRON},
     [("validate", {"comment": "Fine."}), ("schedule", {"cron": CRON})]),
    ("no cron any more", {"schedule": CRON}, {"schedule": None}, [("schedule", {"cron": None})]),
    ("held since: its archiving is the guard's", {"name": "a"}, {"name": "a", "autoarchive": True}, []),
]  # fmt: skip


@pytest.mark.parametrize("has, wanted, told", [case[1:] for case in CHANGED], ids=[case[0] for case in CHANGED])
def test_source_that_is_there(
    has: dict[str, Any], wanted: dict[str, Any], told: list[tuple[str, dict[str, Any]]]
) -> None:
    made = steps(changed(has, wanted, comment="Fine."), has)
    assert [(step.name, step.values) for step in made] == told


GONE = ("the source is gone",)
#: The change, what the portal has now, and what has moved.
MOVED: list[tuple[str, Change, dict[str, Any] | None, tuple[str, ...]]] = [
    ("as planned from", changed({"name": "a"}, {"name": "b"}), {"name": "a"}, ()),
    ("as wanted", changed({"name": "a"}, {"name": "b"}), {"name": "b"}, ()),
    ("neither", changed({"name": "a"}, {"name": "b"}), {"name": "c"}, ("name",)),
    ("held since", changed({"autoarchive": False}, {"autoarchive": True}), {}, ()),
    ("gone", changed({"name": "a"}, {"name": "b"}), None, GONE),
    ("not created yet", new({}), None, ()),
    ("deleted already", changed({"name": "a"}, {}, is_deleted=True), None, ()),
    ("renamed since its deletion was planned", changed({"name": "a"}, {}, is_deleted=True), {"name": "b"}, ("name",)),
    ("cron that our acceptance has set", changed({**PENDING, "schedule": None}, {**ACCEPTED, "schedule": CRON}),
     {**ACCEPTED, "schedule": OTHER}, ()),
    ("cron of somebody else, not accepted yet", changed({**PENDING, "schedule": None}, {**ACCEPTED, "schedule": CRON}),
     {**PENDING, "schedule": OTHER}, ("schedule",)),
    ("cron of somebody else, accepted before", changed({**ACCEPTED, "schedule": None}, {**ACCEPTED, "schedule": CRON}),
     {**ACCEPTED, "schedule": OTHER}, ("schedule",)),
    ("cron of somebody else, and no acceptance planned", changed({"schedule": None}, {"schedule": CRON}),
     {**ACCEPTED, "schedule": OTHER}, ("schedule",)),
    ("new one as it was created", new({**ACCEPTED, "schedule": CRON, "active": True}),
     {"name": "Town", **PENDING, "schedule": None, "active": False}, ()),
    ("new one that was accepted", new({**ACCEPTED, "schedule": CRON}), {"name": "Town", **ACCEPTED, "schedule": OTHER},
     ()),
    ("new one that somebody has given a cron", new({**ACCEPTED, "schedule": CRON}),
     {"name": "Town", **PENDING, "schedule": OTHER}, ("schedule",)),
    ("new one that somebody has refused", new(ACCEPTED), {"name": "Town", "validation": "refused"}, ("validation",)),
]  # fmt: skip


@pytest.mark.parametrize("change, now, names", [case[1:] for case in MOVED], ids=[case[0] for case in MOVED])
def test_what_has_moved(change: Change, now: dict[str, Any] | None, names: tuple[str, ...]) -> None:
    assert moved(change, now) == names
