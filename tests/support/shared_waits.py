"""Deferred waits on one scripted portal that share a poll loop, as in a triggerer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.portal.waiting.wait_plan import WaitPlan
from airflow_provider_harvest.triggers.job import HarvestJobTrigger
from tests.support.fake_portal.scripted import (
    T0,
    FakeClock,
    ScriptedPortal,
    Timeline,
)
from tests.support.fake_time import run_in_fake_time, without_threads
from tests.support.portal_connections import SharedClient, at_portal

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

    import pytest


class Waits:
    """Deferred waits on one portal, which run on one event loop as in a triggerer.

    :param lives: for each source its timeline; a wait for each is planned by ``plan``.
    """

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, lives: Mapping[str, Timeline], generation: str = "D", others: int = 0
    ) -> None:
        self.clock = FakeClock()
        self.portal = ScriptedPortal(self.clock, lives, generation=generation, others=others)
        self.client = SharedClient(self.portal)
        at_portal(monkeypatch, {"one": self.client})
        without_threads(monkeypatch)
        self.triggers: dict[str, HarvestJobTrigger] = {}
        self.ended_at: dict[str, float] = {}

    def plan(self, source_id: str, **plan: Any) -> Waits:
        """Plan a wait for a source; further arguments are those of its `WaitPlan`."""
        settings: dict[str, Any] = {"begun": T0, **plan}
        self.triggers[source_id] = HarvestJobTrigger("one", WaitPlan(source_id, "started", **settings).to_dict())
        return self

    async def follow(self, source_id: str) -> dict[str, Any]:
        """Run the trigger of a source; return its event."""
        async for event in self.triggers[source_id].run():
            self.ended_at[source_id] = self.clock.now() - T0
            return dict(event.payload)
        raise AssertionError("no event")

    def to_the_end(self) -> dict[str, dict[str, Any]]:
        """Run all of them; return the event of each."""

        async def story() -> list[dict[str, Any]]:
            return await asyncio.gather(*(self.follow(ident) for ident in self.triggers))

        return dict(zip(self.triggers, run_in_fake_time(self.clock, story()), strict=True))

    def until_the_end_of(self, source_id: str) -> dict[str, Any]:
        """Run all of them until one ends; return its event."""

        return self.with_others(source_id, *(self.follow(ident) for ident in self.triggers if ident != source_id))

    def with_others(self, source_id: str, *others: Coroutine[Any, Any, object]) -> dict[str, Any]:
        """Run the wait for a source to its end, and others until then; return its event."""

        async def story() -> dict[str, Any]:
            running = [asyncio.ensure_future(other) for other in others]
            event = await self.follow(source_id)
            for other in running:
                other.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            return event

        event: dict[str, Any] = run_in_fake_time(self.clock, story())
        return event

    def states(self) -> dict[str, str]:
        """Run all of them; return the state with which each ends."""
        return {ident: event["state"] for ident, event in self.to_the_end().items()}


def ids(count: int) -> list[str]:
    """Return the ids of so many sources."""
    return [f"s{number:03}" for number in range(count)]
