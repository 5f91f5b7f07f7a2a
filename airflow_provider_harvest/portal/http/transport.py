"""HTTP exchanges with one portal: session, timeouts, retries, redirects. Called by the client's modules only."""

from __future__ import annotations

import json
import logging
import re
import threading
from contextlib import nullcontext
from dataclasses import dataclass, replace
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import requests
from requests.exceptions import InvalidHeader, InvalidURL
from urllib3.exceptions import HTTPError

from airflow_provider_harvest import __version__
from airflow_provider_harvest.exceptions import (
    HarvestError,
    HarvestInvalidInput,
    HarvestProtocolError,
    HarvestRedirected,
    HarvestResponseLost,
)
from airflow_provider_harvest.portal.clock import Clock, PortalClock
from airflow_provider_harvest.portal.http.address import is_loopback
from airflow_provider_harvest.portal.http.errors import api_error, looks_like_html, parsed
from airflow_provider_harvest.portal.http.json_body import decoded
from airflow_provider_harvest.portal.http.lost_responses import UNKNOWN_FATE, loss
from airflow_provider_harvest.portal.http.places import ARGUMENTS, Places
from airflow_provider_harvest.portal.http.redirects import next_address
from airflow_provider_harvest.portal.http.retry import RetryPolicy, parse_http_date, parse_retry_after
from airflow_provider_harvest.portal.http.sockets import Exchange, WatchedAdapter
from airflow_provider_harvest.portal.text.untrusted import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from contextlib import AbstractContextManager

log = logging.getLogger(__name__)

_Parsed = TypeVar("_Parsed")

USER_AGENT = f"airflow-provider-harvest/{__version__}"
#: Most bytes read of a response. Up to 16.x a job contains all its items, about 450 bytes each.
MAX_BODY = 64 * 1024 * 1024
#: An exchange may take this many times its read timeout in all, even if data still arrives.
TOTAL_TIMEOUT_FACTOR = 3

_CHUNK = 64 * 1024
#: Digits of the age of a response, in seconds: what is longer is no age.
_AGE_DIGITS = 9
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MAX_REDIRECTS = 3
_KEY = re.compile(r"[\x21-\x7e]+")
#: Shorter keys are not udata keys (at least 80 characters), and might occur in a response by chance.
_RECOGNISABLE_KEY = 16


@dataclass(frozen=True)
class Answer:
    """A successful response.

    :param status: its HTTP status.
    :param body: the decoded JSON, None if there was none.
    :param request: method and URL of the request, for messages.
    """

    status: int
    body: Any
    request: str = "the request"

    def read(self, parse: Callable[[Any], _Parsed]) -> _Parsed:
        """Return the body as a function parses it.

        :raises HarvestProtocolError: if the body has another structure; names the request.
        """
        return parsed(parse, self.body, self.request)

    def unexpected(self, problem: str) -> HarvestProtocolError:
        """Return the error for a body of the wrong structure.

        :param problem: such as ``expected a list, got str``.
        """
        return HarvestProtocolError(f"Unexpected response to {self.request}: {problem}.")


class _Request(NamedTuple):
    """What is sent; its repr is safe to show."""

    method: str
    url: str
    query: dict[str, Any]
    data: bytes | None
    headers: dict[str, str]
    timeout: float
    keyed: bool

    def __repr__(self) -> str:
        return f"{self.method} {self.url}"


