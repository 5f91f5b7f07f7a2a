"""The door of an imitated portal without HTTP: a real client whose requests are answered by the portal at once.

Everything of the client is real but the exchange of bytes (see `server` for that): paths, pages, dialects, keys,
errors, repeated requests, the portal's clock. A request takes a hundredth of the time, so that stories of days can be
played.
"""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from airflow_provider_harvest.portal.client import HarvestClient
from airflow_provider_harvest.portal.http.address import API_PATH
from airflow_provider_harvest.portal.http.dialect import Dialect
from airflow_provider_harvest.portal.http.retry import RetryPolicy
from airflow_provider_harvest.portal.http.transport import _Reply
from tests.support.fake_portal.response_json import as_bytes
from tests.support.fake_portal.state import KEY, Response, request_name

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.http.transport import _Request
    from tests.support.fake_portal.state import PortalState

SITE = "https://portal.example"


def dialect_of(generation: str) -> Dialect:
    """Return what a client has learned of a portal whose responses showed it everything."""
    return Dialect(
        slash=generation != "A",
        embeds_items=generation in "AB",
        filters_by_owner=generation in "AB",
        searches=generation != "A",
    )


class DirectClient(HarvestClient):
    """A client of `state`, which knows the portal's release and repeats no request unless `options` say otherwise.

    ``requests`` lists what was requested by the names of `portal_state.ROUTES`, whatever the response was; ``times``
    when, by the client's clock.
    """

    def __init__(self, state: PortalState, key: str | None = KEY, **options: Any) -> None:
        defaults = {"dialect": dialect_of(state.generation), "retry": RetryPolicy(attempts=1)}
        super().__init__(SITE, key, **{**defaults, **options})
        self.state = state
        self.requests: list[str] = []
        self.times: list[float] = []
        self._transport._send = self._exchange  # type: ignore[method-assign]

    @property
    def has_key(self) -> bool:
        """Whether the client has the key."""
        return self._transport.has_key

    @has_key.setter
    def has_key(self, has_key: bool) -> None:
        self._transport._api_key = KEY if has_key else None

    def count(self, name: str) -> int:
        """Return how many requests of a name were sent."""
        return self.requests.count(name)

    def times_of(self, name: str) -> list[float]:
        """Return when requests of a name were sent."""
        return [at for at, sent in zip(self.times, self.requests, strict=True) if sent == name]

    def note(self, name: str) -> None:
        """Add a request to the list of those that were sent."""
        self.requests.append(name)
        self.times.append(self.clock.now())

    def answer(
        self, name: str, method: str, path: str, query: dict[str, str], body: Any, key: str | None, /
    ) -> Response:
        """Let the portal answer a request; tests that spoil answers begin here."""
        return self.state.answer(method, path, query, body, key)

    def _exchange(self, request: _Request) -> _Reply:
        path, name = _requested(self.state.generation, request.method, request.url)
        query = {name: str(value) for name, value in request.query.items() if value is not None}
        self.note(name)
        response = self.answer(name, request.method, path, query, _body(request), request.headers.get("X-API-KEY"))
        self._transport._portal_clock.says(self.state.now(), self.clock.now())
        return _Reply(response.status, response.headers, as_bytes(response.body))


@functools.lru_cache(maxsize=2048)
def _requested(generation: str, method: str, url: str) -> tuple[str, str]:
    """Return the path below the API's root and the name of a request."""
    path = unquote(url.partition(API_PATH)[2])
    return path, request_name(generation, method, path)


def _body(request: _Request) -> Any:
    if request.data is None:
        return None
    try:
        return json.loads(request.data)
    except ValueError:
        return request.data.decode()  # a cron comes as plain text
