"""The operator that keeps a portal from archiving by accident; users import it from ``operators.portal``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.operators._base import HarvestOperator
from airflow_provider_harvest.operators._memory_between_runs import pull_state, push_state

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_provider_harvest._compat import Context

#: XCom that holds the result, and the one that holds when the portal was last examined.
GUARD_KEY, GUARD_STATE_KEY = "harvest_guard", "harvest_guard_state"
REPORT, HOLD = "report", "hold"
#: Seconds after which a run reads the whole of a large portal again; less than a day, so that each daily run does.
_WHOLE_EVERY = 23 * 3600.0


class HarvestGuardOperator(HarvestOperator):
    """Find which datasets the portal will archive, and, in mode ``hold``, stop that until a person has decided.

    It examines the sources that were harvested since its last run, and those that still had to be held at its end. What
    is on the portal is compared with what the newest harvest found, as sets of remote ids. If too much is missing, mode
    ``hold`` switches the source's ``autoarchive`` off. The hold is remembered in a line of the source's public
    description, so that a retry, a cleared task or a lost XCom neither loses nor repeats it, and so that it differs
    from an owner's own ``autoarchive: false``, which is left alone. A hold is lifted as soon as the missing records are
    back, except for at most a tenth of them if that is an ordinary loss.

    Records that a source has with another owner, since it was given to another organization, are seen, too. On a portal
    of more than 10,000 datasets one run a day reads them, and only that run lifts holds.

    :param mode: ``report`` (default) only reports, and needs no key; ``hold`` also holds and lifts. Templated.
    :param source_ids: ids of sources, as a list or a string with commas; only these. Default: all. Templated.
    :param organization: id or slug of an organization; only its sources. Templated.
    :param grace_days: days after which the portal archives; 7. The API does not return it.
    :param thresholds: losses above these are held: an object with some of ``max_lost_ratio`` (0.06),
        ``max_weekly_ratio`` (0.12), ``max_lost`` (2,000), ``min_lost`` (3), ``small_catalogue`` (20) and
        ``small_ratio`` (0.25). Templated.
    :param thresholds_by_source: such an object for some sources, by their id. Templated.
    :param expire_days: days after which a hold ends by itself and its loss counts as accepted. Default None: a hold
        ends by a person or by the records' return only. A reminder comes from day 14 on in any case.
    :param examine_all: whether all sources are examined, not only those harvested since the last run; default False.
    :param harvest_conn_id: the connection; default ``harvest_default``. Templated.
    :returns: ``schema``, ``portal``, ``at`` (the portal's clock), ``sources`` (how many), ``rows`` (one for each source
        of which something is missing, that is held, or whose next run archives at once), ``must_hold_ids``,
        ``held_ids``, ``held_since`` (the time of each hold by the source's id, for ``release()``), ``newly_held_ids``
        (those that no earlier run has reported, or that have lost more since; not a hold of a guarded run that is still
        harvesting), ``lifted_ids``, ``expired_ids``, ``cannot_hold_ids``, ``not_holdable_ids`` (this key could not hold
        them if they lost records; mode ``hold`` only), ``exposed_ids`` (their next run archives at once: no hold can
        come in between; docs/guard.md says what to do), ``overdue_ids``, ``records_at_risk``, ``incomplete``,
        ``message`` (Markdown of at most 15 lines) and ``approval_body`` (Markdown for the person who decides on the
        newly held sources: reasons, records, and the day on which each is archived if they accept). Also pushed as XCom
        ``harvest_guard``.
    """

    template_fields: Sequence[str] = (
        "harvest_conn_id",
        "mode",
        "source_ids",
        "organization",
        "thresholds",
        "thresholds_by_source",
    )

    def __init__(
        self,
        *,
        mode: str = REPORT,
        source_ids: Sequence[str] | str | None = None,
        organization: str | None = None,
        grace_days: int = 7,
        thresholds: Mapping[str, Any] | None = None,
        thresholds_by_source: Mapping[str, Mapping[str, Any]] | None = None,
        expire_days: float | None = None,
        examine_all: bool = False,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("multiple_outputs", True)
        super().__init__(**kwargs)
        self.mode = mode
        self.source_ids = source_ids
        self.organization = organization
        self.grace_days = grace_days
        self.thresholds = thresholds
        self.thresholds_by_source = thresholds_by_source
        self.expire_days = expire_days
        self.examine_all = examine_all

    def execute(self, context: Context) -> dict[str, Any]:
        """Examine, hold and lift, log the message, and leave when that was for the next run."""
        from airflow_provider_harvest.portal.guard import apply_decisions, hold_decision, render, survey

        with self.errors():
            if self.mode not in (REPORT, HOLD):
                raise HarvestInvalidInput(f"mode must be 'report' or 'hold', not {self.mode!r:.40}.")
            client = self.hook.get_conn()
            before = self._state(context, client.site)
            # Records that a source has with other owners are seen by a pass over the whole portal only.
            since, whole = before.get("since"), before.get("whole")
            is_whole_due = whole is None or client.clock.now() - whole >= _WHOLE_EVERY
            begins = whole if is_whole_due else since
            if self.examine_all or since is None:
                begins = None
            found = survey.examine(
                client,
                # A minute early, since the portal's clock has whole seconds only.
                since=None if begins is None else begins - 60,
                again=before.get("again") or (),
                organization=self.organization,
                source_ids=self._source_ids(),
                thresholds=hold_decision.LossThresholds.from_dict(self.thresholds),
                thresholds_by_source=self.thresholds_by_source,
                grace_days=self.grace_days,
                with_rights=self.mode == HOLD,
                whole=is_whole_due,
            )
            if self.mode == HOLD:
                apply_decisions.act(client, found, expire_days=self.expire_days)
            result = render.as_dict(client, found)
            asked, undecided = _asked(before.get("held") or ()), _undecided(result["rows"])
            result["newly_held_ids"] = [
                ident for ident, at in undecided.items() if asked.get(ident, "") not in (None, at)
            ]
            result["approval_body"] = render.approval_body(client, found, result["newly_held_ids"])
            self.log_text(result["message"])
            # What could not be examined or held is examined again by the next run.
            is_complete = not (result["incomplete"] or result["cannot_hold_ids"])
            at = found.at.timestamp()
            if is_complete and found.is_whole and (begins is None or (whole is not None and begins <= whole)):
                whole = at
            # What is still to be held, and what is left out until somebody switches its archiving on.
            again = {
                *result["must_hold_ids"],
                *found.not_archiving,
                *(() if is_complete else before.get("again") or ()),
            }
            held = {**{ident: asked[ident] for ident in result["held_ids"] if ident in asked}, **undecided}
            since = at if is_complete else since
            state = {"at": at, "since": since, "whole": whole, "held": held, "again": sorted(again)}
            push_state(context, GUARD_STATE_KEY, {**state, "limits": self._limits(), **self._place(client.site)})
            context["ti"].xcom_push(key=GUARD_KEY, value=result)
            return result

    def _place(self, portal: str) -> dict[str, Any]:
        """Return what a state covers: another portal, organization or selection does not count."""
        place: dict[str, Any] = json.loads(
            json.dumps({"portal": portal, "selection": [self.organization, self.source_ids]})
        )
        return place

    def _state(self, context: Context, portal: str) -> dict[str, Any]:
        """Return what the newest run before this one left, to find what is new; empty if there was none."""
        left = pull_state(context, self.task_id, GUARD_STATE_KEY)
        if not isinstance(left, dict) or not self._place(portal).items() <= left.items():
            return {}
        # By other limits a source may have to be held that was not, although it was not harvested since.
        return left if left.get("limits") == self._limits() else {**left, "since": None}

    def _limits(self) -> str:
        """Return by what losses are judged, to compare it with the run before."""
        return json.dumps([self.grace_days, self.thresholds, self.thresholds_by_source], sort_keys=True, default=str)

    def _source_ids(self) -> list[str] | None:
        given: Any = self.source_ids
        if given is None:
            return None
        entries = given.split(",") if isinstance(given, str) else list(given)
        return [str(entry).strip() for entry in entries if str(entry).strip()]


def _undecided(rows: list[dict[str, Any]]) -> dict[str, str]:
    """Return when each hold began that a person can decide on, by the source's id: its loss is known."""
    return {
        row["source_id"]: row["held_since"]
        for row in rows
        if row["is_held"] and row["is_examined"] and not row["awaits_harvest"]
    }


def _asked(held: Mapping[str, str] | Sequence[str]) -> dict[str, str | None]:
    """Return the holds that the run before has reported; of a version that left only their ids, without their time."""
    return dict(held) if isinstance(held, dict) else dict.fromkeys(held)
