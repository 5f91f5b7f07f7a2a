"""A real portal, a real Airflow and harvests on them: what the tests of the pages open.

`python -m tests.ui.airflow_and_portal AIRFLOW` keeps one running until its input closes, to work on the pages.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox import Sandbox, environments
from sandbox.airflow_server import AirflowServer
from sandbox.connect import airflow_settings
from tests.ui import fake_results

if TYPE_CHECKING:
    from collections.abc import Iterator

NEWEST = "airflow-3.3.2"
DAGS = Path(__file__).parent / "dags"
USERS = {"ada": "admin", "vic": "viewer", "nora": "viewer"}
#: What a viewer with fewer rights than the others may not see.
HIDDEN = {"nora": ["harvest_failing"]}
#: Markup and control characters as a stranger's catalogue may hold them.
HOSTILE_NAME = (
    "<img src=x onerror=\"document.title='harmed'\"> \u202eevil </script><script>document.title='harmed'</script>"
)
ENDING = (
    *("harvest_healthy", "harvest_failing", "harvest_hostile", "harvest_gone"),
    *("stores_elsewhere", "old_result", "guard_portal", "not_about_harvests"),
)
WAITING = ("wait_for_job", "wait_for_portal")
#: With the one that watches the portal, and the one that follows it.
_DAGS = len(ENDING) + len(WAITING) + 2
_ENDED = ("success", "failed", "skipped", "upstream_failed")
_SECONDS = 400.0
_STATE = "stand.json"
_SETTINGS = {
    "HARVEST_PAGES_HIDDEN": json.dumps(HIDDEN),
    "AIRFLOW__CORE__AUTH_MANAGER": "tests.ui.auth.DagRightsAuthManager",
    "AIRFLOW__CORE__XCOM_BACKEND": "tests.ui.xcom_elsewhere.ReferencesXCom",
}
_NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class KeptPortal:
    """A portal that ran once."""

    url: str


class Stand:
    """What runs, and how to make more happen in it.

    :param portal: the udata portal, or a `KeptPortal`.
    :param airflow: the Airflow.
    :param sources: ids of the portal's sources by the names that the DAGs know.
    """

    def __init__(self, portal: Any, airflow: AirflowServer, sources: dict[str, str]) -> None:
        self.portal = portal
        self.airflow = airflow
        self.sources = sources

    def start(self, dag_id: str) -> str:
        """Start a run of a DAG; return the id of the run."""
        return str(self._write("POST", f"dags/{dag_id}/dagRuns", {"logical_date": None})["dag_run_id"])

    def _write(self, method: str, path: str, body: Any = None) -> Any:
        """Call Airflow's API until it is not busy."""
        end = time.monotonic() + _SECONDS
        while True:
            try:
                return self.airflow.api(method, path, body)
            except urllib.error.HTTPError as error:
                # SQLite is locked now and then while all components of Airflow write at once.
                if error.code != HTTPStatus.INTERNAL_SERVER_ERROR or time.monotonic() > end:
                    raise
                time.sleep(1)

    def run(self, dag_id: str) -> str:
        """Run a DAG to its end; return the id of the run."""
        run_id = self.start(dag_id)
        self.wait_for_state(dag_id, run_id, *_ENDED)
        return run_id

    def wait_for_state(self, dag_id: str, run_id: str, *states: str) -> str:
        """Wait until all tasks of a run are in one of these states; return that of the first."""
        end = time.monotonic() + _SECONDS
        while True:
            tasks = self.airflow.api("GET", f"dags/{dag_id}/dagRuns/{run_id}/taskInstances")["task_instances"]
            now = [str(task["state"]) for task in tasks]
            if now and set(now) <= set(states):
                return now[0]
            assert time.monotonic() < end, f"{dag_id} is {now} after {_SECONDS:g} s; logs in {self.airflow.home}."
            time.sleep(0.5)

    def run_all(self) -> dict[str, str]:
        """Run each DAG, the healthy one twice; leave one task waiting for the portal and one for its own harvest.

        :returns: ids of the newest runs by the names of their DAGs; ``purged`` is the healthy one's first, and deleted.
        """
        runs = {dag_id: self.start(dag_id) for dag_id in ENDING}
        for dag_id, run_id in runs.items():
            self.wait_for_state(dag_id, run_id, *_ENDED)
        runs["purged"] = runs["harvest_healthy"]
        for dag_id in ("harvest_healthy", "watch_portal"):
            runs[dag_id] = self.run(dag_id)
        self._write("DELETE", f"dags/harvest_healthy/dagRuns/{runs['purged']}")
        self.portal.control.delay_items(20)  # what waits then waits through all tests
        for dag_id in WAITING:
            runs[dag_id] = self.start(dag_id)
        for dag_id in WAITING:
            self.wait_for_state(dag_id, runs[dag_id], "deferred")
        return runs

    def keep(self, folder: Path, runs: dict[str, str]) -> None:
        """Copy what there is now, so that :func:`kept` opens it again.

        :param folder: a folder that does not exist yet.
        :param runs: what :meth:`run_all` returned.
        """
        home = self.airflow.home
        shutil.copytree(home, folder, ignore=shutil.ignore_patterns("airflow.db*", "*.cfg", "*.pid"))
        with (
            closing(sqlite3.connect(home / "airflow.db")) as now,
            closing(sqlite3.connect(folder / "airflow.db")) as copy,
        ):
            now.backup(copy)
        state = {"portal": self.portal.url, "sources": self.sources, "runs": runs}
        (folder / _STATE).write_text(json.dumps(state))

    def add_sources(self, count: int, harvests: int, of: int) -> None:
        """Let Airflow know so many further sources, each harvested once, and some more often.

        :param harvests: how many harvests the first ones have.
        :param of: how many have that many.
        """
        (self.airflow.home / "many").write_text(str(count))
        path = f"assets?limit=100&order_by=id&uri_pattern=/source/{fake_results.PREFIX}"
        end = time.monotonic() + _SECONDS
        while self.airflow.api("GET", path)["total_entries"] < count:
            assert time.monotonic() < end, f"The assets of {count} sources did not appear in {_SECONDS:g} s."
            time.sleep(1)
        self.run("many_sources")
        for asset in self.airflow.api("GET", path)["assets"]:
            number = int(asset["uri"].rpartition("/")[2], 16)
            for nth in range(1, harvests if number <= of else 1):
                extra = fake_results.result(self.portal.url, number, nth)
                self._write("POST", "assets/events", {"asset_id": asset["id"], "extra": extra})


