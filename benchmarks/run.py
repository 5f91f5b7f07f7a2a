"""Works through the benchmarks, shows how far it is, and ends with the tables; run inside the environment ``bench``."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from benchmarks import calls, guard_passes, health_passes, imports, report, source_life, waits
from benchmarks.contenders import CONTENDERS
from sandbox import RELEASES
from sandbox.environments import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

PARTS = ("imports", "calls", "cycle", "health", "guard", "waits")
#: How many waits, and sources, by default.
WAITS = (1, 100, 1_000, 10_000)
SOURCES = (500, 5_000, 50_000)
#: Waits on a portal that is slow, and on one that does not respond.
TROUBLED = 1_000
#: Up to so many waits a process has next to nothing to do, so that all contenders are measured at the same time.
_FEW = 100
#: Seconds between two looks, instead of the 60 that all contenders have by default; beyond so many waits, and then.
_INTERVAL, _MANY, _INTERVAL_OF_MANY = 10.0, 1_000, 30.0
_UDATA = "17.18.0"
_IMPORTS, _CALL_BLOCKS = 5, 20


@dataclass
class Results:
    """What was measured; parts that were not run are empty."""

    command: str
    at: str
    imports: list[imports.Import] = field(default_factory=list)
    calls: calls.Calls | None = None
    cycle: list[source_life.Step] = field(default_factory=list)
    health: list[health_passes.Pass] = field(default_factory=list)
    guard: list[guard_passes.GuardPass] = field(default_factory=list)
    waits: list[waits.Waits] = field(default_factory=list)
    seconds: float = 0.0
    #: Programs that wanted a processor on average, those of the benchmarks included, in the last 15 minutes of the run.
    load: float = 0.0


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line.

    :param arguments: Default: those of the process.
    :returns: The exit code: 1 if a part could not be measured.
    """
    parser = argparse.ArgumentParser(
        prog="make bench ARGS=...",
        description="Measures this provider and its peers; all parts together take about 20 minutes on two cores, and "
        "write docs/benchmarks.md and docs/benchmarks.png. With options nothing is written but logs/benchmarks/.",
    )
    parser.add_argument("--only", choices=PARTS, action="append", help="a part (may be given again)")
    parser.add_argument("--n", type=int, action="append", help="how many waits, or sources (may be given again)")
    parser.add_argument("--case", choices=sorted(_CASES), action="append", help="how the portal of the waits is")
    parser.add_argument("--contender", choices=CONTENDERS, action="append", help="whose triggers")
    parser.add_argument("--interval", type=float, help="seconds between two polls")
    chosen = parser.parse_args(arguments)
    logging.disable(logging.WARNING)
    given = list(sys.argv[1:] if arguments is None else arguments)
    results = Results(" ".join(["make bench", *([f'ARGS="{" ".join(given)}"'] if given else [])]), _now())
    begun = time.monotonic()
    failed = False
    for part in chosen.only or PARTS:
        try:
            _PARTS[part](results, chosen)
        except Exception as error:  # the other parts are worth having all the same
            failed = True
            say(f"  {part} could not be measured: {type(error).__name__}: {error}")
    results.seconds, results.load = time.monotonic() - begun, os.getloadavg()[2]
    _keep(results, in_docs=not given and not failed)
    print(f"\n{report.markdown(results)}")
    return 1 if failed else 0


def _run_imports(results: Results, chosen: argparse.Namespace) -> None:
    say(f"Importing the operators of each provider in {_IMPORTS} fresh interpreters")
    results.imports = imports.measure(_IMPORTS, say)


def _run_calls(results: Results, chosen: argparse.Namespace) -> None:
    say("Calling a job system by the client and by a bare session")
    results.calls = calls.measure(_CALL_BLOCKS)


def _run_cycle(results: Results, chosen: argparse.Namespace) -> None:
    for release in RELEASES:
        say(f"Counting the calls of one source's life on a real udata {release}")
        results.cycle += source_life.measure(release, lambda line: say(f"  {line}"))


def _run_health(results: Results, chosen: argparse.Namespace) -> None:
    for sources in chosen.n or SOURCES:
        say(f"Passing over the health of {sources:,} sources")
        results.health.append(health_passes.measure(sources))


def _run_guard(results: Results, chosen: argparse.Namespace) -> None:
    for sources in chosen.n or SOURCES[:1]:
        for news in (False, True):
            say(f"Guarding {sources:,} sources, {'all' if news else 'none'} of them harvested since the pass before")
            results.guard.append(guard_passes.measure(sources, news=news))


def _run_waits(results: Results, chosen: argparse.Namespace) -> None:
    names = chosen.contender or list(CONTENDERS)
    for case in (_CASES[name] for name in chosen.case or _CASES):
        for n in chosen.n or (WAITS if case is waits.WELL else (TROUBLED,)):
            interval = chosen.interval or (_INTERVAL_OF_MANY if n > _MANY else _INTERVAL)
            # Where next to nothing is sent, they do not disturb each other.
            lanes = len(names) if n <= _FEW or case is not waits.WELL else 1
            with ThreadPoolExecutor(lanes) as pool:
                running = [pool.submit(_wait, name, n, case, interval) for name in names]
                results.waits.extend(one.result() for one in running)


def _wait(name: str, n: int, case: waits.Case, interval: float) -> waits.Waits:
    say(f"Waits: {n:,} of {CONTENDERS[name].label}, {_WORDS[case.name]}")
    seen = waits.measure(name, n, case, interval, say)
    say(f"  {report.in_a_line(seen)}")
    return seen


_CASES = {case.name: case for case in (waits.WELL, waits.SLOW, waits.HUNG)}
_WORDS = {
    "well": "on a job system that answers at once",
    "slow": "on one that answers after a second",
    "hung": "on one that does not respond",
}
_PARTS = {
    "imports": _run_imports,
    "calls": _run_calls,
    "cycle": _run_cycle,
    "health": _run_health,
    "guard": _run_guard,
    "waits": _run_waits,
}


def say(line: str) -> None:
    """Show how far it is."""
    print(f"[{time.strftime('%H:%M:%S')}] {line}", flush=True)


def _now() -> str:
    return time.strftime("%Y-%m-%d", time.gmtime())


def _keep(results: Results, *, in_docs: bool) -> None:
    logs = ROOT / "logs" / "benchmarks"
    logs.mkdir(parents=True, exist_ok=True)
    kept: dict[str, Any] = asdict(results)
    (logs / "results.json").write_text(json.dumps(kept, indent=1))
    if results.waits:
        from benchmarks import plot

        plot.draw(results.waits, (ROOT / "docs" if in_docs else logs) / "benchmarks.png")
    if in_docs:
        report.write(results, ROOT / "docs" / "benchmarks.md")


if __name__ == "__main__":
    sys.exit(main())
