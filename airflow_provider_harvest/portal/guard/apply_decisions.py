"""Hold the sources that must wait, lift holds whose records are back, and note what cannot be held."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow_provider_harvest.exceptions import (
    HarvestApiError,
    HarvestError,
    HarvestInvalidInput,
    HarvestSourceNotRunnable,
)
from airflow_provider_harvest.portal.guard.archiving_forecast import MAX_DAYS
from airflow_provider_harvest.portal.guard.hold_and_release import held_since, hold, is_held, release, tidy
from airflow_provider_harvest.portal.text.untrusted import plain

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.guard.case import Case, GuardReport

log = logging.getLogger(__name__)

HELD, HELD_MORE, LIFTED, EXPIRED, TIDIED = "held", "held_more", "lifted", "expired", "tidied"
CANNOT_HOLD, CANNOT_LIFT = "cannot_hold", "cannot_lift"
#: What a case becomes if that could not be done; an outdated line alone is nothing that people must know of, and the
#: next pass tries again.
_FAILED = {HELD: CANNOT_HOLD, HELD_MORE: "", LIFTED: CANNOT_LIFT, EXPIRED: CANNOT_LIFT, TIDIED: ""}


def decide(case: Case, now: datetime, expire_days: float | None = None) -> str | None:
    """Return what must be done about a source: ``held``, ``held_more``, ``lifted``, ``expired``, ``tidied``, or None.

    :param case: what a pass found of it.
    :param now: the portal's clock.
    :param expire_days: days after which a hold ends by itself; None: only a person or the records' return ends it.
    """
    if case.is_held:
        if case.is_back:
            return LIFTED
        if case.has_grown:
            return HELD_MORE
        is_over = expire_days is not None and case.note is not None and now - case.note.at >= timedelta(expire_days)
        return EXPIRED if is_over else None
    if case.judgement.hold and case.source.autoarchive is not False:
        return HELD
    return TIDIED if case.is_note_done or case.contradicts_note else None


def act(client: HarvestClient, report: GuardReport, *, expire_days: float | None = None) -> None:
    """Hold and lift what a pass found, each at most once; what the portal refuses is noted in the case.

    :param client: of the portal, with a key that may change the sources.
    :param report: of the pass; its cases learn what was done, and those that are settled meanwhile are taken out.
    :param expire_days: days after which a hold ends by itself and its loss counts as accepted. Default None: never.
    :raises HarvestInvalidInput: for an invalid number of days.
    """
    is_number = isinstance(expire_days, (int, float)) and not isinstance(expire_days, bool)
    if expire_days is not None and not (is_number and 1 <= expire_days <= MAX_DAYS):
        raise HarvestInvalidInput(
            f"expire_days must be a number of days from 1 to {MAX_DAYS:,}, or None, not {expire_days!r:.40}."
        )
    report.cases = [case for case in report.cases if _act_on(client, case, decide(case, report.at, expire_days))]


def _act_on(client: HarvestClient, case: Case, what: str | None) -> bool:
    """Do what was decided about a case; return whether it is still one."""
    if what is None:
        return True
    try:
        return _carry_out(client, case, what)
    except HarvestApiError as error:
        _fail(case, what, f"the portal refuses the change: {plain(error)}")
    except HarvestError as error:
        _fail(case, what, f"the portal could not be read: {plain(error)}")
    return True


def _fail(case: Case, what: str, why: str) -> None:
    log.warning("Source %s: %s", case.source.id, why)
    if _FAILED[what]:
        case.action, case.why = _FAILED[what], why


def _carry_out(client: HarvestClient, case: Case, what: str) -> bool:
    """Do what was decided, unless somebody has changed the source since it was read.

    :returns: whether the case is still one: not if the source was deleted, its hold ended, or its loss accepted.
    """
    if not client.has_key:
        _fail(case, what, f"there is no API key in {client.places.key}")
        return True
    try:
        changed = _change(client, case, what)
    except HarvestSourceNotRunnable as error:
        log.warning("%s", error)
        return False
    except HarvestInvalidInput as error:
        log.warning("The hold of source %s is left as it is: %s", case.source.id, error)
        return is_held(client.get_source(case.source.id))
    # With nothing to change while archiving is on, somebody has accepted the loss or ended the hold meanwhile.
    return changed or what == TIDIED or case.source.autoarchive is False


def _change(client: HarvestClient, case: Case, what: str) -> bool:
    """Do what was decided; return whether that changed the source."""
    decided_on = held_since(case.source)
    if what in (HELD, HELD_MORE):
        why = "autoarchive was switched off" if what == HELD else "it has lost more since, so that all of it waits now"
        case.source, changed = hold(client, case.source.id, len(case.missing), case.begun)
    elif what == LIFTED:
        case.source, changed = release(client, case.source.id, accept=False, held_since=decided_on)
        left = f", but for {len(case.missing):,} within what is usual" if case.missing else ""
        why = f"the missing records are back{left}, so autoarchive is on again"
    elif what == EXPIRED:
        case.source, changed = release(client, case.source.id, accept=True, held_since=decided_on)
        why = "nobody decided in time, so the loss counts as accepted and autoarchive is on again"
    else:
        case.source, changed = tidy(client, case.source.id, is_done=case.is_note_done)
        why = "the guard's line in the description was out of date and has been updated"
    if changed:
        case.action, case.why = what, why
        log.info("Source %s: %s.", case.source.id, why)
    return changed
