"""Findings of a health pass that come from the guard's pass: which datasets will be archived, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_harvest.portal.health.findings import SHRUNK, VANISHING, Trouble
from airflow_provider_harvest.portal.words import day, few, plain

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from airflow_provider_harvest.portal.guard.survey import Case
    from airflow_provider_harvest.portal.health.state import Known

_TITLES = 3


def troubles_of(case: Case, checks: Collection[str], known: Known | None) -> Iterator[Trouble]:
    """Yield what is wrong with a source by the sets of its records.

    :param case: what the guard found about it.
    :param checks: the checks that are made.
    :param known: the previous pass's finding that its datasets are about to be archived.
    """
    if SHRUNK in checks and case.judgement.hold:
        yield Trouble(SHRUNK, case.job.ended, case.judgement.reasons[0].rstrip("."))
    if VANISHING in checks and case.outlook.first_at is not None:
        records = case.outlook.records
        titles = few([repr(plain(record.title or record.key, 60)) for record in records], _TITLES)
        count = "1 dataset" if len(records) == 1 else f"{len(records):,} datasets"
        detail = f"the portal archives {count} from {day(case.outlook.first_at)} on: {titles}"
        yield Trouble(VANISHING, known.since if known else case.job.ended, detail, detail)


def as_before(known: Known) -> Trouble:
    """Return the finding of the previous pass, if nothing was harvested since.

    :param known: that finding.
    """
    return Trouble(VANISHING, known.since, known.note, known.note)
