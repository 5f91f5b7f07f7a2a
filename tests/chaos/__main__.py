"""The command line of the chaos cycles: ``python -m tests.chaos --count 200 --seed 1``; ``make chaos`` calls it."""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox import RELEASES, Sandbox

if TYPE_CHECKING:
    from tests.chaos.cycle import Report


def main(arguments: list[str] | None = None) -> int:
    """Run cycles, and print what went wrong with the portal and the result.

    :param arguments: default: those of the process.
    :returns: the exit code: 1 if anything was not as it must be.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--count", type=int, default=20, help="number of cycles (20)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="what all chance comes from")
    parser.add_argument("--first", type=int, default=1, help="number of the first cycle (1), to run one again")
    parser.add_argument("--rate", type=float, default=0.2, help="share of the requests that meet a fault (0.2)")
    parser.add_argument("--lanes", type=int, default=3, help="cycles that run at a time (3)")
    parser.add_argument("--release", choices=RELEASES, default=RELEASES[0], help="udata release of the portal")
    parser.add_argument("--logs", type=Path, help="folder for the logs of cycles with problems")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="chaos-airflow-") as home:
        _isolate_airflow(home)
        return _run(chosen)


def _isolate_airflow(home: str) -> None:
    """Give Airflow a home of its own before anything imports it."""
    for name in [name for name in os.environ if name.startswith("AIRFLOW")]:
        del os.environ[name]
    os.environ.update(
        AIRFLOW_HOME=home,
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        AIRFLOW__CORE__UNIT_TEST_MODE="True",
        AIRFLOW__USAGE_DATA_COLLECTION__ENABLED="False",
        NO_PROXY="127.0.0.1,localhost",
        no_proxy="127.0.0.1,localhost",
    )


def _run(chosen: argparse.Namespace) -> int:
    from tests.chaos.campaign import run_campaign
    from tests.chaos.proxy import Weather

    done = 0

    def tell(report: Report) -> None:
        nonlocal done
        done += 1
        tries = " ".join(f"{task} {number}" for task, number in report.tries.items())
        verdict = "PROBLEM" if report.problems else report.verdict
        print(
            f"{done:4}/{chosen.count}  {report.name:10}  {report.seconds:5.1f} s  {verdict:8}  tries: {tries}",
            flush=True,
        )
        for problem in report.problems:
            print(f"      {problem}", flush=True)
        if report.problems and chosen.logs:
            chosen.logs.mkdir(parents=True, exist_ok=True)
            (chosen.logs / f"{report.name}.log").write_text("\n".join(report.log))

    print(f"{chosen.count} cycles, seed {chosen.seed}, fault rate {chosen.rate:g}, udata {chosen.release}", flush=True)
    began = time.monotonic()
    numbers = range(chosen.first, chosen.first + chosen.count)
    with Sandbox.start(chosen.release) as sandbox:
        weather = Weather(chosen.seed, fault_rate=chosen.rate)
        campaign = run_campaign(sandbox, weather, numbers, lanes=chosen.lanes, progress=tell)
    print(f"\n{campaign.tables()}\n\n{time.monotonic() - began:.0f} s")
    for problem in campaign.problems:
        print(f"PROBLEM  {problem}")
    return 1 if campaign.problems else 0


if __name__ == "__main__":
    sys.exit(main())
