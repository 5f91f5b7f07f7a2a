"""The process in which triggers wait: one event loop that runs them as a triggerer does, and is watched meanwhile.

Started by :mod:`benchmarks.waits`, with one argument of JSON; reports how far it is by lines of JSON on its stdout.
Nothing else runs in it, so that what it costs is what the triggers cost.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import json
import logging
import os
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psutil

from benchmarks.contenders import CONTENDERS

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Seconds between two beats: what is longer late has been held up.
_BEAT = 0.005
#: Seconds for which the loop is watched without any trigger, to know what the watching costs.
_ALONE = 2.0
#: Seconds that the first trigger gets for what a process does only once.
_WARM_UP = 3.0


@dataclass(frozen=True)
class Order:
    """What is to be run.

    :param contender: A name in ``CONTENDERS``.
    :param waits: How many triggers wait for jobs 0, 1, 2 ... of the connection ``bench``.
    :param other: How many wait for jobs of the connection ``other`` at the same time.
    :param interval: Seconds between two polls.
    :param spread: Seconds over which the triggers are started.
    :param idle: Seconds for which they are watched while nothing happens.
    :param ends: How many jobs end after that.
    :param patience: Seconds in which their events are waited for.
    """

    contender: str
    waits: int
    other: int
    interval: float
    spread: float
    idle: float
    ends: int
    patience: float


@dataclass
class Pulse:
    """Beats on the event loop, and notes by how much each came too late.

    Time in which the machine had no processor to give to this thread is left out, if the system reports it: that is
    another program's doing.
    """

    late: list[float] = field(default_factory=list)

    async def beat(self) -> None:
        """Beat until cancelled."""
        last, waited = time.perf_counter(), _waited_for_processor()
        while True:
            await asyncio.sleep(_BEAT)
            now, waited_now = time.perf_counter(), _waited_for_processor()
            self.late.append(now - last - _BEAT - (waited_now - waited))
            last, waited = now, waited_now

    def take(self) -> float:
        """Return the longest delay in seconds since the last call."""
        longest = max(self.late, default=0.0)
        self.late.clear()
        return longest


class Run:
    """Carries out an order."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._contender = CONTENDERS[order.contender]
        self._pulse = Pulse()
        self._tasks: set[asyncio.Task[None]] = set()
        self._events: dict[str, tuple[float, Any]] = {}
        self._all_ended = asyncio.Event()

    async def carry_out(self) -> None:
        """Run it, and report each step."""
        order = self._order
        await self._warm_up()
        beating = asyncio.create_task(self._pulse.beat())
        beat_cost = await self._cost_of_beating()
        tell("ready")
        # What was there before the triggers is not theirs to pay for: the collector takes 0.1 s to go through it.
        gc.collect()
        gc.freeze()
        memory = psutil.Process().memory_info().rss
        await asyncio.sleep(2 * _BEAT)
        self._pulse.take()
        await self._start_all()
        # Few waits poll at the same time: so that no poll falls on either end of what is measured.
        await asyncio.sleep(0.0 if order.spread >= order.interval else order.interval / 2)
        tell("started", stall=self._pulse.take())
        with measured() as idle:
            await asyncio.sleep(order.idle)
        tell(
            "idle",
            seconds=idle["seconds"],
            cpu=max(0.0, idle["cpu"] - beat_cost * idle["seconds"]),
            memory=psutil.Process().memory_info().rss - memory,
            stall=self._pulse.take(),
        )
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._all_ended.wait(), order.patience)
        tell("ended", events=self._events, stall=self._pulse.take())
        beating.cancel()

    async def _warm_up(self) -> None:
        """Pay for what a process does only once: imports, and Airflow's list of providers."""
        task = asyncio.create_task(self._wait("bench", 0, counts=False))
        await asyncio.sleep(_WARM_UP)
        task.cancel()
        await asyncio.wait([task])

    async def _cost_of_beating(self) -> float:
        """Return the CPU seconds per second that the watching alone takes."""
        self._pulse.take()
        with measured() as alone:
            await asyncio.sleep(_ALONE)
        return alone["cpu"] / alone["seconds"]

    async def _start_all(self) -> None:
        """Start the triggers one by one over the time given: so do those of tasks that defer when they come to it."""
        order = self._order
        every = [("other", number) for number in range(order.other)]
        every += [("bench", number) for number in range(order.waits)]
        begun = time.perf_counter()
        for position, (conn_id, number) in enumerate(every):
            ahead = begun + order.spread * position / len(every) - time.perf_counter()
            if ahead > 0 or position % 50 == 0:
                await asyncio.sleep(max(0.0, ahead))
            task = asyncio.create_task(self._wait(conn_id, number))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        await asyncio.sleep(max(0.0, begun + order.spread - time.perf_counter()))

    async def _wait(self, conn_id: str, number: int, *, counts: bool = True) -> None:
        trigger = self._contender.trigger(conn_id, number, self._order.interval)
        payload: Any = None
        try:
            async for event in trigger.run():
                payload = event.payload
                break
        except asyncio.CancelledError:
            raise
        except Exception as error:  # a triggerer takes it for the task's failure
            payload = repr(error)
        if counts:
            self._events[f"{conn_id}/{number}"] = (time.time(), payload)
            if len(self._events) >= self._order.ends:
                self._all_ended.set()


def _waited_for_processor() -> float:
    """Return for how many seconds this thread was ready to run and could not, so far; 0 where nobody tells."""
    try:
        with open("/proc/thread-self/schedstat", "rb") as told:  # noqa: PTH123 - 200 times a second
            return int(told.read().split()[1]) / 1e9
    except OSError:
        return 0.0


@contextlib.contextmanager
def measured() -> Iterator[dict[str, float]]:
    """Fill in ``seconds`` and ``cpu`` (of all threads) of what runs inside."""
    cost: dict[str, float] = {}
    begun, cpu = time.perf_counter(), time.process_time()
    yield cost
    cost.update(seconds=time.perf_counter() - begun, cpu=time.process_time() - cpu)


def tell(step: str, **what: Any) -> None:
    """Report to the process that started this one how far it is."""
    print(json.dumps({"step": step, "at": time.time(), **what}, default=str), flush=True)


async def main(order: Order) -> None:
    """Carry out an order and leave at once: the triggers that still wait are not waited for."""
    await Run(order).carry_out()
    os._exit(0)


if __name__ == "__main__":
    importlib.import_module("airflow")
    # Log lines go to one file per task in a triggerer; their cost is the same for all and is left out.
    logging.disable(logging.WARNING)
    asyncio.run(main(Order(**json.loads(sys.argv[1]))))
