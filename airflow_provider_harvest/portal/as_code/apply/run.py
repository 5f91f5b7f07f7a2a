"""Carries a plan out, at the portal's own pace; called by the apply operator and the command line.

The portal itself is the state: what remains to be done follows from what it has now. So an apply that was killed, or
that ran into a limit, is continued by applying the same plan again, and a plan that is done changes nothing.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import (
    HarvestApplyIncomplete,
    HarvestAuthError,
    HarvestError,
    HarvestInvalidInput,
    HarvestNotFound,
    HarvestPlanStale,
    HarvestRateLimited,
    HarvestRequestRejected,
    HarvestServerError,
    HarvestWriteIgnored,
)
from airflow_provider_harvest.portal.as_code import ownership_marker
from airflow_provider_harvest.portal.as_code.apply.known_sources import KnownSources
from airflow_provider_harvest.portal.as_code.apply.pace import Pace, Pacing
from airflow_provider_harvest.portal.as_code.apply.result import ApplyResult
from airflow_provider_harvest.portal.as_code.apply.steps import (
    CONFIGURE,
    RIGHT_FOR,
    SCHEDULE,
    Step,
    moved,
    steps,
)
from airflow_provider_harvest.portal.as_code.apply.writer import Writer
from airflow_provider_harvest.portal.as_code.plan.find_planned import PlannedSources
from airflow_provider_harvest.portal.as_code.plan.make_plan import read_sources, refuse_other_portal
from airflow_provider_harvest.portal.as_code.plan.matching import Whose
from airflow_provider_harvest.portal.as_code.plan.planned_changes import (
    ACTIVATE,
    CREATE,
    DELETE,
    VALIDATE,
    looks_like_an_accident,
)
from airflow_provider_harvest.portal.as_code.plan.rights import Rights, denials
from airflow_provider_harvest.portal.as_code.plan.values import values_of
from airflow_provider_harvest.portal.text.words import count, few, spell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from airflow_provider_harvest.portal.as_code.plan.planned_changes import Change, Plan
    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestSource

    #: Receives how many changes are done, how many there are, and the next one.
    Progress = Callable[[int, int, str], object]

log = logging.getLogger(__name__)

#: Deletions that a plan may hold unless more are allowed: a file that was read from the wrong folder deletes all.
MAX_DELETES = 10
#: Sources that a message names.
_SHOWN = 10
#: After these errors the other sources continue: the portal refuses this one, and would again.
_REFUSALS = (HarvestRequestRejected, HarvestNotFound, HarvestInvalidInput, HarvestWriteIgnored)
_DEFAULT_LIMITS = Pacing()


def apply_plan(
    client: HarvestClient,
    plan: Plan,
    *,
    max_changes: int | None = None,
    max_deletes: int | None = MAX_DELETES,
    confirm_deletes: int | None = None,
    limits: Pacing = _DEFAULT_LIMITS,
    progress: Progress = lambda done, total, text: None,
) -> ApplyResult:
    """Do what a plan says, and nothing else.

    The portal's list is read before the first write, and a source once more before its own if that is 30 s ago: if one
    of the compared fields is neither as the plan saw it nor as it is to be, somebody else has changed the portal, and
    this stops. A source whose description or ``autoarchive`` is written is read right before that: the guard may have
    written them since. What the plan does not compare, such as ``last_job``, may move. The response to each write is
    compared with what was sent, and the list is read once more at the end: what the portal reported and did not do has
    failed.

    A source is configured before it is accepted, scheduled after that and switched on last; deletions come at the end.

    :param client: of the portal, with a key. What the key may not do is left, and named in the result.
    :param plan: as it was planned, perhaps by another process.
    :param max_changes: how many sources a plan may change; None (default) any number.
    :param max_deletes: how many sources a plan may delete, 10 by default; None any number.
    :param confirm_deletes: the exact number of deletions, as a confirmation of its own; needed if a plan deletes
        more than a quarter of the sources that carry its marker. Default None: not confirmed.
    :param limits: how fast it may be.
    :param progress: called with the number of changes done, the number of all, and the next one.
    :returns: what was done.
    :raises HarvestInvalidInput: for a plan that is for another portal, or changes or deletes too many sources.
    :raises HarvestPlanStale: if the portal is no longer what the plan saw.
    :raises HarvestApplyIncomplete: if the portal refused something, or a limit or a fault ended it early.
    """
    _refuse_accidents(client, plan, max_changes, max_deletes)
    if plan.is_empty:
        return ApplyResult(client.site, plan.digest)
    return _Apply(client, plan, limits, progress, confirm_deletes).run()


def _refuse_accidents(client: HarvestClient, plan: Plan, max_changes: int | None, max_deletes: int | None) -> None:
    refuse_other_portal(client, plan.portal, "The plan is")
    deletes = sum(change.is_deleted for change in plan.changes)
    for what, number, limit in (("deletes", deletes, max_deletes), ("changes", len(plan.changes), max_changes)):
        if limit is not None and number > limit:
            raise HarvestInvalidInput(
                f"The plan {what} {count(number, 'source')}, and max_{what} allows {limit}. Nothing was written. If "
                f"this is intended, set max_{what}={number}."
            )
    if plan.changes and not client.has_key:
        raise HarvestInvalidInput(f"A plan is applied with an API key: put it into {client.places.key}.")


class _Apply:
    """One run over a plan."""

    def __init__(
        self, client: HarvestClient, plan: Plan, limits: Pacing, progress: Progress, confirm_deletes: int | None
    ) -> None:
        self._confirm_deletes = confirm_deletes
        self._client = client
        self._plan = plan
        self._result = ApplyResult(client.site, plan.digest)
        self._pace = Pace(client.clock, limits, self._tell)
        self._writer = Writer(client, self._pace)
        self._progress = progress
        # By change, not by key: a key may have one source that its file names by id, and another that is pruned.
        self._written: list[tuple[Change, str | None]] = []
        self._unfinished: list[Change] = []
        self._passed = self._total = 0
        self._can_create = True
        self._may_pass = False

    def run(self) -> ApplyResult:
        me = self._client.whoami()
        self._known = KnownSources(self._client)
        sources = self._known.index.all()
        self._rights = Rights.read(me, sources)
        self._planned = PlannedSources(self._plan, self._rights.user_id)
        current = [(change, self._find(change)) for change in self._plan.changes]
        self._refuse_moved(current)
        open_changes = [change for change, source in current if self._steps(change, _values(source))]
        open_changes.sort(key=_urgency)
        self._refuse_mass_deletion(open_changes, sources)
        self._result.unchanged = len(self._plan.changes) - len(open_changes)
        self._result.denied = [vars(denial) | {"keys": list(denial.keys)} for denial in self._denials()]
        self._total = len(open_changes)
        for change in open_changes:
            self._tell(f"{change.key}: {', '.join(change.kinds)}")
            self._carry_out(change)
            self._passed += 1
        self._confirm()
        self._tell("done")
        if not self._result.is_complete:
            raise self._incomplete()
        return self._result

    def _refuse_mass_deletion(self, open_changes: Sequence[Change], sources: Iterable[HarvestSource]) -> None:
        """Refuse to delete much of what the files manage unless the number is confirmed: they may have been emptied."""
        deleted = [change for change in open_changes if change.is_deleted]
        planned = sum(change.is_deleted for change in self._plan.changes)
        owners = {Whose(change.organization, change.owner) for change in deleted}
        managed = sum(
            ownership_marker.split(source.description)[1] == self._plan.managed_by
            and any(who.fits(source) for who in owners)
            for source in sources
        )
        if looks_like_an_accident(len(deleted), managed) and self._confirm_deletes not in (planned, len(deleted)):
            raise HarvestInvalidInput(
                f"The plan deletes {len(deleted)} of the {managed} sources that carry the marker "
                f"{self._plan.managed_by!r}, as if the files had been emptied, or other files used the same managed_by."
                f" Nothing was written. If this is intended, confirm the number: confirm_deletes={planned}."
            )

    def _confirm(self) -> None:
        """Read the list once more: a portal may report a write as done, and then overrule it."""
        written = [(change, ident) for change, ident in self._written if change not in self._unfinished]
        if not written:
            return
        now = {source.id: source for source in read_sources(self._client)}
        for change, ident in written:
            source = now.get(ident or "")
            if source is None and change.is_deleted:
                continue
            left = self._steps(change, _values(source)) if source is not None else ()
            if left or source is None:
                names = few(sorted({name for step in left for name in step.values or {step.name: None}}), _SHOWN)
                what = f"{names} is not as wanted" if source is not None else "the source is not listed"
                overruled = HarvestWriteIgnored(
                    f"The portal reported every change as done, but {what}: something on the portal overrules it; "
                    "ask its team."
                )
                self._fail(change, source, overruled)

    # --- one source ---------------------------------------------------------------------------------------------------

    def _carry_out(self, change: Change) -> None:
        if change.is_new and not self._can_create and self._look(change) is None:
            self._postpone(change)
            return
        taken: list[str] = []
        source: HarvestSource | None = None
        try:
            self._pace.wait()
            source = self._look(change)
            self._refuse_moved([(change, source)])
            for step in self._steps(change, _values(source)):
                source = self._take(step, change, source)
                if source is not None:
                    self._known.note(source)
                taken.append(step.name)
        except HarvestRateLimited as error:
            self._can_create = self._can_create and bool(taken)
            self._postpone(change)
            self._result.retry_after = error.retry_after
            if not change.is_new or taken:
                raise self._broken_off(error) from error
        except HarvestAuthError as error:
            if error.status_code != 403:
                raise
            self._fail(change, source, error)
        except _REFUSALS as error:
            self._fail(change, source, error)
        except HarvestPlanStale:
            raise
        except HarvestServerError as error:
            if error.status_code != 500:
                raise self._broken_off(error) from error
            self._fail(change, source, error)  # a fault of this source; a portal that is down responds with 502 to 504
            self._may_pass = True
        except HarvestError as error:
            raise self._broken_off(error) from error
        finally:
            if taken:
                ident = source.id if source is not None else change.source_id
                self._written.append((change, ident))
                self._result.done.append({"key": change.key, "source_id": ident, "steps": taken})

    def _take(self, step: Step, change: Change, source: HarvestSource | None) -> HarvestSource | None:
        """Make one write; return the source as it then is."""
        writer = self._writer
        if step.name == CREATE:
            find, refuse_twin = partial(self._search, change, again=True), partial(self._refuse_twin, change)
            return writer.create(step.values, change.organization, change.owner, find, refuse_twin)
        if source is None:  # such a step is only made for a source that exists
            raise HarvestPlanStale(f"{_called(change)} is gone.", moved=(_called(change),))
        if step.name in (CONFIGURE, ACTIVATE):
            return writer.configure(source, step.values)
        if step.name == VALIDATE:
            return writer.accept(source, step.values["comment"])
        if step.name == SCHEDULE:
            return writer.schedule(source, step.values["cron"])
        if step.name == DELETE:
            writer.delete(source)
            return replace(source, deleted=datetime.fromtimestamp(self._client.portal_now(), tz=timezone.utc))
        raise AssertionError(step.name)

    def _steps(self, change: Change, values: dict[str, Any] | None) -> Sequence[Step]:
        """Return what is to be done to a source, without what the key may not do."""
        wanted = steps(change, values)
        allowed = [step for step in wanted if self._rights.refusal(change, RIGHT_FOR[step.name]) is None]
        if wanted and wanted[0].name == CREATE and wanted[0] not in allowed:
            return ()
        return allowed

    def _denials(self) -> Sequence[Any]:
        return denials(self._plan.changes, self._rights)

    # --- checking -----------------------------------------------------------------------------------------------------

    def _look(self, change: Change) -> HarvestSource | None:
        """Return a planned source as it is now; before one is created, what an earlier try may have created."""
        if change.source_id is None:
            return self._search(change)
        return self._known.look(change.source_id)

    def _search(self, change: Change, *, again: bool = False) -> HarvestSource | None:
        """Return the source that a change creates, if somebody or an earlier try has created it."""
        owner = change.owner or (None if change.organization else self._rights.user_id)
        self._known.search(change.organization, owner, again=again)
        return self._find(change)

    def _refuse_twin(self, change: Change) -> None:
        found = self._search(change)
        if found is not None:
            raise HarvestPlanStale(
                f"{_called(change)} was about to be created, and somebody has created it meanwhile ({found.id}). Apply "
                "the same plan again, or plan again.",
                moved=(_called(change),),
            )

    def _find(self, change: Change) -> HarvestSource | None:
        """Return a planned source as last seen."""
        found = self._planned.find(change, self._known.index)
        if len(found) > 1:
            ids = ", ".join(source.id for source in found)
            raise HarvestPlanStale(
                f"{_called(change)} is planned as a new source, but {len(found)} such sources exist by now: {ids}. "
                "Delete all but one, and plan again.",
                moved=(_called(change),),
            )
        return found[0] if found else None

    def _refuse_moved(self, looked_at: Sequence[tuple[Change, HarvestSource | None]]) -> None:
        told = []
        for change, source in looked_at:
            names = moved(change, _values(source))
            if names:
                told.append(f"{_called(change)}: {', '.join(names)}")
        if told:
            done = len(self._result.done)
            written = f"{count(done, 'source is', 'sources are')} done" if done else "Nothing was written"
            raise HarvestPlanStale(
                f"The portal is no longer as planned: {few(told, _SHOWN, separator='; ')}. {written}; plan again.",
                moved=tuple(told),
            )

    # --- reporting ----------------------------------------------------------------------------------------------------

    def _tell(self, text: str) -> None:
        self._progress(self._passed, self._total, text)

    def _postpone(self, change: Change) -> None:
        self._unfinished.append(change)
        self._result.postponed.append(change.key)

    def _fail(self, change: Change, source: HarvestSource | None, error: HarvestError) -> None:
        log.warning("%s was not changed: %s", _called(change), error)
        ident = source.id if source is not None else change.source_id
        self._unfinished.append(change)
        self._result.failed.append({"key": change.key, "source_id": ident, "error": str(error)})

    def _broken_off(self, error: HarvestError) -> HarvestApplyIncomplete:
        return HarvestApplyIncomplete(
            f"{error} Done so far: {self._passed} of {count(self._total, 'source')}. Apply the same plan again to "
            "continue.",
            result=self._result.to_json(),
            again=True,
            retry_after=getattr(error, "retry_after", None),
        )

    def _incomplete(self) -> HarvestApplyIncomplete:
        result = self._result
        refused, reason, parts = "", "", []
        if result.failed:
            first = result.failed[0]
            refused = f"The portal refused to change {len(result.failed)} of {count(self._total, 'source')}"
            reason = f", first {first['key']}: {first['error']}"
        if result.postponed:
            when = f" in {spell(result.retry_after)}" if result.retry_after else " later"
            parts.append(
                f"{count(len(result.postponed), 'source is', 'sources are')} not created yet, "
                f"since the portal limits how many one may create: apply the same plan again{when}."
            )
        return HarvestApplyIncomplete(
            " ".join([refused + reason, *parts]).strip(),
            brief=" ".join([refused and f"{refused}.", *parts]).strip(),
            result=result.to_json(),
            again=bool(result.postponed) or self._may_pass,
            retry_after=result.retry_after,
        )


def _values(source: HarvestSource | None) -> dict[str, Any] | None:
    return None if source is None else values_of(source)


def _called(change: Change) -> str:
    return f"{change.key} ({change.source_id})" if change.source_id else change.key


def _urgency(change: Change) -> tuple[int, str]:
    """What is switched off comes first, what is deleted last, so that nothing is lost if this ends between."""
    if change.is_deleted:
        return 3, change.key
    if change.is_new:
        return 2, change.key
    return (0 if change.wanted.get("active") is False else 1), change.key
