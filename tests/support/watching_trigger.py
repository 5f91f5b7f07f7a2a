"""An event trigger that watches an imitated portal in fake time, across triggerers that come and go."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.triggers import _event_cursors
from airflow_provider_harvest.triggers._event_cursors import CURSOR_KEY
from airflow_provider_harvest.triggers.event import HarvestJobEventTrigger
from tests.support.fake_portal.scripted import OWNER, FakeClock, ScriptedPortal, Timeline
from tests.support.fake_time import run_in_fake_time, without_threads
from tests.support.portal_connections import SharedClient, at_portal

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest


class Store:
    """What Airflow 3.3 keeps with an asset."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    async def aget(self, key: str, default: Any = None) -> Any:
        return json.loads(self.values[key]) if key in self.values else default

    async def aset(self, key: str, value: Any) -> None:
        self.values[key] = json.dumps(value)

    @property
    def cursor(self) -> dict[str, Any]:
        return dict(json.loads(self.values[CURSOR_KEY]))


class Watched:
    """A portal, and triggerers that come and go while a trigger watches it."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, lives: Mapping[str, Timeline], generation: str = "D", keeps: bool = True
    ) -> None:
        self.clock = FakeClock()
        self.portal = ScriptedPortal(self.clock, lives, generation=generation, owner=OWNER)
        self.client = SharedClient(self.portal)
        self.store = Store() if keeps else None
        self.told: list[dict[str, Any]] = []
        at_portal(monkeypatch, {"one": self.client})
        monkeypatch.setattr(_event_cursors, "Clock", lambda: self.clock)
        without_threads(monkeypatch)

    def watch(self, seconds: float, killed_after: int | None = None, **arguments: Any) -> list[str]:
        """Run the trigger for a while; return the ids of the jobs that it reported.

        :param killed_after: how many events it may fire before its triggerer is killed.
        """
        trigger = HarvestJobEventTrigger("one", **arguments)
        trigger.asset_state_store = self.store  # type: ignore[assignment]
        told: list[dict[str, Any]] = []

        async def follow() -> None:
            async for event in trigger.run():
                told.append(event.payload)
                if len(told) == killed_after:
                    return

        async def story() -> None:
            following = asyncio.ensure_future(follow())
            await asyncio.wait([following], timeout=seconds)
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

        run_in_fake_time(self.clock, story())
        self.told += told
        return [payload["job_id"] for payload in told]


def reported(cursor: dict[str, Any]) -> list[str]:
    """Return the ids of the jobs that a cursor keeps as reported."""
    return list(cursor["told"].values())


def ids(count: int) -> list[str]:
    """Return the ids of so many sources."""
    return [f"s{number:02}" for number in range(count)]
