"""Pure but for one file: the tables of what was measured, in Markdown."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from typing import TYPE_CHECKING

from benchmarks.contenders import CONTENDERS
from benchmarks.source_life import TASKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from benchmarks.run import Results
    from benchmarks.waits import Waits

#: Between these lines of the document stands what was measured; the rest of it is written by hand.
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
#: The poll interval that figures per minute are given for: the default of all contenders.
USUAL_INTERVAL = 60.0
_CASES = {"well": "at once", "slow": "after 1 s", "hung": "never"}


def markdown(results: Results) -> str:
    """Return all tables of what was measured."""
    parts = [_how(results)]
    if results.waits:
        parts += ["## Waits", _waits(results.waits), *_notes(results.waits)]
    if results.imports:
        parts += ["## Imports", _imports(results)]
    if results.calls:
        parts += ["## A call", _calls(results)]
    if results.health:
        parts += ["## A pass over a portal's health", _health(results)]
    if results.guard:
        parts += ["## The guard's pass over a portal", _guard(results)]
    if results.cycle:
        parts += ["## The calls of one source's life", _cycle(results)]
    return "\n\n".join(parts)


def write(results: Results, path: Path) -> None:
    """Put the tables where the document has its place for them."""
    text = path.read_text() if path.exists() else f"{BEGIN}\n{END}\n"
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    path.write_text(f"{before}{BEGIN}\n\n{markdown(results)}\n\n{END}{after}")


def in_a_line(seen: Waits) -> str:
    """Return what a measurement of waits came to, for the screen."""
    if seen.requests is None:
        return f"{seen.contender}: {seen.trouble}"
    cells = dict(zip(_HEAD, _row(seen), strict=True))
    return ", ".join(f"{name} {cell}" for name, cell in cells.items() if name not in ("answers", "interval"))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; all columns but the first are aligned to the right."""
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _how(results: Results) -> str:
    providers = ", ".join(f"{c.distribution} {version(c.distribution)}" for c in CONTENDERS.values())
    return (
        f"`{results.command}` made this in {results.seconds / 60:.0f} minutes, on {os.cpu_count()} cores "
        f"({platform.machine()}, {platform.system()}; load average {results.load:.1f}), "
        f"Python {platform.python_version()}, Airflow {version('apache-airflow')}: {providers}."
    )


_HEAD = (
    "trigger", "waits", "answers", "interval", "requests / min", "CPU s / min", "memory / wait", "sockets",
    "longest stall (starting, waiting)", "delay (median, longest)", "events",
)  # fmt: skip


def _waits(seen: Sequence[Waits]) -> str:
    return table(_HEAD, map(_row, seen))


def _row(seen: Waits) -> list[str]:
    scale = seen.interval / USUAL_INTERVAL
    known, of = (seen.missed[1] - seen.missed[0], seen.missed[1]) if seen.missed else (0, 0)
    return [
        CONTENDERS[seen.contender].label,
        f"{seen.n:,}",
        _CASES[seen.case],
        f"{seen.interval:g} s",
        "given up" if seen.requests is None else f"{seen.requests * scale:,.0f}",
        "" if seen.cpu is None else f"{seen.cpu * scale:.2f}",
        "" if seen.memory is None or seen.n < 100 else f"{max(0.0, seen.memory) / 1000:.1f} kB",
        "" if seen.sockets is None else f"{seen.sockets:,}",
        ", ".join(f"{stall * 1000:,.0f} ms" for stall in (seen.start_stall, seen.stall) if stall is not None),
        "" if seen.delay is None else f"{seen.delay[0]:.1f} s, {seen.delay[1]:.1f} s",
        f"{known} of {of}" if seen.missed else "",
    ]


def _notes(seen: Sequence[Waits]) -> list[str]:
    notes = [
        f"- {CONTENDERS[one.contender].label}, {one.n:,} waits, answers {_CASES[one.case]}: {one.trouble}."
        for one in seen
        if one.trouble
    ]
    return ["\n".join(notes)] if notes else []


def _imports(results: Results) -> str:
    rows = [
        [
            CONTENDERS[one.contender].distribution,
            f"{one.wall * 1000:.0f} ms",
            f"{one.cpu * 1000:.0f} ms",
            str(one.modules),
        ]
        for one in results.imports
    ]
    return table(("operators of", "wall", "CPU", "modules"), rows)


def _calls(results: Results) -> str:
    assert results.calls is not None  # noqa: S101 - for the type checker: the caller looked
    client, session = results.calls.client * 1000, results.calls.session * 1000
    rows = [
        ["`HarvestClient.peek_job`", f"{client:.2f} ms"],
        ["the same by `requests.Session`", f"{session:.2f} ms"],
        ["difference", f"{client - session:.2f} ms"],
    ]
    return table(("call", "median"), rows)


def _health(results: Results) -> str:
    rows = [
        [
            f"{one.sources:,}",
            f"{one.requests:,}",
            f"{one.seconds:.1f} s",
            f"{one.cpu:.1f} s",
            f"{one.memory / 2**20:.0f} MiB",
        ]
        for one in results.health
    ]
    return table(("sources", "requests", "time", "of it CPU", "memory"), rows)


def _guard(results: Results) -> str:
    rows = [
        [
            f"{one.sources:,}",
            f"{one.datasets:,}",
            "all" if one.news else "none",
            f"{one.requests:,}",
            f"{one.seconds:.1f} s",
            f"{one.cpu:.1f} s",
            f"{one.memory / 2**20:.0f} MiB",
        ]
        for one in results.guard
    ]
    return table(("sources", "datasets", "harvested since", "requests", "time", "of it CPU", "memory"), rows)


def _cycle(results: Results) -> str:
    releases = list(dict.fromkeys(step.release for step in results.cycle))
    counts = {(step.task, step.release): len(step.calls) for step in results.cycle}
    *life, poke = TASKS
    rows = [[task, *(str(counts[task, release]) for release in releases)] for task in life]
    together = ["a life together", *(str(sum(counts[task, release] for task in life)) for release in releases)]
    rows += [together, [poke, *(str(counts[poke, release]) for release in releases)]]
    sent = {step.task: _short(step.calls) for step in results.cycle if step.release == releases[0]}
    lines = [f"- {task}: {'; '.join(sent[task])}" for task in TASKS]
    which = f"Which they are on udata {releases[0]}:\n\n" + "\n".join(lines)
    return "\n\n".join([table(("calls of", *(f"udata {release}" for release in releases)), rows), which])


def _short(calls: Iterable[str]) -> list[str]:
    return [call.replace("/api/1", "").replace("/harvest", "") for call in calls]
