"""A real portal, a real Airflow beside it, and harvests to look at: what the tests of the pages open.

`python -m tests.ui.stand AIRFLOW` keeps one running until its input closes, to work on the pages.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox import Sandbox, environments
from sandbox.airflow_server import AirflowServer
from sandbox.connect import airflow_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

NEWEST = "airflow-3.3.2"
DAGS = Path(__file__).parent / "dags"
USERS = {"ada": "admin", "vic": "viewer"}
#: Markup and control characters as a stranger's catalogue may hold them.
HOSTILE_NAME = (
    "<img src=x onerror=\"document.title='harmed'\"> \u202eevil </script><script>document.title='harmed'</script>"
)
_ENDED = ("success", "failed", "skipped", "upstream_failed")
_SECONDS = 240.0
_NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Stand:
    """What runs, and how to make more happen in it.

    :param portal: the udata portal.
    :param airflow: the Airflow.
    :param sources: ids of the portal's sources by the names that the DAGs know.
    """

    def __init__(self, portal: Sandbox, airflow: AirflowServer, sources: dict[str, str]) -> None:
        self.portal = portal
        self.airflow = airflow
        self.sources = sources

    def start(self, dag_id: str) -> str:
        """Start a run of a DAG; return the id of the run."""
        body = {"logical_date": None}
        end = time.monotonic() + _SECONDS
        while True:
            try:
                return str(self.airflow.api("POST", f"dags/{dag_id}/dagRuns", body)["dag_run_id"])
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
        """Wait until the first task of a run is in one of these states; return which."""
        end = time.monotonic() + _SECONDS
        while True:
            tasks = self.airflow.api("GET", f"dags/{dag_id}/dagRuns/{run_id}/taskInstances")["task_instances"]
            state = str(tasks[0]["state"]) if tasks else "none"
            if state in states:
                return state
            assert time.monotonic() < end, f"{dag_id} is {state} after {_SECONDS:g} s; logs in {self.airflow.home}."
            time.sleep(0.5)

    def add_sources(self, count: int, harvests: int, of: int) -> None:
        """Let Airflow know so many further sources, each harvested once, and some more often.

        :param harvests: how many harvests the first ones have.
        :param of: how many have that many.
        """
        (self.airflow.home / "many").write_text(str(count))
        end = time.monotonic() + _SECONDS
        path = "assets?limit=100&order_by=id&uri_pattern=/source/0000"
        while self.airflow.api("GET", path)["total_entries"] < count:
            assert time.monotonic() < end, f"The assets of {count} sources did not appear in {_SECONDS:g} s."
            time.sleep(1)
        for offset in range(0, count, 100):
            for asset in self.airflow.api("GET", f"{path}&offset={offset}")["assets"]:
                number = int(asset["uri"].rpartition("/")[2], 16)
                for nth in range(harvests if number <= of else 1):
                    extra = _made_up_result(self.portal.url, number, nth)
                    self.airflow.api("POST", "assets/events", {"asset_id": asset["id"], "extra": extra})


def _made_up_result(portal: str, number: int, nth: int) -> dict[str, Any]:
    failed = (number * 7 + nth * 5) % 11 if (number + nth) % 6 == 0 else 0
    done = 40 + number % 60 + nth
    ended = datetime(2026, 11, 1, 0, number % 60, tzinfo=timezone.utc) + timedelta(days=nth)
    return {
        "schema": 1,
        "portal": portal,
        "source_id": f"{number:024x}",
        "source_name": f"Commune {number:03d}",
        "job_id": f"{number:012x}{nth:012x}",
        "job_url": f"{portal}/api/1/harvest/job/{number:012x}{nth:012x}/",
        "how": "watched",
        "status": "done-errors" if failed else "done",
        "started": ended.isoformat(),
        "ended": ended.isoformat(),
        "duration": 12.5,
        "items": {"total": done + failed, "done": done, "failed": failed, "skipped": 0, "archived": 0},
        "errors": [],
        "failed_items": [],
        "outcome": "failure" if failed else "success",
        "failure_kind": "items" if failed else None,
        "reasons": [f"{failed} items failed; none may."] if failed else [],
    }


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
            "HARVEST_PAGES_PORTAL": portal.url,
            "HARVEST_PAGES_SOURCES": json.dumps(sources),
            "HARVEST_PAGES_MANY": str(Path(home) / "many"),
        }
        with AirflowServer(python, Path(home), DAGS, settings, users=USERS, seconds=seconds) as airflow:
            stand = Stand(portal, airflow, sources)
            _wait_for_dags(airflow)
            yield stand


def make_sources(portal: Sandbox) -> dict[str, str]:
    """Make the sources that the DAGs of the tests harvest; return their ids."""
    portal.catalogue.put("healthy", datasets=40, missing_id=2)
    portal.catalogue.put("failing", datasets=12, failing=4, missing_id=1, duplicate=2)
    portal.catalogue.put("hostile", datasets=3, failing=1, prefix="<b>bold</b>-")
    portal.catalogue.put("gone", mode="error-404")
    portal.catalogue.put("slow", datasets=60)
    portal.catalogue.put("waiting", datasets=5)
    names = {
        "healthy": "Ville de Rochebrune",
        "failing": "Département de la Drôme",
        "hostile": HOSTILE_NAME,
        "gone": "Observatoire des forêts",
        "slow": "Agence Loire-Bretagne",
        "waiting": "Métropole de Nice",
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
    for name in ("healthy", "waiting"):
        _call(portal, "POST", f"harvest/source/{made[name]}/schedule/", "0 0 * * *")
    return made


def _call(portal: Sandbox, method: str, path: str, body: Any) -> Any:
    headers = {"X-API-KEY": portal.keys.admin, "Content-Type": "application/json"}
    request = urllib.request.Request(f"{portal.url}/api/1/{path}", json.dumps(body).encode(), headers, method=method)
    with _NO_PROXY.open(request, timeout=120) as response:
        return json.load(response)


def _wait_for_dags(airflow: AirflowServer) -> None:
    end = time.monotonic() + _SECONDS
    while airflow.api("GET", "dags?limit=50")["total_entries"] < len(list(_dag_ids())):
        assert time.monotonic() < end, f"The DAGs did not appear: {airflow.api('GET', 'importErrors')}"
        time.sleep(0.5)


def _dag_ids() -> Iterator[str]:
    yield from ("harvest_healthy", "harvest_failing", "harvest_hostile", "harvest_gone")
    yield from ("wait_for_portal", "wait_for_job", "watch_portal", "follow_portal", "not_about_harvests")


def main() -> None:
    """Keep a stand running until the input closes."""
    release = sys.argv[1] if len(sys.argv) > 1 else NEWEST
    with running(release, seconds=7200) as stand:
        print(json.dumps({"url": stand.airflow.url, "home": str(stand.airflow.home), "portal": stand.portal.url}))
        for name in ("healthy", "failing", "hostile", "gone"):
            print(name, stand.run(f"harvest_{name}"), flush=True)
        print("health", stand.run("watch_portal"), flush=True)
        print("other", stand.run("not_about_harvests"), flush=True)
        stand.portal.control.delay_items(4)
        print("slow", stand.start("wait_for_job"), flush=True)
        print("waiting", stand.start("wait_for_portal"), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
