"""A portal behind a cache, or read from a copy of its database: what it shows of jobs is of an earlier time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.portal.models import HarvestJob
from tests.support.fake_portal.scripted import T0
from tests.support.fake_portal.state import Response

if TYPE_CHECKING:
    from tests.support.fake_portal.scripted import ScriptedClient

#: The requests that may be answered out of date.
LIST, SOURCE = "list_jobs", "get_source"


class OutOfDate:
    """Answers a client's requests out of date until it requests a harvest: a cache's worst moment.

    :param client: whose requests are answered so from now on.
    :param lag: seconds by which lists of jobs are old.
    :param source_lag: the same of the source, whose last job shows it.
    :param short: how many of the newest jobs are missing in a list, whose total is right.
    :param loses: whether the response to the request for a harvest is lost.
    """

    def __init__(
        self,
        client: ScriptedClient,
        *,
        lag: float = 0.0,
        source_lag: float = 0.0,
        short: int = 0,
        loses: bool = False,
    ) -> None:
        self.requested_at: float | None = None
        self._client, self._answer = client, client.answer
        self._lags = {LIST: lag, SOURCE: source_lag}
        self._short, self._loses = short, loses
        client.answer = self.answer  # type: ignore[method-assign]

    def answer(self, name: str, *request: Any) -> Response:
        """Answer a request, perhaps as of an earlier time."""
        if name == "run":
            self.requested_at = self._client.clock.now()
            response = self._answer(name, *request)
            return Response(504, {"message": "timeout"}) if self._loses else response
        if self.requested_at is not None or name not in self._lags:
            return self._answer(name, *request)
        response = self._as_of(T0 - self._lags[name], name, *request)
        if name == LIST and self._short:
            response.body["data"] = response.body["data"][self._short :]
        return response

    def _as_of(self, time: float, name: str, *request: Any) -> Response:
        portal = self._client.portal
        portal.live()
        jobs = portal.jobs
        portal.jobs = {ident: job for ident, job in jobs.items() if (HarvestJob.from_api(job).began_at or 0.0) <= time}
        try:
            return self._answer(name, *request)
        finally:
            portal.jobs = jobs
