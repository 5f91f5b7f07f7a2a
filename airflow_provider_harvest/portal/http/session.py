"""What every request to a portal has in common: its transport, its dialect, its paths; base of the client.

Used through :class:`airflow_provider_harvest.portal.client.HarvestClient` only.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from airflow_provider_harvest.exceptions import (
    HarvestError,
    HarvestInvalidInput,
    HarvestNotFound,
    HarvestServerError,
)
from airflow_provider_harvest.portal.clock import Clock
from airflow_provider_harvest.portal.http.address import API_PATH, refuse_key_in_clear, site_url
from airflow_provider_harvest.portal.http.dialect import Dialect, is_from_endpoint, is_no_route
from airflow_provider_harvest.portal.http.paging import is_beyond_last, iter_pages
from airflow_provider_harvest.portal.http.probe import find_generation
from airflow_provider_harvest.portal.http.unreadable_entries import UnreadableEntry, WholeReader, unreadable_sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_provider_harvest.portal.http.places import Places
    from airflow_provider_harvest.portal.http.probe import Generation
    from airflow_provider_harvest.portal.http.retry import RetryPolicy
    from airflow_provider_harvest.portal.http.transport import Answer

log = logging.getLogger(__name__)
_Read = TypeVar("_Read")

#: Seconds allowed for preview, run, validate and create: a preview fetches the remote catalogue meanwhile.
LONG_TIMEOUT = 300.0
#: Responses that are requested to settle a clock, in addition to the one that made it doubtful.
_MORE_ANSWERS = 2


class PortalSession:
    """Sends the requests of :class:`~airflow_provider_harvest.portal.client.HarvestClient`, with its arguments."""

    def __init__(
        self,
        site: str,
        api_key: str | None,
        *,
        timeout: float,
        connect_timeout: float,
        verify: bool | str,
        retry: RetryPolicy | None,
        clock: Clock | None,
        dialect: Dialect | None,
        places: Places,
    ) -> None:
        from airflow_provider_harvest.portal.http.transport import (
            Transport,  # brings requests, which DAG parsing must not
        )

        self.site = site_url(site, places=places)
        refuse_key_in_clear(self.site, api_key)
        self.clock = clock or Clock()
        #: What responses have shown about the portal's release; a wrong value is corrected by the next response.
        self.dialect = dialect or Dialect()
        self._transport = Transport(
            f"{self.site}{API_PATH}",
            api_key,
            timeout=timeout,
            connect_timeout=connect_timeout,
            verify=verify,
            retry=retry,
            clock=self.clock,
            places=places,
        )
        #: Sources of the settings of this client, for messages.
        self.places = places
        self._long_timeout = max(LONG_TIMEOUT, timeout)

    def close(self) -> None:
        """Close the connections to the portal; idempotent."""
        self._transport.close()

    @property
    def sent(self) -> int:
        """How many requests this client has sent, repeated and redirected ones included."""
        return self._transport.sent

    @property
    def has_key(self) -> bool:
        """Whether there is an API key to send."""
        return self._transport.has_key

    def find_generation(self) -> Generation:
        """Return the portal's generation, found out with two requests of its own; only people need it.

        :raises HarvestProtocolError: if there is no udata portal.
        """
        return find_generation(self._get, self.site, self.places)

    def learn(self, dialect: object) -> None:
        """Take what an earlier client of this portal has learned, ``dialect.to_dict()``; else nothing is known."""
        self.dialect = Dialect.from_dict(dialect)

    def ends_in_slash(self) -> bool:
        """Return whether the portal is of 10.8.2 or newer, where a source's paths end in a slash.

        One request is sent if no response has shown it yet.
        """
        if self.dialect.slash is None:
            self._call("GET", "/harvest/backends", fields="id")
        return self.dialect.slash is not False

    def portal_now(self) -> float:
        """Return the portal's clock as seconds since the epoch, from the ``Date`` of its last three responses.

        Before the first response, or if a proxy removes the header, this machine's clock is returned.
        """
        told = self._transport.portal_now()
        return self.clock.now() if told is None else told

    def settle_clock(self) -> None:
        """Read on until the portal's clock can be believed; nothing is sent if it agrees with this machine's.

        One of several front servers of a portal may have a wrong clock: a single response could shift all times.
        """
        for _ in range(_MORE_ANSWERS):
            if not self._transport.clock_is_doubtful:
                return
            with suppress(HarvestError):  # the wait itself finds out that the portal is down
                self._get("/harvest/sources/", {"page": 1, "page_size": 1}, fields="total")

    # --- requests --------------------------------------------------------------------------------------------

    def _source_route(self, source_id: str, action: str | None = None) -> str:
        return f"/harvest/source/{segment(source_id)}" + (f"/{action}" if action else "")

    def _call(self, method: str, route: str, **kwargs: Any) -> Answer:
        """Send a request to a route whose path ends in a slash from 10.8.2 on, and in none before.

        The form that the portal is known to take is sent, else the new one. The other one follows if the response
        says that there is no such path, so that nothing was carried out: 404 or 405, or a redirect (not followed).
        """
        forms = (True, False) if self.dialect.slash is not False else (False, True)
        missing: HarvestError | None = None
        for slash in forms:
            try:
                answer = self._transport.call(method, f"{route}/" if slash else route, **kwargs)
            except HarvestError as error:
                if not is_no_route(error):
                    if is_from_endpoint(error):
                        self.dialect.slash = slash
                    raise
                missing = missing or error
            else:
                self.dialect.slash = slash
                return answer
        assert missing is not None  # noqa: S101 - for the type checker: both forms were refused
        raise missing

    def _get(self, path: str, params: dict[str, Any] | None = None, **kwargs: Any) -> Answer:
        return self._transport.call("GET", path, params=params, **kwargs)

    def _write(self, method: str, route: str, body: object = None, *, text: str | None = None, **kwargs: Any) -> Answer:
        return self._call(method, route, body=body, text=text, keyed=True, **{"timeout": self._long_timeout, **kwargs})

    def _unless_unknown(self, read: Callable[[], _Read], may_be_unknown: Callable[[], bool], message: str) -> _Read:
        """Return what was read; a 500, the response of old releases to an unknown id, is a 404 if all else shows that.

        A single 500 is no proof: one of several servers of a portal may be broken. So the same is read again after
        the portal has returned something else.

        :param read: reads it.
        :param may_be_unknown: whether the portal works, and shows no sign of it; asked after a 500.
        :param message: of the error for an unknown id.
        """
        try:
            return read()
        except HarvestServerError as error:
            if error.status_code != 500 or not may_be_unknown():
                raise
        try:
            return read()
        except HarvestServerError as error:
            if error.status_code != 500:
                raise
            raise HarvestNotFound(
                message, status_code=error.status_code, method=error.method, url=error.url, payload=error.payload
            ) from error

    def _pages(
        self,
        path: str,
        params: dict[str, Any],
        fields: str | None,
        page_size: int,
        *,
        keyed: bool = False,
        on_unreadable: Callable[[UnreadableEntry], object] | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Yield the entries of all pages, by number: ``next_page`` may name a host that only the server knows.

        :param on_unreadable: called with each entry that the portal cannot return; default: it is logged.
        """

        def fetch(page: int, size: int, mask: str | None) -> tuple[list[dict[str, Any]], int | None] | None:
            asked = {**params, "page": page, "page_size": size}
            try:
                answer = self._get(path, asked, fields=mask or fields, keyed=keyed)
            except HarvestNotFound as error:
                if is_beyond_last(error, page):
                    return None
                raise
            return entries_of(answer), total_of(answer)

        reader = WholeReader(fetch)
        for entry in iter_pages(lambda page: reader.read(page, page_size), page_size):
            if not isinstance(entry, UnreadableEntry):
                yield entry
            elif on_unreadable is not None:
                on_unreadable(entry)
            else:
                log.warning("%s Everything else is read.", unreadable_sentence(entry, path))


def segment(ident: str) -> str:
    """Return an id as a path segment; an empty one would address the list instead."""
    text = str(ident or "").strip()
    if not text or text in (".", ".."):
        raise HarvestInvalidInput("The id must not be empty: give the id of a source, job or organization.")
    return quote(text, safe="")


def entries_of(answer: Answer) -> list[dict[str, Any]]:
    """Return the entries of a page."""
    entries = answer.body.get("data") if isinstance(answer.body, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise answer.unexpected(f"expected a page of a list, got {type(answer.body).__name__}")
    return entries


def total_of(answer: Answer) -> int | None:
    """Return how many entries the list has of which a page was read, None if the portal does not say."""
    total = answer.body.get("total") if isinstance(answer.body, dict) else None
    return total if isinstance(total, int) else None