@contextmanager
def running(release: str = NEWEST, seconds: float = 1800.0) -> Iterator[Stand]:
    """Start a portal with sources, and an Airflow that knows them.

    :param release: the Airflow's environment.
    :param seconds: how long Airflow may run at most.
    """
    python = environments.ensure(release)
    with Sandbox.start() as portal, tempfile.TemporaryDirectory(prefix="pages-", ignore_cleanup_errors=True) as home:
        sources = make_sources(portal)
        settings = {
            **airflow_settings(portal),
            **_SETTINGS,
            "HARVEST_PAGES_PORTAL": portal.url,
            "HARVEST_PAGES_SOURCES": json.dumps(sources),
            "HARVEST_PAGES_MANY": str(Path(home) / "many"),
        }
        with AirflowServer(python, Path(home), DAGS, settings, users=USERS, seconds=seconds) as airflow:
            stand = Stand(portal, airflow, sources)
            _wait_for_dags(airflow)
            yield stand


@contextmanager
def kept(folder: Path, release: str = NEWEST, seconds: float = 1800.0) -> Iterator[tuple[Stand, dict[str, str]]]:
    """Open what an earlier stand kept, by an api-server alone; nothing runs, and the portal is gone.

    :param folder: the folder; it is copied, and its database migrated to a newer release if that is requested.
    :param release: the Airflow's environment.
    :returns: the stand, and the runs to open.
    """
    state = json.loads((folder / _STATE).read_text())
    with tempfile.TemporaryDirectory(prefix="pages-", ignore_cleanup_errors=True) as home:
        shutil.copytree(folder, home, dirs_exist_ok=True)
        settings = {**_SETTINGS, "HARVEST_PAGES_MANY": str(Path(home) / "many")}
        python = environments.ensure(release)
        server = AirflowServer(python, Path(home), DAGS, settings, users=USERS, seconds=seconds, pages_only=True)
        with server as airflow:
            yield Stand(KeptPortal(state["portal"]), airflow, state["sources"]), state["runs"]


