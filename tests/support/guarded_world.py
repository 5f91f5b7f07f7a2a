"""A real portal whose days are turned by a test, catalogues of three kinds, and the guard's task on both.

Days pass by moving what the portal's database remembers of them into the past, which its rule cannot distinguish from
waiting.
"""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.operators.portal import HarvestGuardOperator
from tests.support.task_instance import TaskInstance

if TYPE_CHECKING:
    import pytest

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestSource
    from sandbox import Sandbox
    from sandbox.catalogue import CatalogueServer

DAY = 86400.0
#: Seconds that a harvest may take: 350 records take a minute and a half on a busy machine.
_LONGEST = 3000.0
_numbers = itertools.count(1)


class World:
    """A portal whose days are turned by the test, and the guard's task on it.

    :param portal: a real one.
    :param admin: a client with the sysadmin's key.
    :param catalogues: the server of the sources' catalogues.
    :param monkeypatch: for the task's connection.
    """

    def __init__(
        self, portal: Sandbox, admin: HarvestClient, catalogues: CatalogueServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.portal, self.admin, self.catalogues = portal, admin, catalogues
        #: The address at which the guard reaches the portal.
        self.url = portal.url
        #: The guard's task, with what its runs left for the next one.
        self.ti = TaskInstance()
        #: The requests by which the guard's last run changed something.
        self.writes: list[Any] = []
        #: What a harvest archived although the guard's run before it had not said that it could not be held.
        self.silent_losses: list[str] = []
        self._said: set[str] = set()
        self._aged: set[str] = set()
        self._names: dict[str, str] = {}
        self._setenv = monkeypatch.setenv

    # --- catalogues and harvests --------------------------------------------------------------------------------------

    def new_source(self, backend: str = "dcat", cron: str | None = None, **contents: Any) -> HarvestSource:
        """Make a source of a new catalogue, accepted and harvested once.

        :param cron: its schedule; the portal's own default is daily.
        :param contents: as for `CatalogueServer.put`, and ``config``.
        """
        config = contents.pop("config", None)
        name = contents.pop("name", f"guarded-{next(_numbers)}")
        self.catalogues.put(name, **contents)
        url = self.catalogues.ckan_url(name) if backend == "ckan" else self.catalogues.url(name)
        organization = self.portal.organization.id
        source = self.admin.create_source(name, url, backend, organization=organization, config=config)
        self._names[source.id] = name
        self.admin.validate_source(source.id)
        if cron is not None:
            self.admin.schedule_source(source.id, cron)
        self.portal.control.wait_until_idle(_LONGEST)
        return self.read(source)

    def serve(self, source: HarvestSource, **contents: Any) -> None:
        """Make the source's catalogue serve something else."""
        name = self._names.get(source.id) or source.url.rsplit("/", 1)[1].removesuffix(".xml")
        self.catalogues.put(name, **contents)

    def days_pass(self, *sources: HarvestSource, days: float = 1) -> None:
        if not self._aged.issuperset(source.id for source in sources):
            self.portal.wait_for_next_second()
        for source in sources:
            self.portal.control.pass_time(source.id, days * DAY)
            self._aged.add(source.id)

    def harvest(self, *sources: HarvestSource) -> None:
        """Harvest as the portal's own scheduler does, and note what that archives unannounced."""
        before = {source.id: set(self.archived(source)) for source in sources}
        for source in sources:
            self.portal.control.run_scheduled(source.id)
        self.portal.control.wait_until_idle(_LONGEST)
        for source in sources:
            if source.id not in self._said:
                self.silent_losses += sorted(set(self.archived(source)) - before[source.id])

    def archived(self, *sources: HarvestSource) -> list[str]:
        return [ident for source in sources for ident in self.portal.control.archived(source.id)]

    def read(self, source: HarvestSource) -> HarvestSource:
        return self.admin.get_source(source.id)

    # --- the guard ----------------------------------------------------------------------------------------------------

    def guard(self, *sources: HarvestSource, key: str | None = "org_admin", **arguments: Any) -> dict[str, Any]:
        """Run the guard's task once, in mode ``hold`` unless the arguments say otherwise.

        :param sources: only these; none for the whole portal.
        :param key: whose key the connection has, by role or as it is; None for none.
        """
        connection: dict[str, Any] = {"conn_type": "harvest", "host": self.url}
        if key:
            connection["password"] = getattr(self.portal.keys, key, key)
        self._setenv("AIRFLOW_CONN_PORTAL", json.dumps(connection))
        operator = HarvestGuardOperator(
            task_id="guard",
            harvest_conn_id="portal",
            source_ids=[source.id for source in sources] or None,
            **{"mode": "hold", "examine_all": True, **arguments},
        )
        mark = self.portal.mark()
        try:
            result: dict[str, Any] = self.ti.run(operator)
        finally:
            self.writes = [request for request in self.portal.requests(mark) if request.method != "GET"]
        self._said = {*result["exposed_ids"], *result["not_holdable_ids"], *result["cannot_hold_ids"]}
        assert len(result["message"].splitlines()) <= 15
        return result
