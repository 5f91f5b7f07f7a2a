"""A harvest that may not archive before it is compared with what is on the portal; called by the run operator.

For sources that run so rarely that the bad run itself archives. Archiving is off while the harvest runs, by the guard's
own line in the description, so that the next task after a crash (a retry, or the guard) finds it and ends it.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_harvest.exceptions import (
    HarvestError,
    HarvestInvalidInput,
    HarvestPortalUnreachable,
    HarvestSourceNotRunnable,
)
from airflow_provider_harvest.portal.guard.archiving_forecast import is_due
from airflow_provider_harvest.portal.guard.hold_and_release import held_since, hold, hold_ahead, is_held, release
from airflow_provider_harvest.portal.guard.hold_decision import LossThresholds
from airflow_provider_harvest.portal.guard.survey import examine
from airflow_provider_harvest.portal.sources.guard_note import split
from airflow_provider_harvest.portal.statuses import FAILURE
from airflow_provider_harvest.portal.text.untrusted import plain
from airflow_provider_harvest.portal.text.words import count, few

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestSource
    from airflow_provider_harvest.portal.outcome.result import HarvestResult

log = logging.getLogger(__name__)

#: ``failure_kind`` of the result of a run whose loss is too large.
LOSS: Final = "loss"
#: Why archiving is off when Airflow stops a task.
NOT_COMPARED: Final = "The harvest has not been compared with the portal."
_NAMED = 10


@dataclass(frozen=True)
class LossCheck:
    """The result of comparing a guarded harvest with the portal.

    :param reasons: why archiving stays off, with the first records that would vanish; empty if it is on again.
    :param is_due: whether a second harvest would archive something now.
    :param not_compared: why nothing was compared; empty if it was.
    """

    reasons: tuple[str, ...] = ()
    is_due: bool = False
    not_compared: str = ""


def thresholds_of(guard: bool | Mapping[str, Any] | None) -> LossThresholds | None:
    """Return the thresholds of a guarded run; None if the run is not guarded.

    :param guard: True for the defaults, or an object with some of the thresholds.
    :raises HarvestInvalidInput: for anything else.
    """
    if guard is None or guard is False:
        return None
    return LossThresholds.from_dict(None if guard is True else guard)


def begin(client: HarvestClient, source_id: str) -> datetime | None:
    """Switch a source's archiving off before it is harvested; a source that does not archive stays as it is.

    :param client: of the portal, with the key of somebody who may change the source.
    :param source_id: its id.
    :returns: the time in the line that this call wrote, by which it is known as its own; None if it wrote none.
    """
    source, changed = hold_ahead(client, source_id)
    note = split(source.description)[1]
    if not changed or note is None:
        return None
    log.info("Source %s: autoarchive is off until its harvest has been compared with the portal.", source_id)
    return note.at


def ahead_since(client: HarvestClient, source_id: str) -> float | None:
    """Return since when a guarded run holds a source ahead of its harvest; None if none does.

    :param client: of the portal.
    :param source_id: its id.
    :returns: seconds since the epoch by the portal's clock.
    """
    source = client.get_source(source_id)
    note = split(source.description)[1]
    return note.at.timestamp() if note is not None and note.is_ahead and is_held(source) else None


def off_since(source: HarvestSource) -> float | None:
    """Return since when a source's archiving is off, in seconds since the epoch by the portal's clock.

    :param source: as just read.
    :returns: 0 if its owner has switched it off, None if it is on.
    """
    if source.autoarchive is not False:
        return None
    note = split(source.description)[1]
    return note.at.timestamp() if note is not None and is_held(source) else 0.0


def give_up(client: HarvestClient, source_id: str, since: float = 0.0, until: float = math.inf) -> None:
    """Undo :func:`begin`, since no harvest follows. Another task's hold, ahead of a harvest of its own, stays.

    :param client: of the portal, with the key of somebody who may change the source.
    :param source_id: its id.
    :param since: when the hold began at the earliest, in seconds since the epoch by the portal's clock; default: ever.
    :param until: when it began at the latest; default: ever.
    """
    at = ahead_since(client, source_id)
    if at is not None and since <= at <= until:
        release(client, source_id, accept=False)


def still_off(source_id: str, page: str | None, why: str, *, is_certain: bool) -> str:
    """Return what a person must know of a source whose archiving is off when the task of a guarded run ends.

    :param source_id: its id.
    :param page: its page, or its API address; None if it is not known yet.
    :param why: a sentence.
    :param is_certain: whether it is known to be off.
    """
    by_hand = f"switch it on by hand: {page}" if page else "switch it on by hand."
    is_off = "is" if is_certain else "may be"
    return (
        f"Source {source_id}: autoarchive {is_off} off, so that the portal archives nothing of it. {why}\n"
        "The next guarded run of this source that ends well switches it on (also a retry of this task), or the guard "
        f"in mode hold after the next harvest. To do it now, {by_hand}"
    )


def check_loss(
    client: HarvestClient,
    source_id: str,
    thresholds: LossThresholds,
    *,
    done: int = 0,
    before_release: Callable[[], object] = lambda: None,
) -> LossCheck:
    """Compare a harvest with what is on the portal, and switch archiving on again unless too much is missing.

    :param client: of the portal, with the key of somebody who may change the source.
    :param source_id: of the source that was harvested.
    :param thresholds: above which a loss is too large.
    :param done: items that the harvest has done; the portal shows records then, or its answer is odd.
    :param before_release: called before archiving is on again, if no second harvest has anything to archive.
    :raises HarvestError: if it cannot be compared; archiving stays off.
    """
    source = client.get_source(source_id)
    if not is_held(source):
        return LossCheck(
            not_compared="its owner has switched archiving off"
            if source.autoarchive is False
            else "archiving is on again, by an earlier try of this task or by a person"
        )
    organization = source.organization.id if source.organization else None
    report = examine(client, source_ids=[source.id], organization=organization, thresholds=thresholds)
    if report.requests_failed:
        raise HarvestPortalUnreachable(
            f"The harvest could not be compared, so archiving stays off: {report.requests_failed[0]}"
        )
    case = next(iter(report.cases), None)
    if done and case is not None and case.shows_none:
        raise HarvestError(
            f"The harvest could not be compared, so archiving stays off: it has done {done:,} items, and the portal "
            "shows no record of it. Try again; if they are private, no guard can see them."
        )
    if case is not None and not case.is_usual:
        if case.has_grown or (case.note is not None and case.note.is_ahead):
            hold(client, source.id, len(case.missing), case.begun)
        if case.unexamined:
            return LossCheck((f"The guard holds this source, and no person has released it. {case.unexamined}",))
        titles = few([plain(record.title or record.key, 80) for record in case.missing], _NAMED)
        reasons = case.judgement.reasons or ["The guard has held this loss before, and no person has released it."]
        return LossCheck((*reasons, f"Would be archived: {titles}. Archiving stays off until it is released."))
    missing = (*case.missing, *case.accepted) if case else ()
    comparison = LossCheck(is_due=any(is_due(record, report.at) for record in missing))
    if not comparison.is_due:
        before_release()
    try:
        release(client, source.id, accept=False, held_since=held_since(source))
        log.info("Source %s: autoarchive is on again; %s", source.id, _found(len(missing)))
    except HarvestInvalidInput as error:  # a pass of the guard, or a person, was quicker
        log.info("Source %s is left as it is: %s", source.id, error)
        if is_held(client.get_source(source.id)):
            return LossCheck(not_compared="the guard holds it for another loss by now")
    return comparison


def noted(result: HarvestResult, comparison: LossCheck, *, was_compared: bool = False) -> HarvestResult:
    """Return the result of a harvest with whether a person may rely on the comparison.

    :param result: of the harvest.
    :param comparison: what :func:`check_loss` returned.
    :param was_compared: whether an earlier try has compared it, or it follows the one that was: it was to archive.
    """
    reason = None if was_compared else comparison.not_compared or None
    return {**result, "guard": {"compared": reason is None, "reason": reason}}


def rejected(result: HarvestResult, comparison: LossCheck) -> HarvestResult:
    """Return the result of a harvest whose loss is too large.

    :param result: of the harvest.
    :param comparison: what :func:`check_loss` returned.
    """
    reasons = [*comparison.reasons, *result["reasons"]]
    return {**result, "outcome": FAILURE, "failure_kind": LOSS, "reasons": reasons}


def refuse_attaching(if_running: str) -> None:
    """Refuse to guard a harvest that is running: it has read already that it may archive.

    :param if_running: of the run operator.
    :raises HarvestSourceNotRunnable: for ``attach``.
    """
    if if_running == "attach":
        raise HarvestSourceNotRunnable("guard cannot be used with if_running='attach': give 'wait' or 'fail'.")


def _found(missing: int) -> str:
    if not missing:
        return "nothing is missing."
    return f"{count(missing, 'missing record is', 'missing records are')} within what is usual or accepted."
