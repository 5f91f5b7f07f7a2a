"""The demo: a real portal on this machine, harvested by the example DAGs through real Airflow; run by ``make demo``."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox import Sandbox, environments
from sandbox.airflow_home import AirflowHome
from sandbox.airflow_server import AirflowServer
from sandbox.connect import airflow_settings
from sandbox.live_dag import run_dag
from sandbox.loaded_airflow import LoadedAirflow
from sandbox.tables import table

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.airflow_home import DagOutcome

    #: Runs a DAG; the second argument takes the name of each task as it starts.
    Run = Callable[[str, Callable[[str], object]], DagOutcome]

_ROOT = Path(__file__).resolve().parent.parent
_DAGS = _ROOT / "example_dags"
#: Seconds after which an Airflow that was kept running ends by itself.
_OPEN_SECONDS = 8 * 3600.0
_RUNS = (
    ("harvest_onboarding", "preview, create, accept, schedule a source; wait for its first harvest"),
    ("harvest_producer", "the catalogue was refreshed: harvest it, check that my datasets were updated"),
)
#: Fills the page of all harvests.
_WATCH = ("harvest_portal_watch", "check all sources of the portal")
_AIRFLOW = "airflow-3.3.2"
_UDATA = "17.18.0"


class _Steps:
    """Prints what is being done, and how long it took."""

    def __init__(self) -> None:
        self._begun = time.monotonic()

    def say(self, text: str) -> None:
        print(f"[{time.monotonic() - self._begun:5.0f} s] {text}", flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Run the demo; return 0 when its DAGs succeeded and their datasets are on the portal.

    :param arguments: ``--open`` keeps Airflow running, so that it can be opened; default: those of the process.
    """
    parser = argparse.ArgumentParser(prog="python3 -m sandbox.demo", description=__doc__)
    parser.add_argument("--open", action="store_true", help="keep Airflow running afterwards, and print its address")
    keeps_open = parser.parse_args(arguments).open
    steps = _Steps()
    logs = _ROOT / "logs" / time.strftime("demo-%Y%m%d-%H%M%S")
    steps.say("Preparing Airflow 3.3.2 and udata 17.18.0, each in an environment of its own (.venvs/)")
    built = environments.ensure_all([_AIRFLOW, f"udata-{_UDATA}"], lambda line: steps.say(f"  {line}"))
    problems = [problem for problem in built.values() if isinstance(problem, Exception)]
    if problems:
        print(*problems, sep="\n", file=sys.stderr)
        return 1
    airflow = environments.ENVIRONMENTS[_AIRFLOW].python
    steps.say("Starting a udata portal and the catalogue of a town")
    with Sandbox.start(_UDATA, log_dir=logs, progress=lambda line: steps.say(f"  {line}")) as sandbox:
        sandbox.catalogue.put("cities", datasets=8)
        steps.say(f"  portal {sandbox.url}, catalogue {sandbox.catalogue.url('cities')}")
        if keeps_open:
            return _run_in_the_open(steps, airflow, sandbox, logs / "airflow")
        steps.say("Making Airflow's database (SQLite)")
        with LoadedAirflow(airflow) as loaded:
            home = AirflowHome(loaded, logs / "airflow", _DAGS, airflow_settings(sandbox))
            home.migrate()
            return _run_all(steps, sandbox, _RUNS, lambda dag_id, on_task: home.run_dag(dag_id, on_task=on_task))


def _run_all(steps: _Steps, sandbox: Sandbox, runs: tuple[tuple[str, str], ...], run: Run) -> int:
    """Run DAGs one after the other, and show their results; return the exit code."""
    outcomes = {}
    for dag_id, what in runs:
        steps.say(f"Running the DAG {dag_id}: {what}")
        if dag_id == "harvest_producer":
            sandbox.catalogue.put("cities", datasets=10)
        outcomes[dag_id] = run(dag_id, lambda task: steps.say(f"  task {task}"))
        steps.say(f"  {dag_id}: {outcomes[dag_id].state}")
    published = sandbox.datasets()
    _show(sandbox, outcomes, published)
    _show_where_to_look(sandbox, outcomes, _WATCH[0] in outcomes)
    succeeded = all(outcome.state == "success" for outcome in outcomes.values())
    if not succeeded or len(published) != 10:
        print(f"\nThe demo FAILED: expected green DAGs and 10 datasets, found {len(published)}.")
        return 1
    return 0


def _show(sandbox: Sandbox, outcomes: dict[str, DagOutcome], published: list[dict[str, Any]]) -> None:
    results = [
        (dag_id, value)
        for dag_id, outcome in outcomes.items()
        for (_, key), value in outcome.xcoms.items()
        if key == "harvest_result" and value["job_id"]
    ]
    print("\nWhat the DAGs harvested")
    rows = [
        [
            dag_id,
            result["source_name"],
            result["job_id"],
            result["how"],
            result["status"],
            *(str(result["items"][status]) for status in ("done", "failed", "skipped", "archived")),
            result["outcome"],
        ]
        for dag_id, result in results
    ]
    print(table(["DAG", "source", "job", "how", "status", "done", "failed", "skipped", "archived", "outcome"], rows))
    print(f"\nThe {len(published)} datasets that are now on the portal (read back from {sandbox.url}/api/1/datasets/)")
    print(table(["dataset", "remote id"], [[d["title"], d["harvest"]["remote_id"]] for d in published]))


def _show_where_to_look(sandbox: Sandbox, outcomes: dict[str, DagOutcome], keeps_open: bool) -> None:
    print("\nWhere to look next")
    for dag_id, outcome in outcomes.items():
        print(f"  what Airflow said of {dag_id}: {outcome.log_path.relative_to(_ROOT)}")
    print(f"  what udata said: {sandbox.log_path.relative_to(_ROOT)}")
    print("  the DAGs: example_dags/; your own portal to play with: make sandbox; how to use it: README.md")
    if not keeps_open:
        print("  the same in Airflow's own pages, with a table of all harvests: make demo ARGS=--open")


def _run_in_the_open(steps: _Steps, airflow: Path, sandbox: Sandbox, home: Path) -> int:
    """Start Airflow with its pages, run the DAGs in it while people look, and wait until it is interrupted."""
    steps.say("Starting Airflow with its pages")
    settings = {
        **airflow_settings(sandbox),
        # The DAGs that the demo runs are switched on; the others wait for people.
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "True",
    }
    users = {"admin": "admin"}
    with AirflowServer(airflow, home, _DAGS, settings, users=users, seconds=_OPEN_SECONDS) as server:
        steps.say(f"Airflow is at {server.url} : user admin, password admin. Open it now; its DAGs begin to run.")
        print(f"  all harvests: {server.url}/plugin/harvests (in the navigation: Browse, Harvests)")
        print("  one harvest: open a run of harvest_producer, its task harvest, and there the tab Harvest")
        print("  the state of all sources: the task health of harvest_portal_watch", flush=True)
        try:
            code = _run_all(steps, sandbox, (*_RUNS, _WATCH), lambda *run: run_dag(server, *run))
            steps.say(f"Airflow goes on running at {server.url} ; Ctrl-C ends it.")
            while sandbox.alive:
                sandbox.wait(1.0)
        except KeyboardInterrupt:
            print("\nEnding Airflow and the portal")
            return 0
    return code


if __name__ == "__main__":
    sys.exit(main())
