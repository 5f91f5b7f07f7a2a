"""Measures deferred waits: what N triggers cost on one event loop, and how soon they see that a job has ended."""

from __future__ import annotations

import json
import os
import queue
import random
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import psutil

from benchmarks.contenders import CONTENDERS
from benchmarks.job_system import JobSystem
from benchmarks.wait_process import Order

if TYPE_CHECKING:
    from collections.abc import Callable

#: Jobs that end in one measurement, at most, and waits on the portal that is well, with one that is not.
ENDS = 50
OTHER = 20
#: Waits per second that are started at most.
START_RATE = 200.0
#: Seconds that a step, and that starting all waits, may take longer than it should before it is given up.
GRACE = 30.0
START_GRACE = 60.0


@dataclass(frozen=True)
class Case:
    """How the job system behaves.

    :param name: Its name on the command line.
    :param delay: Seconds before each response; None: no response, and a second job system that is well.
    """

    name: str
    delay: float | None


WELL = Case("well", 0.0)
SLOW = Case("slow", 1.0)
HUNG = Case("hung", None)


@dataclass(frozen=True)
class Waits:
    """The result of one measurement; what could not be measured is None.

    :param requests: Per minute, while nothing happened.
    :param routes: The requests of that time, by kind.
    :param cpu: CPU seconds per minute, while nothing happened.
    :param memory: Bytes of the process per wait.
    :param sockets: Most connections that were open at one time.
    :param stall: Longest time in seconds for which the event loop was held up, once all waits had begun.
    :param start_stall: The same while they began.
    :param delay: Median and longest time in seconds from a job's end to its event.
    :param end_requests: Requests for each job that ended, beyond those that were due anyway.
    :param missed: Jobs that ended without an event in time, of how many.
    :param trouble: What went wrong, as a sentence.
    """

    contender: str
    case: str
    n: int
    interval: float
    requests: float | None = None
    routes: dict[str, int] | None = None
    cpu: float | None = None
    memory: float | None = None
    sockets: int | None = None
    stall: float | None = None
    start_stall: float | None = None
    delay: tuple[float, float] | None = None
    end_requests: float | None = None
    missed: tuple[int, int] | None = None
    trouble: str | None = None


def measure(
    contender: str, n: int, case: Case, interval: float, say: Callable[[str], None] = lambda line: None
) -> Waits:
    """Measure so many waits of one contender.

    :param contender: A name in ``CONTENDERS``.
    :param n: How many waits.
    :param case: How the job system behaves.
    :param interval: Seconds between two polls of a job.
    :param say: Takes a line where something is worth telling.
    """
    with JobSystem() as system, JobSystem() as other:
        system.reset(n)
        other.reset(OTHER)
        ends = OTHER if case is HUNG else min(n, ENDS)
        order = Order(
            contender,
            waits=n,
            other=OTHER if case is HUNG else 0,
            interval=interval,
            spread=min(interval, n / START_RATE * 4),
            idle=interval * (2 if n == 1 else 1),
            ends=ends,
            patience=2 * interval + GRACE / 2 + (5 * case.delay if case.delay else 0.0),
        )
        settings = CONTENDERS[contender].connection_settings("bench", system.port, interval)
        settings |= CONTENDERS[contender].connection_settings("other", other.port, interval)
        with _Process(order, settings) as process:
            return _watch(process, order, case, system, other, say)


