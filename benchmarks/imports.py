"""Measures what importing a provider's operators costs a DAG file that has imported its base classes already."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.contenders import CONTENDERS

if TYPE_CHECKING:
    from collections.abc import Callable

#: What every provider builds on, whichever it is.
BASE = "from airflow.sdk import DAG, BaseHook, BaseOperator, BaseSensorOperator"
_PROGRAM = f"""
import importlib, json, sys, time
{BASE}
import airflow.triggers.base
loaded, wall, cpu = len(sys.modules), time.perf_counter(), time.process_time()
for name in sys.argv[1:]:
    importlib.import_module(name)
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
print(json.dumps([wall, cpu, len(sys.modules) - loaded]))
"""


@dataclass(frozen=True)
class Import:
    """What importing the operators of a provider costs.

    :param wall: Median of seconds.
    :param cpu: Median of CPU seconds.
    :param modules: How many modules are loaded in addition.
    """

    contender: str
    wall: float
    cpu: float
    modules: int


def measure(repeats: int, say: Callable[[str], None] = lambda line: None) -> list[Import]:
    """Import the operators of each contender, each time in a fresh interpreter, in turns.

    :param repeats: How often.
    :param say: Takes a line on each turn.
    """
    seen: dict[str, list[tuple[float, float, int]]] = {name: [] for name in CONTENDERS}
    for turn in range(repeats + 1):
        for name, contender in CONTENDERS.items():
            done = subprocess.run(
                [sys.executable, "-W", "ignore", "-c", _PROGRAM, *contender.operators],
                capture_output=True,
                text=True,
                check=True,
                timeout=120,
            )
            if turn:  # the first one reads everything from the disk, and compiles it
                seen[name].append(tuple(json.loads(done.stdout.splitlines()[-1])))
        if turn:
            say(f"    {turn} of {repeats}")
    return [
        Import(
            name,
            statistics.median(wall for wall, _, _ in times),
            statistics.median(cpu for _, cpu, _ in times),
            times[0][2],
        )
        for name, times in seen.items()
    ]
