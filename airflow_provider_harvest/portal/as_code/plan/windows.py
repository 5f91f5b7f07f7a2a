"""Give each source of a window its own minute, spread per remote host; called by the plan.

A source that has a minute of its window keeps it, so that nothing moves from run to run; a new source goes into
the widest gap. The order of the sources never matters: they are taken by key.
"""

from __future__ import annotations

import heapq
import itertools
import zlib
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from airflow_provider_harvest.portal.as_code.model import DAY
from airflow_provider_harvest.portal.cron import InvalidCron, Schedule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from airflow_provider_harvest.portal.as_code.model import Window

#: A cron that fires more often a day than this says nothing about when a host is free.
_OFTEN = 24
#: Placing is repeated until nothing moves any more; few rounds are ever needed.
_ROUNDS = 50


@dataclass(frozen=True)
class Request:
    """A source that is to get a minute.

    :param key: of the source in the files.
    :param url: of its catalogue; its host is what is to be spared.
    :param window: range of the minute.
    :param current: the cron that the source has on the portal, None if there is none.
    """

    key: str
    url: str
    window: Window
    current: str | None = None


def place(requests: Iterable[Request], taken: Iterable[tuple[str, str]] = ()) -> dict[str, str]:
    """Return a cron for each source, by key.

    A minute that only one of the sources has is kept; of several that share one all but the first by key move, as long
    as their window has a minute that is shared by fewer.

    :param requests: the sources that have a window, in any order.
    :param taken: URL and cron of other sources on the portal. New sources keep away from them; a source that has its
        minute already does not give it up for them.
    """
    by_host: dict[str, list[Request]] = defaultdict(list)
    for request in sorted(requests, key=lambda request: request.key):
        by_host[host_of(request.url)].append(request)
    elsewhere: dict[str, Counter[int]] = defaultdict(Counter)
    for url, cron in taken:
        elsewhere[host_of(url)].update(minutes_of(cron))
    placed: dict[str, str] = {}
    for host, wanted in by_host.items():
        placed |= _settled(host, wanted, elsewhere[host])
    return placed


def host_of(url: str) -> str:
    """Return the host of an address, in lower case; the whole string if it is not an address."""
    try:
        return (urlsplit(url.strip()).hostname or url.strip()).lower()
    except ValueError:
        return url.strip().lower()


def minutes_of(cron: str) -> list[int]:
    """Return the minutes of the day at which a cron fires; none if it is not a cron, or fires all the time."""
    try:
        schedule = Schedule.parse(cron)
    except InvalidCron:
        return []
    times = [hour * 60 + minute for hour in schedule.hours for minute in schedule.minutes]
    return times if len(times) <= _OFTEN else []


def _settled(host: str, requests: Sequence[Request], elsewhere: Counter[int]) -> dict[str, str]:
    """Place the sources of one host again and again until each would keep what it got."""
    placed = _placed(host, requests, elsewhere)
    for _ in range(_ROUNDS):
        again = _placed(host, [replace(request, current=placed[request.key]) for request in requests], elsewhere)
        if again == placed:
            break
        placed = again
    return placed


def _placed(host: str, requests: Sequence[Request], elsewhere: Counter[int]) -> dict[str, str]:
    load: Counter[int] = Counter()
    placed = {}
    for request, offset in _by_rank(requests):
        minute = _minute(request.window, offset)
        if load[minute] <= _lowest(request.window, load, load[minute]):
            load[minute] += 1
            placed[request.key] = request.window.cron_at(offset)
    left: dict[Window, list[Request]] = defaultdict(list)
    for request in requests:
        if request.key not in placed:
            left[request.window].append(request)
    # The narrowest window first: its sources have the least choice.
    for window in sorted(left, key=lambda window: (window.length, window.start, window.days)):
        offsets = _offsets(window, len(left[window]), load + elsewhere, host)
        for request, offset in zip(left[window], offsets, strict=True):
            load[_minute(window, offset)] += 1
            placed[request.key] = window.cron_at(offset)
    return placed


def _lowest(window: Window, load: Counter[int], bound: int) -> int:
    """How many sources share the least used minute of a window; the search stops at an unused one."""
    return min((load[_minute(window, offset)] for offset in range(window.length)), default=0) if bound else 0


def _by_rank(requests: Iterable[Request]) -> list[tuple[Request, int]]:
    """The sources that have a minute of their window; the first of each minute come first, then the second ones."""
    ranks: Counter[int] = Counter()
    ranked = []
    for request in requests:
        offset = request.window.offset_of(request.current)
        if offset is not None:
            minute = _minute(request.window, offset)
            ranks[minute] += 1
            ranked.append((ranks[minute], request, offset))
    return [(request, offset) for _, request, offset in sorted(ranked, key=lambda entry: (entry[0], entry[1].key))]


def _minute(window: Window, offset: int) -> int:
    return (window.start + offset) % DAY


# --- gaps ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Gap:
    """A part of a window in which nothing happens.

    :param first: its first free minute, as an offset into the window.
    :param length: how many there are.
    :param before: whether something happens right before it; else it begins with the window.
    :param after: whether something happens right after it; else it ends with the window.
    """

    first: int
    length: int
    before: bool
    after: bool

    def spacing(self, count: int) -> float:
        """The distance between harvests once so many more are in it."""
        if self.before:
            return (self.length + (1 if self.after else 0)) / (count + (1 if self.after else 0))
        return self.length / count

    def offsets(self, count: int, shift: int = 0) -> Iterator[int]:
        """The minutes for so many of them: evenly spaced."""
        for number in range(count):
            if self.before:
                yield self.first - 1 + int((number + 1) * self.spacing(count))
            else:
                yield self.first + shift + int(number * self.spacing(count))


def _offsets(window: Window, count: int, load: Counter[int], host: str) -> list[int]:
    """Return the minutes for so many new sources in a window, sorted: the widest gaps are divided first."""
    used = sorted(offset for offset in range(window.length) if load[_minute(window, offset)])
    free = window.length - len(used)
    found: list[int] = []
    if not used:
        (gap,) = _gaps(window.length, used)
        # Hosts begin at different minutes, so that the portal need not do everything at the beginning of the window.
        shift = zlib.crc32(host.encode()) % max(1, window.length // min(count, free))
        found = list(gap.offsets(min(count, free), shift))
    else:
        chosen: Counter[_Gap] = Counter()
        queue = [(-gap.spacing(1), gap.first, gap) for gap in _gaps(window.length, used)]
        heapq.heapify(queue)
        for _ in range(min(count, free)):
            _, first, gap = heapq.heappop(queue)
            chosen[gap] += 1
            if chosen[gap] < gap.length:
                heapq.heappush(queue, (-gap.spacing(chosen[gap] + 1), first, gap))
        for gap, number in chosen.items():
            found += gap.offsets(number)
    return sorted([*found, *_shared(window, count - len(found), load, found)])


def _gaps(length: int, used: Sequence[int]) -> list[_Gap]:
    edges = [-1, *used, length]
    return [
        _Gap(left + 1, right - left - 1, before=left >= 0, after=right < length)
        for left, right in itertools.pairwise(edges)
        if right - left > 1
    ]


def _shared(window: Window, count: int, load: Counter[int], found: Iterable[int]) -> list[int]:
    """Return minutes for sources that find none of their own any more: those that the fewest share."""
    shared = Counter({offset: load[_minute(window, offset)] for offset in range(window.length)})
    shared.update(found)
    offsets = []
    for _ in range(count):
        offset = min(shared, key=lambda offset: (shared[offset], offset))
        shared[offset] += 1
        offsets.append(offset)
    return offsets
