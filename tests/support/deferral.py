"""A task that deferred, and its trigger on an event loop in fake time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.hooks._connection_settings import ConnectionSettings
from airflow_provider_harvest.hooks.harvest import HarvestHook
from airflow_provider_harvest.portal.waiting.wait_plan import WaitPlan
from airflow_provider_harvest.triggers import job as triggers_job
from airflow_provider_harvest.triggers.job import HarvestJobTrigger
from tests.support.fake_portal.direct_client import SITE
from tests.support.fake_portal.scripted import (
    SOURCE_ID,
    T0,
    FakeClock,
    ScriptedClient,
    Timeline,
    portal_of,
)
from tests.support.fake_time import run_in_fake_time

if TYPE_CHECKING:
    import pytest

HOUR = 3600.0


class Deferral:
    """A task that deferred, on a portal that lives by a timeline."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, timeline: Timeline = (), **plan: Any) -> None:
        self.clock = FakeClock()
        self.client = ScriptedClient(portal_of(self.clock, timeline))
        self.was_closed = False
        monkeypatch.setattr(self.client, "close", self._close)
        settings: dict[str, Any] = {
            "how": "started", "known": ("old",), "begun": T0, "start_deadline": T0 + 2 * HOUR, **plan,
        }  # fmt: skip
        self.plan = WaitPlan(SOURCE_ID, **settings)
        self.trigger = HarvestJobTrigger("my_portal", self.plan.to_dict())

        async def aget_settings(hook: HarvestHook) -> ConnectionSettings:
            assert hook.harvest_conn_id == "my_portal"
            return ConnectionSettings(site=SITE)

        monkeypatch.setattr(HarvestHook, "aget_settings", aget_settings)
        monkeypatch.setattr(triggers_job, "reading_client", lambda settings: self.client)

    def _close(self) -> None:
        self.was_closed = True

    def events(self, trigger: HarvestJobTrigger | None = None) -> list[dict[str, Any]]:
        """Run the trigger to its end."""

        async def story() -> list[dict[str, Any]]:
            return [event.payload async for event in (trigger or self.trigger).run()]

        return self.run(story())

    def run(self, story: Any) -> Any:
        return run_in_fake_time(self.clock, story)

    @property
    def elapsed(self) -> float:
        return self.clock.now() - T0
