"""Hold the sources that must wait, lift holds whose records are back, and note what cannot be held."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow_provider_harvest.exceptions import HarvestApiError, HarvestError, HarvestInvalidInput
from airflow_provider_harvest.portal.guard.holds import hold, release, tidy
from airflow_provider_harvest.portal.words import plain

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.guard.survey import Case, GuardReport

log = logging.getLogger(__name__)

HELD, LIFTED, EXPIRED, TIDIED, CANNOT_HOLD = "held", "lifted", "expired", "tidied", "cannot_hold"


def decide(case: Case, now: datetime, expire_days: float | None = None) -> str | None:
    """Return what must be done about a source: ``held``, ``lifted``, ``expired``, ``tidied``, or None.

    :param case: what a pass found of it.
    :param now: the portal's clock.
    :param expire_days: days after which a hold ends by itself; None: only a person or the records' return ends it.
    """
    if case.is_held:
        is_back = not case.missing and not case.judgement.hold and not case.shows_none
        if is_back and not case.awaits_harvest:
            return LIFTED
        is_over = expire_days is not None and case.note is not None and now - case.note.at >= timedelta(expire_days)
        return EXPIRED if is_over else None
    if case.judgement.hold and case.source.autoarchive is not False:
        return HELD
    return TIDIED if case.is_note_done or case.contradicts_note else None


def act(client: HarvestClient, report: GuardReport, *, expire_days: float | None = None) -> None:
    """Hold and lift what a pass found, each at most once; what the portal refuses is noted in the case.

    :param client: of the portal, with a key that may change the sources.
    :param report: of the pass; its cases learn what was done.
    :param expire_days: days after which a hold ends by itself and its loss counts as accepted. Default None: never.
    :raises HarvestInvalidInput: for an invalid number of days.
    """
    if expire_days is not None and (isinstance(expire_days, bool) or not 1 <= expire_days <= 3660):
        raise HarvestInvalidInput(f"expire_days must be a number of days from 1 on, or None, not {expire_days!r:.40}.")
    for case in report.cases:
        what = decide(case, report.at, expire_days)
        if what is None:
            continue
        try:
            _carry_out(client, case, what)
        except HarvestApiError as error:
            case.action, case.why = CANNOT_HOLD, f"the portal refuses the change: {plain(error)}"
        except HarvestError as error:
            case.action, case.why = CANNOT_HOLD, f"the portal could not be read: {plain(error)}"
        if case.action == CANNOT_HOLD:
            log.warning("Source %s: %s", case.source.id, case.why)


def _carry_out(client: HarvestClient, case: Case, what: str) -> None:
    if not client.has_key:
        case.action, case.why = CANNOT_HOLD, "there is no API key in the connection"
        return
    if what == HELD:
        case.source, changed = hold(client, case.source.id, len(case.missing), case.begun)
        why = "autoarchive was switched off"
    elif what == LIFTED:
        case.source, changed = release(client, case.source.id, accept=False)
        why = "the missing records are back, so autoarchive is on again"
    elif what == EXPIRED:
        case.source, changed = release(client, case.source.id, accept=True)
        why = "nobody decided in time, so the loss counts as accepted and autoarchive is on again"
    else:
        case.source, changed = tidy(client, case.source.id, is_done=case.is_note_done)
        why = "the guard's line in the description was out of date and has been updated"
    if changed:
        case.action, case.why = what, why
        log.info("Source %s: %s.", case.source.id, why)