def make_sources(portal: Sandbox) -> dict[str, str]:
    """Make the sources that the DAGs of the tests harvest; return their ids."""
    portal.catalogue.put("healthy", datasets=40, missing_id=2)
    portal.catalogue.put("failing", datasets=12, failing=4, missing_id=1, duplicate=2)
    portal.catalogue.put("hostile", datasets=3, failing=1, prefix="<b>bold</b>-")
    portal.catalogue.put("gone", mode="error-404")
    portal.catalogue.put("slow", datasets=60)
    portal.catalogue.put("waiting", datasets=5)
    portal.catalogue.put("elsewhere", datasets=3)
    portal.catalogue.put("held", datasets=25)
    portal.catalogue.put("vanishing", datasets=30)
    names = {
        "healthy": "Ville de Rochebrune",
        "failing": "Département de la Drôme",
        "hostile": HOSTILE_NAME,
        "gone": "Observatoire des forêts",
        "slow": "Agence Loire-Bretagne",
        "waiting": "Métropole de Nice",
        "elsewhere": "Syndicat des eaux",
        "held": "Région Auvergne",
        "vanishing": "Pays de Gex",
    }
    made = {}
    for name, title in names.items():
        source = _call(
            portal,
            "POST",
            "harvest/sources/",
            {
                "name": title,
                "url": portal.catalogue.url(name),
                "backend": "dcat",
                "organization": portal.organization.id,
            },
        )
        made[name] = str(source["id"])
        _call(portal, "POST", f"harvest/source/{made[name]}/validate/", {"state": "accepted"})
    portal.control.wait_until_idle()
    for name, cron in (("healthy", "0 0 * * *"), ("waiting", "0 0 * * *"), ("failing", "30 4 * * 1")):
        _call(portal, "POST", f"harvest/source/{made[name]}/schedule/", cron)
    _lose_records(portal, made)
    return made


def _lose_records(portal: Sandbox, sources: dict[str, str]) -> None:
    """Let a day pass on the portal, after which two catalogues have lost many of their records."""
    portal.catalogue.put("held", datasets=10)
    portal.catalogue.put("vanishing", datasets=18)
    for name in ("held", "vanishing"):
        portal.control.backdate_records(sources[name], 86400)
        for job in _call(portal, "GET", f"harvest/source/{sources[name]}/jobs/")["data"]:
            portal.control.backdate_job(job["id"], 86400)
        portal.control.run_scheduled(sources[name])
    portal.control.wait_until_idle()


def _call(portal: Sandbox, method: str, path: str, body: Any = None) -> Any:
    headers = {"X-API-KEY": portal.keys.admin, "Content-Type": "application/json"}
    request = urllib.request.Request(
        f"{portal.url}/api/1/{path}", None if body is None else json.dumps(body).encode(), headers, method=method
    )
    with _NO_PROXY.open(request, timeout=120) as response:
        return json.load(response)


def _wait_for_dags(airflow: AirflowServer) -> None:
    end = time.monotonic() + _SECONDS
    while airflow.api("GET", "dags?limit=50")["total_entries"] < _DAGS:
        assert time.monotonic() < end, f"The DAGs did not appear: {airflow.api('GET', 'importErrors')}"
        time.sleep(0.5)


def main() -> None:
    """Keep a stand running until the input closes."""
    release = sys.argv[1] if len(sys.argv) > 1 else NEWEST
    with running(release, seconds=7200) as stand:
        print(json.dumps({"url": stand.airflow.url, "home": str(stand.airflow.home), "portal": stand.portal.url}))
        print(json.dumps(stand.run_all()), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
