"""Hold what a pass says must wait, lift what is back, and say what cannot be held; called after ``examine()``."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from airflow_provider_harvest.exceptions import HarvestApiError, HarvestError
from airflow_provider_harvest.portal.guard.holds import hold, release
from airflow_provider_harvest.portal.words import plain

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.guard.survey import Case, GuardReport

log = logging.getLogger(__name__)

HELD, LIFTED, CANNOT_HOLD = "held", "lifted", "cannot_hold"


def act(client: HarvestClient, report: GuardReport) -> None:
    """Hold and lift what a pass found, each at most once; what the portal refuses is noted in the case.

    :param client: of the portal, with a key that may change the sources.
    :param report: of the pass; its cases learn what was done.
    """
    for case in report.cases:
        if not (case.judgement.hold or case.is_held):
            continue
        try:
            _act(client, case)
        except HarvestApiError as error:
            case.action, case.why = CANNOT_HOLD, f"the portal refuses the change: {plain(error)}"
        except HarvestError as error:
            case.action, case.why = CANNOT_HOLD, f"the portal could not be read: {plain(error)}"
        if case.action == CANNOT_HOLD:
            log.warning("Source %s: %s", case.source.id, case.why)


def _act(client: HarvestClient, case: Case) -> None:
    if case.judgement.hold and not case.is_held:
        if not client.has_key:
            case.action, case.why = CANNOT_HOLD, "there is no API key in the connection"
            return
        case.source, changed = hold(client, case.source.id, len(case.missing), case.begun)
        if changed:
            case.action, case.why = HELD, "autoarchive was switched off"
            log.info("Held source %s: its autoarchive is off.", case.source.id)
    elif case.is_held and not case.missing and not case.judgement.hold:
        case.source, changed = release(client, case.source.id, accept=False)
        if changed:
            case.action, case.why = LIFTED, "the missing records are back, so autoarchive is on again"
            log.info("Lifted the hold of source %s: its records are back.", case.source.id)
