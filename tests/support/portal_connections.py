"""Airflow connections that lead to scripted portals, for triggers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_harvest.hooks._connection_settings import ConnectionSettings
from airflow_provider_harvest.hooks.harvest import HarvestHook
from airflow_provider_harvest.triggers import _event_cursors
from airflow_provider_harvest.triggers import event as triggers_event
from airflow_provider_harvest.triggers import job as triggers_job
from tests.support.fake_portal.scripted import ScriptedClient

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest


class SharedClient(ScriptedClient):
    """The one client that all connections to a portal get, so that it counts the requests of all."""

    connections = 0
    was_closed = False

    def connect(self, settings: ConnectionSettings) -> SharedClient:
        """Be the client that a connection gets."""
        self.connections += 1
        self.was_closed = False
        return self

    def close(self) -> None:
        self.was_closed = True


def at_portal(monkeypatch: pytest.MonkeyPatch, clients: Mapping[str, SharedClient]) -> None:
    """Let connections of these names lead to these clients."""

    async def aget_settings(hook: HarvestHook) -> ConnectionSettings:
        return ConnectionSettings(site=f"https://{hook.harvest_conn_id}.example")

    def reading_client(settings: ConnectionSettings) -> SharedClient:
        return clients[settings.site.removeprefix("https://").removesuffix(".example")].connect(settings)

    monkeypatch.setattr(HarvestHook, "aget_settings", aget_settings)
    monkeypatch.setattr(triggers_job, "reading_client", reading_client)
    monkeypatch.setattr(triggers_event, "reading_client", reading_client)
    _event_cursors._memory.clear()
