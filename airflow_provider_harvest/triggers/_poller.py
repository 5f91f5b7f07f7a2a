"""One poll loop per portal and event loop, shared by all triggers that look at that portal; used by triggers only.

A watch (:class:`Watch`) decides, the poller sends: one request for the list of all sources for every 500 of them, or a
look of its own where fewer are due; and looks of its own for the watches that the list does not answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from typing import TYPE_CHECKING, Protocol
from weakref import WeakKeyDictionary

from airflow_provider_harvest.exceptions import HarvestError, HarvestNotFound
from airflow_provider_harvest.portal.waiting.job_wait import MAX_PAUSE, MAX_RETRY_AFTER, PASSING
from airflow_provider_harvest.portal.waiting.source_list import Listing
from airflow_provider_harvest.triggers._threads import beside_the_loop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Hashable

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.waiting.plan import Poll
    from airflow_provider_harvest.portal.waiting.source_list import Listed

#: Looks of single watches at one time: with the list, a portal sees four connections at most.
LOOKS = 3
#: Of the shortest interval, the share that single looks may take before the list is read again.
_LOOKING_SHARE = 0.5
#: Seconds between two rounds, at least, whatever a watch asks for.
_SHORTEST_PAUSE = 1.0


#: Watches that are told news before the event loop has its turn again: each takes about 0.1 ms to wake up.
_TOLD_AT_ONCE = 50


class Watch(Protocol):
    """Somebody who wants to know of something on a portal; blocking, called by one thread at a time."""

    @property
    def source_id(self) -> str | None:
        """The one source that it is about, None for all."""

    @property
    def needs_list(self) -> bool:
        """Whether a look of its own takes the list."""

    @property
    def needs_owners(self) -> bool:
        """Whether the list must tell names and organizations."""

    @property
    def interval(self) -> float:
        """Seconds between two looks."""

    def wants_counters(self) -> bool:
        """Whether the list should count items this time."""

    def consider(self, sources: dict[str, Listed]) -> Poll | None:
        """Say how it stands by the list, None where a look of its own is needed."""

    def poll(self) -> Poll:
        """Look."""

    def fail(self, error: HarvestError) -> Poll:
        """Take a failed reading of the list into account."""

    def pass_time(self) -> Poll:
        """Say how it stands without looking."""


class Seat:
    """The place of a watch at a poller: where its news arrive. What is no news is not told.

    :param watch: whose place it is.
    :param due: when it wants to be looked after, by the event loop's clock.
    """

    __slots__ = ("_news", "_waiter", "due", "watch")

    def __init__(self, watch: Watch, due: float) -> None:
        self.watch = watch
        self.due = due
        self._news: list[Poll | Exception] = []
        self._waiter: asyncio.Future[None] | None = None

    async def news(self) -> Poll:
        """Wait for the next news.

        :raises Exception: what looking came to, where waiting does not mend it.
        """
        while not self._news:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        news = self._news.pop(0)
        if isinstance(news, Exception):
            raise news
        return news

    def tell(self, news: Poll | Exception) -> None:
        """Pass news on."""
        self._news.append(news)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


# Keyed by event loop: `dag.test()` makes a new one for each trigger.
_pollers: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, PortalPoller]] = WeakKeyDictionary()


@contextlib.asynccontextmanager
async def watching(
    portal: Hashable, site: str, connect: Callable[[], HarvestClient], watch: Callable[[HarvestClient], Watch]
) -> AsyncIterator[Seat]:
    """Take a seat at the portal's poller, which the first one opens and the last one out closes.

    :param portal: what tells portals apart, and the ways to reach them.
    :param site: the portal's site, for the names of threads.
    :param connect: makes the client, on a thread; called for the first watch only.
    :param watch: makes the watch from the client.
    :raises Exception: what making either of them raises.
    """
    pollers = _pollers.setdefault(asyncio.get_running_loop(), {})
    poller = pollers.get(portal)
    if poller is None or poller.is_closed:
        poller = pollers[portal] = PortalPoller(site, connect)
    poller.guests += 1
    seat = None
    try:
        # Shielded: one who leaves must not cancel what the others wait for.
        seat = poller.seat(watch(await asyncio.shield(poller.client)))
        yield seat
    finally:
        poller.guests -= 1
        await poller.leave(seat)
        if poller.is_closed and pollers.get(portal) is poller:
            del pollers[portal]


class PortalPoller:
    """The poll loop of one portal.

    :param site: the portal's site.
    :param connect: makes the client.
    """

    def __init__(self, site: str, connect: Callable[[], HarvestClient]) -> None:
        self._site = site
        self._connect = connect
        self._loop = asyncio.get_running_loop()
        self._seats: dict[Seat, None] = {}
        self._round_began: float | None = None
        self._wakes_at = 0.0
        self._not_before = 0.0
        self._list_failures = 0
        self._woken = asyncio.Event()
        self.client: asyncio.Future[HarvestClient] = self._loop.create_future()
        self.guests = 0
        #: Whether nobody may come in any more.
        self.is_closed = False
        # In a context of its own: in that of the first trigger, all lines of the loop would go to that one's log.
        self._task = contextvars.Context().run(self._loop.create_task, self._run())

    def seat(self, watch: Watch) -> Seat:
        """Give a watch its place, in time with those that are there."""
        now = self._loop.time()
        due = now if self._round_began is None else max(now, self._round_began + watch.interval)
        seat = Seat(watch, due)
        self._seats[seat] = None
        if due < self._wakes_at:
            self._woken.set()
        return seat

    async def leave(self, seat: Seat | None) -> None:
        """Take a place away; the last one out ends the loop."""
        if seat is not None:
            self._seats.pop(seat, None)
        if self.guests == 0:
            self.is_closed = True
            self._task.cancel()
            await asyncio.wait([self._task])

    # --- the loop --------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        try:
            client = await beside_the_loop(self._site, self._connect)
        except Exception as error:
            self.is_closed = True
            self.client.set_exception(error)
            self.client.exception()  # taken note of, should nobody wait for it any more
            return
        self.client.set_result(client)
        self._listing = Listing(client)
        try:
            while True:
                await self._until_due()
                await self._round(client)
        except Exception as error:  # nobody may wait for ever, whatever went wrong here
            self.is_closed = True
            for seat in self._seats:
                seat.tell(error)
        finally:
            client.close()

    async def _until_due(self) -> None:
        """Sleep until somebody is due; while the portal wants no requests, let time pass for those that are."""
        while True:
            now = self._loop.time()
            due = min((seat.due for seat in self._seats), default=float("inf"))
            if due <= now and now >= self._not_before:
                return
            if due <= now:
                self._pass_time(now)
                continue
            self._wakes_at = due
            self._woken.clear()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._woken.wait(), None if due == float("inf") else due - now)

    def _pass_time(self, now: float) -> None:
        for seat in [seat for seat in self._seats if seat.due <= now]:
            poll = seat.watch.pass_time()
            seat.due = min(max(self._not_before, now), now + max(_SHORTEST_PAUSE, poll.pause))
            seat.due = max(seat.due, now + 1e-3)
            if poll.is_news:
                seat.tell(poll)

    async def _round(self, client: HarvestClient) -> None:
        began = self._round_began = self._loop.time()
        due = [seat for seat in self._seats if seat.due <= began]
        if len(due) > self._listing.pages or any(seat.watch.needs_list for seat in due):
            due = await self._read_list(list(self._seats), began)
        if not due:
            return
        limit = began + _LOOKING_SHARE * min(seat.watch.interval for seat in due)
        gate = asyncio.Semaphore(LOOKS)
        await asyncio.gather(*(self._look(seat, gate, began, limit) for seat in due))

    async def _read_list(self, seats: list[Seat], began: float) -> list[Seat]:
        """Read the list for all; return those that it does not answer."""

        def consider() -> tuple[list[Seat], list[tuple[Seat, Poll]]]:
            watches = [seat.watch for seat in seats]
            watched = {watch.source_id for watch in watches}
            self._listing.read(
                None if None in watched else {ident for ident in watched if ident is not None},
                counters=any(watch.wants_counters() for watch in watches),
                owners=any(watch.needs_owners for watch in watches),
            )
            unanswered, news = [], []
            for seat in seats:
                poll = seat.watch.consider(self._listing.sources)
                if poll is None:
                    unanswered.append(seat)
                    continue
                seat.due = began + max(_SHORTEST_PAUSE, poll.pause)
                if poll.is_news:
                    news.append((seat, poll))
            return unanswered, news

        try:
            unanswered, news = await beside_the_loop(self._site, consider)
        except (*PASSING, HarvestNotFound) as error:
            self._list_failed(seats, error, began)
            return []
        except HarvestError as error:  # the portal refuses to be read: nobody need wait for that
            for seat in seats:
                seat.tell(error)
                seat.due = float("inf")
            return []
        self._list_failures = 0
        for number, (seat, poll) in enumerate(news, start=1):
            seat.tell(poll)
            if number % _TOLD_AT_ONCE == 0:
                await asyncio.sleep(0)  # these wake up first, and whoever else wants the event loop
        return unanswered

    def _list_failed(self, seats: list[Seat], error: HarvestError, began: float) -> None:
        """Tell everybody, and slow down for all: each watch has a budget of failures of its own."""
        self._list_failures += 1
        shortest = min(seat.watch.interval for seat in seats)
        grown = min(MAX_PAUSE, shortest * 2.0 ** min(self._list_failures - 1, 30))
        told = min(MAX_RETRY_AFTER, getattr(error, "retry_after", None) or 0.0)
        self._not_before = max(self._not_before, self._loop.time() + max(grown, told))
        for seat in seats:
            self._settle(seat, seat.watch.fail(error), began)

    async def _look(self, seat: Seat, gate: asyncio.Semaphore, began: float, limit: float) -> None:
        """Let a watch look by itself; where that takes too long for the round, in the next one."""
        async with gate:
            if self._loop.time() > limit or seat not in self._seats:
                seat.due = began + max(_SHORTEST_PAUSE, seat.watch.interval)
                return
            try:
                poll = await beside_the_loop(self._site, seat.watch.poll)
            except Exception as error:
                seat.tell(error)
                seat.due = float("inf")
                return
        if poll.back_off:
            self._not_before = max(self._not_before, self._loop.time() + poll.back_off)
        self._settle(seat, poll, began)

    def _settle(self, seat: Seat, poll: Poll, began: float) -> None:
        seat.due = max(began + max(_SHORTEST_PAUSE, poll.pause), self._loop.time())
        if poll.is_news:
            seat.tell(poll)