class _Reply(NamedTuple):
    """What came back. Not the library's own response: an error that holds that one keeps its connection open."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class Transport:
    """Sends requests to one portal, with one key. Usable from several threads.

    :param base: root of the API, without a slash at its end.
    :param api_key: sent as ``X-API-KEY``, only if a call asks for it and only to ``base``'s origin.
    :param timeout: seconds to wait for (more of) a response; a whole exchange may take three times as long.
    :param connect_timeout: seconds to wait for a connection, 5 by default.
    :param verify: whether certificates are checked (True by default), or the path of a CA bundle.
    :param retry: how often a request is repeated.
    :param clock: what delays are waited by.
    :param places: where site, key and CA bundle were set, for messages.
    :raises HarvestInvalidInput: for a key that no HTTP header can carry.
    """

    def __init__(
        self,
        base: str,
        api_key: str | None = None,
        *,
        timeout: float,
        connect_timeout: float = 5.0,
        verify: bool | str = True,
        retry: RetryPolicy | None = None,
        clock: Clock | None = None,
        places: Places = ARGUMENTS,
    ) -> None:
        if api_key and not _KEY.fullmatch(api_key):
            raise HarvestInvalidInput(
                "The API key has a blank, a line break or a character beyond ASCII in it, which no udata key has: "
                "copy it again, without anything around it."
            )
        self.base = base
        self.timeout = timeout
        self.connect_timeout = connect_timeout
        self.verify = verify
        self.retry = retry or RetryPolicy()
        self.clock = clock or Clock()
        self._api_key = api_key
        self._places = places
        self._portal_clock = PortalClock()
        self._opened: requests.Session | None = None
        self._opening = threading.Lock()
        self._sent, self._counting = 0, threading.Lock()

    def __repr__(self) -> str:
        return f"<Transport {self.base}>"

    @property
    def sent(self) -> int:
        """How many requests were sent, repeated and redirected ones included."""
        return self._sent

    @property
    def has_key(self) -> bool:
        """Whether there is a key to send."""
        return bool(self._api_key)

    def close(self) -> None:
        """Close the connections; idempotent."""
        if self._opened is not None:
            self._opened.close()

    @property
    def _session(self) -> requests.Session:
        with self._opening:  # made with the first request that is no POST
            self._opened = self._opened or _new_session(self.base)
            return self._opened

    def portal_now(self) -> float | None:
        """Return the portal's clock as seconds since the epoch, from the ``Date`` of its responses; None before the
        first."""
        return self._portal_clock.now(self.clock.now(), self.clock.monotonic())

    @property
    def clock_is_doubtful(self) -> bool:
        """Whether more responses are needed to trust the portal's clock."""
        return self._portal_clock.is_doubtful

    def saw_times(self, times: Iterable[float]) -> None:
        """Take times that the portal has written: its clock shows no less."""
        self._portal_clock.shows_at_least(times, self.clock.now())

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: object = None,
        text: str | None = None,
        fields: str | None = None,
        keyed: bool = False,
        timeout: float | None = None,
        attempts: int | None = None,
    ) -> Answer:
        """Send a request, repeat it if that is safe, and return its response.

        :param method: HTTP method.
        :param path: path below the API's root, in the exact slash form of the generation.
        :param params: query parameters; None values are left out.
        :param body: JSON body.
        :param text: body sent unchanged with the type JSON (as udata expects a cron).
        :param fields: ``X-Fields`` mask.
        :param keyed: whether the key goes along, if there is one.
        :param timeout: seconds to wait for the response; default: the transport's.
        :param attempts: how often it is sent at most; default: as the transport's retry policy says.
        :returns: the response, for a status below 300.
        :raises HarvestApiError: by status; :class:`HarvestConnectionError`, :class:`HarvestResponseLost`,
            :class:`HarvestRedirected`, :class:`HarvestProtocolError` as their names say.
        """
        headers: dict[str, str] = {}
        if fields:
            headers["X-Fields"] = fields
        if keyed and self._api_key:
            headers["X-API-KEY"] = self._api_key
        data = text.encode() if text is not None else json.dumps(body).encode() if body is not None else None
        if data is not None:
            headers["Content-Type"] = "application/json"
        query = dict(params or {})  # requests leaves None out
        request = _Request(method, f"{self.base}{path}", query, data, headers, timeout or self.timeout, keyed)
        retry = self.retry if attempts is None else replace(self.retry, attempts=attempts)
        attempt = 1
        while True:
            try:
                return self._follow(request)
            except HarvestError as error:
                delay = retry.delay(method, error, attempt)
                if delay is None:
                    raise
                log.warning("%s Trying again in %.1f s (%d of %d).", error.brief, delay, attempt + 1, retry.attempts)
            self.clock.sleep(delay)
            attempt += 1

    def _follow(self, request: _Request) -> Answer:
        step = request
        for _ in range(_MAX_REDIRECTS + 1):
            with self._counting:
                self._sent += 1
            reply = self._send(step)
            if reply.status not in _REDIRECTS:
                return self._read(step, reply)
            where = next_address(
                self.base, step.method, step.url, reply.status, reply.headers.get("Location"), self._places
            )
            step = request._replace(url=where, query={})
        raise HarvestRedirected(f"{request} was redirected more than {_MAX_REDIRECTS} times; given up.")

    # --- sending ---------------------------------------------------------------------------------------------

    def _send(self, request: _Request) -> _Reply:
        limit = self.connect_timeout + TOTAL_TIMEOUT_FACTOR * request.timeout
        exchange = Exchange(limit)
        failure: HarvestError
        try:
            with exchange, self._session_for(request.method) as session:
                response = session.request(
                    request.method,
                    request.url,
                    params=request.query,
                    data=request.data,
                    headers=request.headers,
                    timeout=(self.connect_timeout, request.timeout),
                    verify=self.verify,
                    allow_redirects=False,
                    stream=True,
                )
                with response:
                    content = self._content(request, response)
                if not exchange.was_cut:
                    _refuse_short_body(request, response)
                    self._learn_date(response)
                    return _Reply(response.status_code, response.headers, content)
                failure = loss(request, None, exchange, self.connect_timeout, request.timeout, limit, self._places)
        except (InvalidURL, InvalidHeader, UnicodeError):
            failure = HarvestInvalidInput(
                f"{request} cannot be sent: its address, that of a proxy in the environment, or the list of fields "
                "has characters that HTTP forbids."
            )
        except (OSError, HTTPError, ValueError) as error:
            failure = loss(request, error, exchange, self.connect_timeout, request.timeout, limit, self._places)
        # Raised out here so that it does not hold the library's own exception, which holds the request and so the key.
        raise failure

    def _session_for(self, method: str) -> AbstractContextManager[requests.Session]:
        """Give a POST a connection of its own: on a kept one that the portal is just closing, it may get lost."""
        return _new_session(self.base) if method == "POST" else nullcontext(self._session)

    def _content(self, request: _Request, response: requests.Response) -> bytes:
        """Return the body without the key: ``/me/`` returns it up to 15.4.1, and debugging proxies repeat headers."""
        content = bytearray()
        for part in response.iter_content(_CHUNK):
            content += part
            if len(content) > MAX_BODY:
                raise HarvestProtocolError(
                    f"The response to {request} has more than {MAX_BODY // 2**20} MiB (status {response.status_code}); "
                    f"the rest was not read. {UNKNOWN_FATE if request.method != 'GET' else ''}".rstrip()
                )
        if self._api_key and len(self._api_key) >= _RECOGNISABLE_KEY:
            return bytes(content).replace(self._api_key.encode(), b"***")
        return bytes(content)

    def _learn_date(self, response: requests.Response) -> None:
        date = parse_http_date(response.headers.get("Date"))
        if date is not None:
            age = response.headers.get("Age", "")  # how long a cache has kept the response
            date += int(age) if age.isascii() and age.isdigit() and len(age) <= _AGE_DIGITS else 0
            self._portal_clock.says(date, self.clock.now(), self.clock.monotonic())

    # --- reading ---------------------------------------------------------------------------------------------

    def _read(self, request: _Request, reply: _Reply) -> Answer:
        status, content = reply.status, reply.content
        body, is_json = decoded(content)
        if status >= 400:
            portal_now = self.portal_now()  # a date is the portal's: its own ``Date`` was read a moment before
            now = self.clock.now() if portal_now is None else portal_now
            told = parse_retry_after(reply.headers.get("Retry-After"), now)
            payload = body if is_json else plain(content.decode("utf-8", "replace"))
            raise api_error(
                request.method, request.url, status, payload, is_json, told,
                keyed=request.keyed, has_key=self.has_key, places=self._places,
            )  # fmt: skip
        if not 200 <= status < 300:
            raise HarvestProtocolError(f"{request} responded with the status {status}, which udata does not use.")
        if not is_json and looks_like_html(content):
            raise HarvestProtocolError(
                f"{request} returned a web page, not JSON (status {status}). "
                f"Check that {self._places.site} is the site of a udata portal, without a login page in front of it."
            )
        if not is_json:
            shown = plain(content.decode("utf-8", "replace"), 60)
            raise HarvestResponseLost(
                f"The response to {request} (status {status}) is garbled: {shown!r}. {UNKNOWN_FATE}"
            )
        return Answer(status, body, repr(request))


def _new_session(base: str) -> requests.Session:
    session = requests.Session()
    # What this machine serves over plain http is fetched directly: a proxy would see the key, and has another loopback.
    session.trust_env = not (base.startswith("http://") and is_loopback(base))
    adapter = WatchedAdapter(base)
    for prefix in ("https://", "http://"):
        session.mount(prefix, adapter)
    session.headers.update({"User-Agent": USER_AGENT, "Accept": "application/json"})
    # A session cookie beats the key in every udata release: with one, a second key would act as the first user.
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    # Without this, requests would take an Authorization header out of a ~/.netrc.
    session.auth = _no_auth
    return session


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _refuse_short_body(request: _Request, response: requests.Response) -> None:
    """urllib3 1.26 does not notice a body that is shorter than announced."""
    announced = response.headers.get("Content-Length", "")
    received = response.raw.tell()
    if announced.isascii() and announced.isdigit() and received < int(announced):
        raise HarvestResponseLost(
            f"The response to {request} (status {response.status_code}) broke off after {received} of {announced} "
            f"bytes. {UNKNOWN_FATE}"
        )
