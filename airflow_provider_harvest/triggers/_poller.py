"""One poll loop per portal and event loop, shared by all triggers that poll that portal; used by triggers only.

A watch (:mod:`_watch`) decides, the poller sends: one request for the list of all sources for every 500 of them, or
separate polls if fewer are due; and separate polls for the watches whose state the list does not show.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from dataclasses import replace
from typing import TYPE_CHECKING, cast
from weakref import WeakKeyDictionary

from airflow_provider_harvest.exceptions import HarvestError
from airflow_provider_harvest.portal.http.temporary_errors import Doubts, concerns_all
from airflow_provider_harvest.portal.waiting.backoff import pause_after
from airflow_provider_harvest.portal.waiting.request_budget import Budget
from airflow_provider_harvest.portal.waiting.shared_reads import SharedReads
from airflow_provider_harvest.portal.waiting.shared_source_list import Listing
from airflow_provider_harvest.triggers._threads import beside_the_loop
from airflow_provider_harvest.triggers._watch import Seat

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Hashable

    from airflow_provider_harvest.hooks._connection_settings import ConnectionSettings
    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.waiting.wait_plan import Poll
    from airflow_provider_harvest.triggers._watch import Watch

#: Share of the shortest interval that single polls may take before the list is read again.
_LOOKING_SHARE = 0.5
#: Fewest seconds between two rounds, whatever a watch requests.
_SHORTEST_PAUSE = 1.0
#: Seconds by which the list may be read early, so that watches due at the same moment are served by it.
_EARLY = 1.0
#: Failed reads of the list in a row after which a single poll finds out whether only the list fails.
_LIST_DOUBTED = 2
#: Watches that then poll by themselves until the portal responds to one.
_ASKED_WITHOUT_LIST = 3
#: Seconds by which the event loop may wake up early: its clock has a resolution, and so have floats.
_RESOLUTION = 1e-6
#: Watches that are woken before the event loop has its turn again: each takes about 0.1 ms.
_TOLD_AT_ONCE = 50


# Keyed by event loop: `dag.test()` makes a new one for each trigger.
_pollers: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, PortalPoller]] = WeakKeyDictionary()


@contextlib.asynccontextmanager
async def watching(
    settings: ConnectionSettings, connect: Callable[[], HarvestClient], watch: Callable[[HarvestClient], Watch]
) -> AsyncIterator[Seat]:
    """Take a seat at the portal's poller, which the first one opens and the last one to leave closes.

    A portal is the same by its address and how it is reached; what else connections differ in, such as timeouts and
    pages for people, makes no second poller.

    :param settings: of the connection.
    :param connect: makes the client, on a thread; called for the first watch only.
    :param watch: makes the watch from the client, which all watches share.
    :raises Exception: what making either of them raises.
    """
    pollers = _pollers.setdefault(asyncio.get_running_loop(), {})
    portal = (settings.site, settings.verify)
    poller = pollers.get(portal)
    if poller is None or poller.is_closed:
        poller = pollers[portal] = PortalPoller(settings.site, connect)
    poller.guests += 1
    seat = None
    try:
        # Shielded: a watch that leaves must not cancel what the others wait for.
        reads = (await asyncio.shield(poller.reads)).with_job_page(settings.job_page or settings.source_page)
        seat = poller.seat(watch(cast("HarvestClient", reads)), settings.poller_requests_per_hour)
        yield seat
    finally:
        poller.guests -= 1
        await poller.leave(seat)
        if poller.is_closed and pollers.get(portal) is poller:
            del pollers[portal]


def shared(settings: ConnectionSettings) -> ConnectionSettings:
    """Return what a client that all watches of a portal share is made from: without pages, which each has its own."""
    return replace(settings, source_page=None, job_page=None)


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
        self._budget = Budget(self._loop.time())
        self._sent = 0
        self._list_read: float | None = None
        self._list_not_before = 0.0
        self._list_failures = 0
        self._list_doubts = Doubts()
        self._woken = asyncio.Event()
        self.reads: asyncio.Future[SharedReads] = self._loop.create_future()
        self.guests = 0
        #: Whether no more watches are accepted.
        self.is_closed = False
        # In a context of its own: in that of the first trigger, all lines of the loop would go to that one's log.
        self._task = contextvars.Context().run(self._loop.create_task, self._run())

    def seat(self, watch: Watch, per_hour: float | None = None) -> Seat:
        """Give a watch its place, in time with those that are there."""
        now = self._loop.time()
        due = now if self._round_began is None else max(now, self._round_began + watch.interval)
        seat = Seat(watch, due, per_hour)
        self._seats[seat] = None
        self._set_budget()
        if due < self._wakes_at:
            self._woken.set()
        return seat

    async def leave(self, seat: Seat | None) -> None:
        """Remove a watch; the last one to leave ends the loop."""
        if seat is not None:
            self._seats.pop(seat, None)
            self._set_budget()
        if self.guests == 0:
            self.is_closed = True
            self._task.cancel()
            await asyncio.wait([self._task])

    def _set_budget(self) -> None:
        """Keep to the smallest of the allowances that the connections name."""
        self._budget.allow(min((seat.per_hour for seat in self._seats if seat.per_hour is not None), default=None))

    # --- the loop --------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        try:
            client = await beside_the_loop(self._site, self._connect)
        except Exception as error:
            self.is_closed = True
            self.reads.set_exception(error)
            self.reads.exception()  # retrieved, in case no task waits for it any more
            return
        self._reads = SharedReads(client)
        self.reads.set_result(self._reads)
        self._listing = Listing(client)
        try:
            while True:
                await self._until_due()
                await self._round()
        except Exception as error:  # no watch may wait forever, whatever went wrong here
            self.is_closed = True
            for seat in self._seats:
                seat.tell(error)
        finally:
            client.close()

    async def _until_due(self) -> None:
        """Sleep until a watch is due; while no requests may be sent, let time pass for the due ones."""
        while True:
            now = self._loop.time() + _RESOLUTION
            due = min((seat.due for seat in self._seats), default=float("inf"))
            if due <= now:
                allowed = max(self._not_before, now + self._budget.wait(now))
                if now >= allowed:
                    return
                self._pass_time(now, allowed)
                continue
            self._wakes_at = due
            self._woken.clear()
            # Not asyncio.wait_for, which may swallow a cancellation before Python 3.12.
            timer = None if due == float("inf") else self._loop.call_at(due, self._woken.set)
            try:
                await self._woken.wait()
            finally:
                if timer is not None:
                    timer.cancel()

    def _pass_time(self, now: float, allowed: float) -> None:
        for seat in [seat for seat in self._seats if seat.due <= now]:
            poll = seat.watch.pass_time()
            seat.due = min(allowed, now + max(_SHORTEST_PAUSE, poll.pause))
            seat.due = max(seat.due, now + 1e-3)
            if poll.is_news:
                seat.tell(poll)

    async def _round(self) -> None:
        began = self._round_began = self._loop.time()
        self._reads.begin_round()
        due = [seat for seat in self._seats if seat.due <= began + _RESOLUTION]
        if self._wants_list(due, began):
            due = await self._read_list(list(self._seats), began)
        for seat in [seat for seat in due if seat.watch.needs_list]:
            seat.due = max(self._list_due(), began + _SHORTEST_PAUSE)
        # Those that have waited longest come first, in case time is short.
        due = sorted((seat for seat in due if not seat.watch.needs_list), key=lambda seat: seat.looked_at)
        await asyncio.gather(*(self._look(seat, began, due) for seat in due))
        sent, self._sent = self._sent, self._reads.sent
        self._budget.spend(self._sent - sent, self._loop.time())

    # --- the list --------------------------------------------------------------------------------------------

    def _list_due(self) -> float:
        """Return when the list may be read again for watches whose state only it shows."""
        if self._list_read is None:
            return self._list_not_before
        shortest = min((seat.watch.interval for seat in self._seats), default=0.0)
        return max(self._list_not_before, self._list_read + shortest - _EARLY)

    def _wants_list(self, due: list[Seat], now: float) -> bool:
        """Whether to read the list: for watches that need it, when it is due; or if it serves many together."""
        if now < self._list_not_before:
            return False
        if sum(1 for seat in due if seat.watch.gains_by_list) > self._listing.pages:
            return True
        return now >= self._list_due() and any(seat.watch.needs_list for seat in due)

    async def _read_list(self, seats: list[Seat], began: float) -> list[Seat]:
        """Read the list for all watches; return those whose state it does not show."""

        def consider() -> tuple[list[Seat], list[tuple[Seat, Poll | Exception]]]:
            watches = [seat.watch for seat in seats]
            watched = {watch.source_id for watch in watches}
            self._listing.read(
                None if None in watched else {ident for ident in watched if ident is not None},
                counters=any(watch.wants_counters() for watch in watches),
                owners=any(watch.needs_owners for watch in watches),
            )
            unanswered: list[Seat] = []
            news: list[tuple[Seat, Poll | Exception]] = []
            for seat in seats:
                try:
                    poll = seat.watch.consider(self._listing.sources, self._listing.asked_at)
                except Exception as error:  # of this watch alone: the list was read, and the others have a use for it
                    seat.due = float("inf")
                    news.append((seat, error))
                    continue
                if poll is None:
                    unanswered.append(seat)
                    continue
                seat.due = began + max(_SHORTEST_PAUSE, poll.pause)
                if poll.is_news:
                    news.append((seat, poll))
            return unanswered, news

        self._list_read = began
        try:
            unanswered, news = await beside_the_loop(self._site, consider)
        except HarvestError as error:
            return await self._list_failed(seats, error, began)
        self._list_failures = 0
        self._list_doubts.answered()
        for number, (seat, poll) in enumerate(news, start=1):
            seat.tell(poll)
            if number % _TOLD_AT_ONCE == 0:
                await asyncio.sleep(0)  # these wake up first, and other users of the event loop
        return unanswered

    async def _list_failed(self, seats: list[Seat], error: HarvestError, began: float) -> list[Seat]:
        """Slow down for all; notify the watches that need the list or are due. The others poll when they are due.

        :returns: the watches that are due and can do without the list, if only the list fails.
        """
        self._list_failures += 1
        is_believed = self._list_doubts.believes(error)
        pause = pause_after(error, self._list_failures, min(seat.watch.interval for seat in seats))
        needing = [seat for seat in seats if seat.watch.needs_list]
        able = [seat for seat in seats if not seat.watch.needs_list and seat.due <= began + _RESOLUTION]
        if self._list_failures >= _LIST_DOUBTED and not concerns_all(error):
            asked, is_readable = await self._try_without_list(able, began)
            able = [seat for seat in able if seat not in asked]
            if is_readable:
                self._list_not_before = self._loop.time() + pause
                for seat in needing:
                    self._settle(seat, seat.watch.fail(error), began)
                return able
        if is_believed:  # the portal refuses to be read: waiting does not help
            for seat in (*needing, *able):
                seat.tell(error)
                seat.due = float("inf")
            return []
        self._not_before = max(self._not_before, self._loop.time() + pause)
        for seat in (*needing, *able):
            self._settle(seat, seat.watch.fail(error), began)
        return []

    async def _try_without_list(self, able: list[Seat], began: float) -> tuple[list[Seat], bool]:
        """Let a few watches poll by themselves; return those that did, and whether the portal responded to one.

        More than one, since a job may be unreadable for a reason of its own.
        """
        asked = []
        for seat in able[:_ASKED_WITHOUT_LIST]:
            asked.append(seat)
            if await self._look(seat, began, able):
                return asked, True
        return asked, False

    # --- single polls ----------------------------------------------------------------------------------------

    async def _look(self, seat: Seat, began: float, due: list[Seat]) -> bool:
        """Let a watch poll by itself; if that takes too long for the round, in the next one.

        :returns: whether the portal responded.
        """
        limit = began + _LOOKING_SHARE * min(other.watch.interval for other in due)

        def look() -> Poll | None:
            in_time = self._loop.time() <= limit and seat in self._seats and self._loop.time() >= self._not_before
            return seat.watch.poll() if in_time else None

        try:
            poll = await beside_the_loop(self._site, look)
        except Exception as error:
            seat.tell(error)
            seat.due = float("inf")
            return False
        if poll is None:
            seat.due = began + max(_SHORTEST_PAUSE, seat.watch.interval)
            return False
        seat.looked_at = self._loop.time()
        if poll.back_off:
            self._not_before = max(self._not_before, self._loop.time() + poll.back_off)
        self._settle(seat, poll, began)
        return poll.has_looked

    def _settle(self, seat: Seat, poll: Poll, began: float) -> None:
        seat.due = max(began + max(_SHORTEST_PAUSE, poll.pause), self._loop.time())
        if poll.is_news:
            seat.tell(poll)
