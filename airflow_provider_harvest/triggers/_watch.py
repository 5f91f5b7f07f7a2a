"""The interface between the poller of a portal and its watches: a watch, and its seat at the poller."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from airflow_provider_harvest.exceptions import HarvestError
    from airflow_provider_harvest.portal.waiting.shared_source_list import Listed
    from airflow_provider_harvest.portal.waiting.wait_plan import Poll


class Watch(Protocol):
    """A wait for something on a portal; blocking, called by one thread at a time."""

    @property
    def source_id(self) -> str | None:
        """The one source that it is about, None for all."""

    @property
    def needs_list(self) -> bool:
        """Whether only the list can show its state now."""

    @property
    def gains_by_list(self) -> bool:
        """Whether the list may show its state now, instead of its own poll."""

    @property
    def needs_owners(self) -> bool:
        """Whether the list must say names and organizations."""

    @property
    def interval(self) -> float:
        """Seconds between two polls."""

    def wants_counters(self) -> bool:
        """Whether the list should count items this time."""

    def consider(self, sources: dict[str, Listed], asked_at: float) -> Poll | None:
        """Return the state by the list, requested at a time by the portal's clock; None if it needs its own poll."""

    def poll(self) -> Poll:
        """Poll once."""

    def fail(self, error: HarvestError) -> Poll:
        """Take a failed reading of the list into account."""

    def pass_time(self) -> Poll:
        """Return the state without a request."""


class Seat:
    """The registration of a watch at the poller, which receives its news. Only changes are passed on.

    :param watch: the watch.
    :param due: when it is to be polled, by the event loop's clock.
    :param per_hour: requests an hour that its connection allows; None sets no limit.
    """

    __slots__ = ("_news", "_waiter", "due", "looked_at", "per_hour", "watch")

    def __init__(self, watch: Watch, due: float, per_hour: float | None = None) -> None:
        self.watch = watch
        self.due = due
        self.per_hour = per_hour
        self.looked_at = 0.0
        self._news: list[Poll | Exception] = []
        self._waiter: asyncio.Future[None] | None = None

    async def news(self, until: float | None = None) -> Poll | None:
        """Wait for the next news.

        :param until: when to give up, by the event loop's clock; None waits forever.
        :returns: the news, None if there was none until then.
        :raises Exception: the error of a poll, if waiting does not help.
        """
        loop = asyncio.get_running_loop()
        while not self._news:
            if until is not None and loop.time() + 1e-6 >= until:
                return None
            waiter = self._waiter = loop.create_future()
            timer = None if until is None else loop.call_at(until, _wake, waiter)
            try:
                await waiter
            finally:
                self._waiter = None
                if timer is not None:
                    timer.cancel()
        news = self._news.pop(0)
        if isinstance(news, Exception):
            raise news
        return news

    def tell(self, news: Poll | Exception) -> None:
        """Pass news on."""
        self._news.append(news)
        if self._waiter is not None:
            _wake(self._waiter)


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
