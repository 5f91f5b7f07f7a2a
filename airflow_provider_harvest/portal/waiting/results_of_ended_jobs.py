"""Read the results of ended jobs that a watch has found; used by :mod:`.ended_jobs`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import HarvestNotFound
from airflow_provider_harvest.portal.http.temporary_errors import Doubts
from airflow_provider_harvest.portal.models import HarvestSource
from airflow_provider_harvest.portal.outcome.read_ended_job import conclude
from airflow_provider_harvest.portal.outcome.result import is_success
from airflow_provider_harvest.portal.statuses import ANY_END, FAILURE, SUCCESS, WATCHED

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.outcome.result import HarvestResult
    from airflow_provider_harvest.portal.outcome.verdict import OutcomePolicy
    from airflow_provider_harvest.portal.statuses import EndCondition
    from airflow_provider_harvest.portal.waiting.watched_source import SourceRecord


@dataclass(frozen=True)
class EndedJob:
    """A job that has ended.

    :param result: the result dict of the harvest; None if the condition does not hold.
    :param cursor: of the last one of a poll: what is reported once all of them are.
    """

    result: HarvestResult | None
    cursor: dict[str, Any] | None = None


class EndedResults:
    """The results of jobs, as far as a condition holds for them.

    :param client: of the portal.
    :param policy: the criteria for a success.
    :param condition: one of :data:`~.statuses.END_CONDITIONS`.
    """

    def __init__(self, client: HarvestClient, policy: OutcomePolicy, condition: EndCondition) -> None:
        self._client = client
        self._policy = policy
        self._condition = condition
        self._doubts: dict[str, Doubts] = {}

    def read(self, record: SourceRecord, job_id: str) -> HarvestResult | None:
        """Return the result of a job; None if the condition does not hold, or the job was purged meanwhile.

        :raises HarvestError: if it cannot be read now.
        """
        source = HarvestSource(id=record.id, name=record.name, url="", backend="")
        doubts = self._doubts.setdefault(job_id, Doubts())
        try:
            result = conclude(self._client, source, job_id, WATCHED, self._policy, compare_failed=False)
        except HarvestNotFound as error:
            if not doubts.believes(error):
                raise
            # A 500, which means "unknown" up to 17.7, may be an outage's: the list of the source's jobs shows it.
            if error.status_code == 500 and not self._client.is_purged(record.id, job_id):
                raise
            self._doubts.pop(job_id, None)
            return None
        self._doubts.pop(job_id, None)
        record.name = result["source_name"] or record.name  # the source may have been renamed
        wanted = {ANY_END: True, SUCCESS: is_success(result), FAILURE: not is_success(result)}
        return result if wanted[self._condition] else None
