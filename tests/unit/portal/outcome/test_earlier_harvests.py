"""What a harvest is compared with: the last ten before it that read the whole catalogue, however many failed since."""

from __future__ import annotations

import copy
import functools
from typing import Any

import pytest

from airflow_provider_harvest.portal.outcome.read_ended_job import conclude
from airflow_provider_harvest.portal.outcome.verdict import OutcomePolicy
from tests.support.fake_portal.scripted import (
    SOURCE_ID,
    FakeClock,
    ScriptedClient,
    ScriptedPortal,
    Timeline,
    items_move,
    job_appears,
    job_ends,
    portal_of,
)

HOUR = 3600.0
DROP = {"max_drop_ratio": 0.1}


def harvest(job_id: str, hours_ago: float, status: str = "done", **items: int) -> Timeline:
    """A harvest that ended a minute after it began, some hours ago."""
    at = -hours_ago * HOUR
    return [(at, job_appears(job_id)), (at + 30, items_move(job_id, **items)), (at + 60, job_ends(job_id, status))]


def life(
    now: dict[str, Any], *, failed: int = 0, whole: int = 10, done: int = 100, later: int = 0
) -> list[tuple[float, Any]]:
    """Harvests of every hour: whole ones, then failed ones, then the one that is judged, then later ones."""
    story = [*harvest("judged", 200, **now)]
    for n in range(failed):
        story += harvest(f"failed-{n}", 201 + n, "failed")
    for n in range(whole):
        story += harvest(f"whole-{n}", 201 + failed + n, done=done + n)
    for n in range(later):
        story += harvest(f"later-{n}", 199 - n, done=2 * done)
    return story


@functools.cache  # each generation shows the same history in its own shape, and building it takes longest
def portal_after(timeline: tuple[tuple[float, Any], ...]) -> ScriptedPortal:
    portal = portal_of(FakeClock(), timeline)
    portal.live()
    return portal


def judged(timeline: Timeline, generation: str, **policy: Any) -> tuple[str, str | None, ScriptedClient]:
    portal = copy.copy(portal_after(tuple(timeline)))
    portal.generation = generation
    client = ScriptedClient(portal)
    result = conclude(client, portal.life.source, "judged", "started", OutcomePolicy.create(**policy))
    return result["outcome"], result["failure_kind"], client


@pytest.mark.parametrize("generation", ["A", "B", "D"])
@pytest.mark.parametrize(
    "timeline, policy, kind",
    [
        pytest.param(life({"done": 20}), DROP, "loss", id="fewer than before"),
        pytest.param(life({"done": 20}, failed=8), DROP, "loss", id="after eight failures"),
        pytest.param(life({"done": 20}, failed=9), DROP, "loss", id="after nine"),
        pytest.param(life({"done": 20}, failed=250), DROP, "loss", id="after ten days of failures"),
        pytest.param(life({"done": 20}, failed=40, whole=1), DROP, "loss", id="after failures, one whole"),
        pytest.param(life({"done": 20}, later=14), DROP, "loss", id="judged late"),
        pytest.param(life({"done": 105}, later=14), DROP, None, id="judged late, more came since"),
        pytest.param(life({"done": 105}, failed=30), DROP, None, id="as many as before"),
        pytest.param(life({"done": 105}, failed=3, whole=12, done=106), DROP, None, id="one of the last ten"),
        pytest.param(life({"done": 20}, failed=30, whole=0), DROP, None, id="all failed before"),
        pytest.param(life({"done": 20}, whole=0), DROP, None, id="the first"),
        pytest.param(life({"done": 1, "skipped": 99}), {}, "skipped", id="most are skipped"),
        pytest.param(life({"done": 1, "skipped": 99}, failed=9), {}, "skipped", id="most are skipped, after nine"),
    ],
)
def test_a_harvest_is_compared_with_the_last_whole_ones(
    timeline: Timeline, policy: dict[str, Any], kind: str | None, generation: str
) -> None:
    outcome, failure_kind, _ = judged(timeline, generation, **policy)
    assert (outcome, failure_kind) == ("success" if kind is None else "failure", kind)


def test_a_harvest_beyond_the_last_ten_whole_ones_does_not_count() -> None:
    best = [*life({"done": 105}, failed=20), *harvest("once", 999, done=1000)]
    assert judged(best, "D", **DROP)[0] == "success"
    fewer = [*life({"done": 105}, failed=20, whole=9), *harvest("once", 999, done=1000)]
    assert judged(fewer, "D", **DROP)[0] == "failure"


@pytest.mark.parametrize("generation", ["A", "B", "D"])
@pytest.mark.parametrize(
    "timeline, requests",
    [
        pytest.param(life({"done": 99}, failed=failed, whole=whole), requests, id=f"{failed}-{whole}-{requests}")
        for failed, whole, requests in [(0, 10, 1), (0, 4, 1), (0, 30, 1), (3, 30, 2), (150, 10, 2)]
    ],
)
def test_a_source_whose_last_ten_harvests_were_whole_costs_one_request(
    timeline: Timeline, requests: int, generation: str
) -> None:
    _, _, client = judged(timeline, generation, **DROP)
    assert client.count("list_jobs") == requests
    assert SOURCE_ID in client.portal.sources
