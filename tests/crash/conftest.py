"""The crash matrix: real task processes of a real Airflow, really killed, while they harvest on a real udata.

One portal (the sandbox) and one Airflow (API server, scheduler with LocalExecutor, triggerer; SQLite) are started once
in a session and shared by all cases; each case has a source of its own, so that what the portal saw of it is counted
exactly.

- ``dags/harvests.py`` holds the DAGs. In the task's own process it wraps a few methods of the product, which knows
  nothing of that: at each named point the process leaves a mark, and where the case says so, it kills itself there
  (SIGKILL). Other cases kill from outside, by the process id in a mark, or kill a whole component.
- ``live_airflow.py`` starts Airflow and reads verdicts by its REST API; ``processes.py`` and
  ``sandbox/run_with_parent.py`` see to it that each component is a session of its own, killed as a whole and ended in
  any case: with pytest, or after an hour.
- ``tests/support/lossy_proxy.py`` loses responses between the task and the portal.

It runs on Airflow 3.3 and on 2.11. There nothing survives a try, so that a few cases cannot hold: the reasons for which
they are skipped say why.

A case asserts what the portal saw (requests and jobs), and what the user sees (state, tries, result).
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.portal.client import HarvestClient
from sandbox import Sandbox
from tests.crash.live_airflow import LiveAirflow
from tests.support.lossy_proxy import LossyProxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: The folder of the DAGs of ``test_whole_portal``; its event triggers would disturb the other cases.
DAGS_OF_A_WHOLE_PORTAL = Path(__file__).parent / "portal_dags"
#: That of ``test_watchers``.
DAGS_OF_TWO_WATCHERS = Path(__file__).parent / "watcher_dags"

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Source:
    """A source of one case, and what the portal saw of it.

    :param id: on the portal.
    :param catalogue: the name of the catalogue that it harvests.
    """

    id: str
    catalogue: str
    portal: Sandbox
    client: HarvestClient

    def serve(self, **contents: Any) -> None:
        """Put something else into its catalogue; the arguments are those of ``CatalogueServer.put``."""
        self.portal.catalogue.put(self.catalogue, **contents)

    @property
    def job_ids(self) -> list[str]:
        """The ids of all its jobs, oldest first."""
        return [str(job.id) for job in self.client.iter_jobs(self.id)][::-1]

    def path_of(self, action: str) -> str:
        """The path of a request to do something with it."""
        return f"/api/1/harvest/source/{self.id}/{action}"

    def answers(self, action: str) -> list[int | None]:
        """The statuses of the portal's responses to requests to ``run`` or ``validate`` it."""
        return [
            request.status
            for request in self.portal.requests()
            if request.method == "POST" and request.path.rstrip("/") == self.path_of(action)
        ]

    def looks_at(self, job_id: str) -> int:
        """How often a job was polled."""
        return sum(f"/harvest/job/{job_id}" in request.path for request in self.portal.requests())


@pytest.fixture(scope="session")
def running_portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """The portal that all cases share."""
    with Sandbox.start(log_dir=tmp_path_factory.mktemp("udata")) as sandbox:
        yield sandbox


@pytest.fixture
def portal(running_portal: Sandbox) -> Iterator[Sandbox]:
    """The portal, with no steering in force."""
    yield running_portal
    running_portal.control.reset()
    running_portal.control.wait_until_idle()


@pytest.fixture(scope="session")
def proxy(running_portal: Sandbox) -> Iterator[LossyProxy]:
    """A way to the portal that can lose responses; the connection ``harvest_lossy`` uses it."""
    with LossyProxy(running_portal.url) as running:
        yield running


@pytest.fixture
def airflow(running_airflow: LiveAirflow) -> Iterator[LiveAirflow]:
    """Airflow, with all its components running."""
    running_airflow.revive()
    yield running_airflow
    running_airflow.revive()


@pytest.fixture(scope="session")
def running_airflow(
    running_portal: Sandbox, proxy: LossyProxy, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveAirflow]:
    """The Airflow that all cases share."""
    connections = {
        f"AIRFLOW_CONN_{name}": json.dumps(
            {
                "conn_type": "harvest",
                "host": url,
                "password": running_portal.keys.admin,
                "extra": {"min_poll_interval": 1},
            }
        )
        for name, url in {"HARVEST_DEFAULT": running_portal.url, "HARVEST_LOSSY": proxy.url}.items()
    }
    with LiveAirflow(tmp_path_factory.mktemp("airflow"), connections) as running:
        yield running


@pytest.fixture
def pending_source(portal: Sandbox, admin: HarvestClient) -> Source:
    """A source of four data sets that nobody has accepted yet."""
    name = f"crash-{next(_numbers)}"
    url = portal.catalogue.put(name, datasets=4)
    source = admin.create_source(name, url, "dcat", organization=portal.organization.id)
    return Source(source.id, name, portal, admin)


@pytest.fixture
def source(portal: Sandbox, pending_source: Source) -> Source:
    """A source of four data sets, accepted and harvested once, by the test itself."""
    pending_source.client.validate_source(pending_source.id)
    portal.control.wait_until_idle()
    assert len(pending_source.job_ids) == 1
    return pending_source


@pytest.fixture
def admin(portal: Sandbox) -> Iterator[HarvestClient]:
    """A client with a sysadmin's key."""
    client = HarvestClient(portal.url, portal.keys.admin)
    yield client
    client.close()


@pytest.fixture
def jobs_of_task(source: Source) -> Callable[[], list[str]]:
    """The ids of the jobs that came after those which were there before the task."""
    before = source.job_ids
    return lambda: [job_id for job_id in source.job_ids if job_id not in before]
