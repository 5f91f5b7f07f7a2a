"""The writes that a planned change still needs, in a safe order; called by the apply.

They follow from what the portal has, not from what was done: so an apply that was killed continues by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.portal.as_code.model import FIELDS
from airflow_provider_harvest.portal.as_code.plan.planned_changes import (
    ACTIVATE,
    CREATE,
    DELETE,
    RESCHEDULE,
    UPDATE,
    VALIDATE,
)
from airflow_provider_harvest.portal.statuses import ACCEPTED, PENDING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from airflow_provider_harvest.portal.as_code.plan.planned_changes import Change

CONFIGURE, SCHEDULE = "configure", "schedule"
#: The kinds of steps, in the order in which they are taken.
STEPS = (CREATE, CONFIGURE, VALIDATE, SCHEDULE, ACTIVATE, DELETE)

#: The kind of work in a plan that each step belongs to, for the right that it takes.
RIGHT_FOR = {**{step: step for step in STEPS}, CONFIGURE: UPDATE, SCHEDULE: RESCHEDULE}

#: Values that a source may have right after it was created, whatever the plan wants.
_BEGINNING: dict[str, Any] = {"active": False, "validation": PENDING, "schedule": None}


@dataclass(frozen=True)
class Step:
    """One write.

    :param name: one of :data:`STEPS`.
    :param values: the fields to be written; of a schedule ``cron``, which may be None, of a validation ``comment``.
    """

    name: str
    values: Mapping[str, Any] = field(default_factory=dict)


def steps(change: Change, current: Mapping[str, Any] | None) -> tuple[Step, ...]:
    """Return the writes that are still to be made, the earliest first; none if all is done.

    A source is switched off before anything else and on after everything else. Accepting one starts a harvest (of an
    inactive one only up to 10.0.5) and resets its cron, so the cron is set after that.

    :param change: what is planned.
    :param current: what the portal has now, as :func:`.plan.values.values_of` returns it; None if there is no such
        source. What is missing in it is left as it is.
    """
    if change.is_deleted:
        return () if current is None else (Step(DELETE),)
    return tuple(_steps(change, current))


def _steps(change: Change, current: Mapping[str, Any] | None) -> Iterator[Step]:
    wanted = change.wanted
    if current is None:
        moderated = bool({"validation", "schedule"} & set(wanted))
        fields = {name: value for name, value in {**change.initial, **wanted}.items() if name in FIELDS}
        # A source of which the files do not say `active` begins active: a plan made after a kill could not know that it
        # is to be activated.
        fields["active"] = fields["active"] and not (moderated and "active" in wanted)
        yield Step(CREATE, fields)
        current = {**fields, "validation": PENDING, "schedule": None}
    differing = {name: value for name, value in wanted.items() if name in current and current[name] != value}
    is_accepted_now = "validation" in differing
    is_scheduled_now = "schedule" in wanted and (is_accepted_now or "schedule" in differing)
    switches_on = differing.get("active") is True and (is_accepted_now or is_scheduled_now)
    fields = {name: differing[name] for name in FIELDS if name in differing and not (name == "active" and switches_on)}
    if fields == {"active": True}:
        yield Step(ACTIVATE, fields)
    elif fields:
        yield Step(CONFIGURE, fields)
    if is_accepted_now:
        yield Step(VALIDATE, {"comment": change.comment})
    if is_scheduled_now:
        yield Step(SCHEDULE, {"cron": wanted["schedule"]})
    if switches_on:
        yield Step(ACTIVATE, {"active": True})


def moved(change: Change, current: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Return the fields whose current value is neither the planned-from nor the desired value.

    A state in which an earlier, broken apply of the plan may have left the source has not moved.

    :param change: what is planned.
    :param current: as for :func:`steps`.
    """
    if current is None:
        return ("the source is gone",) if not (change.is_new or change.is_deleted) else ()
    names = change.seen or change.wanted
    return tuple(
        name for name in names if name in current and current[name] not in _known_values(change, name, current)
    )


def _known_values(change: Change, name: str, current: Mapping[str, Any]) -> tuple[Any, ...]:
    values = [source[name] for source in (change.seen, change.wanted) if name in source]
    if name == "schedule" and _was_accepted_since(change, current):
        values.append(current[name])  # the acceptance set it
    if change.is_new and name in _BEGINNING:  # as a broken apply may have left it
        values.append(_BEGINNING[name])
    return tuple(values)


def _was_accepted_since(change: Change, current: Mapping[str, Any]) -> bool:
    if change.is_new:
        return bool(current["validation"] == ACCEPTED)
    return "validation" in change.differing and current["validation"] == ACCEPTED