def _watch(
    process: _Process, order: Order, case: Case, system: JobSystem, other: JobSystem, say: Callable[[str], None]
) -> Waits:
    seen: dict[str, Any] = {"contender": order.contender, "case": case.name, "n": order.waits}
    seen["interval"] = order.interval
    try:
        process.expect("ready", 60.0)
        system.reset(order.waits, delay=case.delay)
        seen["start_stall"] = process.expect("started", order.spread + order.interval / 2 + START_GRACE)["stall"]
        system.mark()
        idle = process.expect("idle", order.idle + GRACE)
        counts = system.counts()
        seen |= {
            "requests": counts["requests"] / idle["seconds"] * 60,
            "routes": counts["routes"],
            "cpu": idle["cpu"] / idle["seconds"] * 60,
            "memory": idle["memory"] / (order.waits + order.other),
        }
        ending = other if case is HUNG else system
        ends = _ends(order, time.time())
        ending.end(ends)
        ending.mark()
        ended = process.expect("ended", order.patience + GRACE)
        seconds = ended["at"] - idle["at"]
        last = system.counts()
        seen["sockets"] = max(counts["most_open"], last["most_open"])
        seen["stall"] = max(idle["stall"], ended["stall"])
        seen |= delays(ended["events"], ends, "other" if case is HUNG else "bench")
        seen["end_requests"] = max(0.0, (last["requests"] - seen["requests"] * seconds / 60) / max(1, len(ends)))
    except _TookTooLong as why:
        counts = system.counts()
        seen["sockets"] = counts["most_open"]
        seen["trouble"] = (
            f"given up after {process.seconds:.0f} s: {why}; {counts['asked']:,} of {order.waits:,} jobs had been "
            f"requested, and the process had {process.memory / 2**20:,.0f} MiB and had used {process.cpu:.0f} s of CPU"
        )
        say(f"    {seen['trouble']}")
    except _Died as death:
        seen["trouble"] = str(death)
        say(f"    {seen['trouble']}")
    return Waits(**seen)


def _ends(order: Order, now: float) -> dict[int, float]:
    """Return when which job ends: spread over the waits and over a poll interval."""
    # By chance, and the same chance each time: in the order in which the waits began, each job would end at the same
    # place between two looks.
    chosen = random.Random(1).sample(range(order.other or order.waits), order.ends)
    return {
        number: now + 0.5 + order.interval * (position + 0.5) / order.ends for position, number in enumerate(chosen)
    }


def delays(events: dict[str, tuple[float, Any]], ends: dict[int, float], conn_id: str) -> dict[str, Any]:
    """Return how long after its job's end each event came, what was missed, and what should not have come.

    :param events: When which came and what it said, by connection and number.
    :param ends: When which job ended.
    :param conn_id: The connection of these jobs.
    """
    known = {int(key.split("/")[1]): event for key, event in events.items() if key.startswith(f"{conn_id}/")}
    late = [known[number][0] - end for number, end in ends.items() if number in known]
    missed = len(ends) - len(late)
    found: dict[str, Any] = {"missed": (missed, len(ends))}
    if late:
        found["delay"] = (statistics.median(late), max(late))
    others = [event for key, event in events.items() if not key.startswith(f"{conn_id}/")]
    others += [event for number, event in known.items() if number not in ends]
    if others:
        found["trouble"] = f"{len(others)} waits ended although their jobs went on, as with {str(others[0][1])[:120]}"
    return found


class _TookTooLong(Exception):
    """A step was not reached in time; says which."""


class _Died(Exception):
    """The process ended before its work did."""


class _Process:
    """The process in which triggers wait."""

    def __init__(self, order: Order, settings: dict[str, str]) -> None:
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.wait_process", json.dumps(asdict(order))]
        self._begun = time.monotonic()
        self._process = subprocess.Popen(
            command, env={**os.environ, **settings}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._errors: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._read_errors, daemon=True).start()

    def __enter__(self) -> _Process:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    @property
    def seconds(self) -> float:
        """How long it has been running."""
        return time.monotonic() - self._begun

    @property
    def memory(self) -> int:
        """Bytes that it has in memory."""
        return int(psutil.Process(self._process.pid).memory_info().rss)

    @property
    def cpu(self) -> float:
        """Seconds of CPU that it has used."""
        used = psutil.Process(self._process.pid).cpu_times()
        return float(used.user + used.system)

    def expect(self, step: str, seconds: float) -> dict[str, Any]:
        """Return what it reports at a step.

        :raises _TookTooLong: It did not get there in time.
        :raises _Died: It never will.
        """
        deadline = time.monotonic() + seconds
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise _TookTooLong(f"it had not come to the step {step!r} within {seconds:.0f} s") from None
            if line is None:
                raise _Died(f"the process died before the step {step!r}: {''.join(self._errors[-3:]).strip()[-400:]}")
            if line.startswith('{"step"'):
                told = json.loads(line)
                if told["step"] == step:
                    return dict(told)

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self._lines.put(line)
        self._lines.put(None)

    def _read_errors(self) -> None:
        for line in self._process.stderr or ():
            self._errors.append(line)
