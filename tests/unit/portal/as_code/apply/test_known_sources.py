"""What an apply knows of a portal's sources: what others create meanwhile, and what it costs to find a source."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from airflow_provider_harvest.exceptions import HarvestPlanStale, HarvestServerError
from airflow_provider_harvest.portal.as_code import ownership_marker
from airflow_provider_harvest.portal.as_code.apply.known_sources import KnownSources
from airflow_provider_harvest.portal.as_code.apply.pace import Pacing
from airflow_provider_harvest.portal.as_code.apply.run import apply_plan
from airflow_provider_harvest.portal.as_code.model import Acceptance, DeclaredSource
from airflow_provider_harvest.portal.models import HarvestValidation
from tests.support.declared_sources import declared, planned
from tests.support.fake_portal.managed import ORGANIZATIONS, ManagedPortal
from tests.support.fake_portal.state import Response

#: So slow that each new source is searched for once more before it is created.
SLOW = Pacing(write_interval=40.0)


@pytest.fixture
def portal() -> ManagedPortal:
    """A portal without sources."""
    return ManagedPortal()


def town(key: str) -> DeclaredSource:
    return declared(key, name=key, url=f"https://{key}.example/", organization="north")


def answer_instead(portal: ManagedPortal, name: str, number: int, response: Any) -> None:
    """Call something in place of the answer to one request, counted from 1; None for the portal's own answer."""
    answer, count = portal.answer, [0]

    def answered(asked: str, *request: Any) -> Response:
        count[0] += asked == name
        own = response() if asked == name and count[0] == number else None
        return own or answer(asked, *request)

    portal.answer = answered  # type: ignore[method-assign]


def created_by_somebody_else(portal: ManagedPortal, key: str) -> None:
    """Create a source of the files, a second ago: it is listed below the one that is about to be created."""
    portal.add(
        name=key,
        url=f"https://{key}.example/",
        organization="north",
        description=ownership_marker.join(None, "us", key),
        created_at=datetime.fromtimestamp(portal.clock.now(), tz=timezone.utc) - timedelta(seconds=1),
    )


@pytest.mark.parametrize("before", [1, 2, 3])
def test_source_that_somebody_creates_between_two_of_ours_is_not_created_again(
    portal: ManagedPortal, before: int
) -> None:
    plan = planned(portal, *map(town, ["k1", "k2", "k3", "k4"]), managed_by="us")
    answer_instead(portal, "create", before, lambda: created_by_somebody_else(portal, "k4"))

    apply_plan(portal, plan, limits=SLOW)

    assert sorted(source.name for source in portal.alive) == ["k1", "k2", "k3", "k4"]


def test_source_that_somebody_creates_while_the_portal_lets_us_wait_is_not_created_again(portal: ManagedPortal) -> None:
    plan = planned(portal, town("k1"), managed_by="us")

    def busy() -> Response:
        created_by_somebody_else(portal, "k1")
        return Response(429, {"message": "Too many."}, {"Retry-After": "60"})

    answer_instead(portal, "create", 1, busy)
    with pytest.raises(HarvestPlanStale, match="somebody has created it meanwhile"):
        apply_plan(portal, plan)
    assert len(portal.alive) == 1
    assert apply_plan(portal, plan).unchanged == 1


def test_search_that_failed_is_made_again(portal: ManagedPortal) -> None:
    """What its pages would have shown is not taken for known."""
    known = KnownSources(portal)
    portal.clock.sleep(40)
    created_by_somebody_else(portal, "k1")
    answer = portal.answer
    portal.answer = lambda *request: Response(500, {"message": "down"})  # type: ignore[method-assign]
    with pytest.raises(HarvestServerError):
        known.search(ORGANIZATIONS["north"], None)
    portal.answer = answer  # type: ignore[method-assign]

    known.search(ORGANIZATIONS["north"], None)

    assert [source.name for source in known.index.marked("us", "k1")] == ["k1"]


@pytest.mark.parametrize("url", ["http://[town/x", "http://town.example:odd/", "no address"])
def test_invalid_address_ends_no_apply(portal: ManagedPortal, url: str) -> None:
    source = portal.add(name="Town", url=url, validation=HarvestValidation("pending"))
    plan = planned(portal, DeclaredSource("town", "", {"name": "Town"}, portal_id=source.id, validation=Acceptance()))
    apply_plan(portal, plan, limits=Pacing(0.0, 0.0))
    assert portal.sources[source.id].is_accepted


def test_second_marked_source_stops_it(portal: ManagedPortal) -> None:
    plan = planned(portal, *map(town, ["k1", "k2"]), managed_by="us")

    def twice() -> None:
        for _ in "ab":
            created_by_somebody_else(portal, "k2")

    answer_instead(portal, "create", 1, twice)
    with pytest.raises(HarvestPlanStale, match="but 2 such sources exist by now"):
        apply_plan(portal, plan, limits=SLOW)


def test_finding_each_source_does_not_read_all_others(portal: ManagedPortal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each description is taken apart a few times, not once for each new source."""
    count = 60
    for number in range(count):
        portal.add(name=f"S{number}", url=f"https://a.example/{number}", organization="north")
    plan = planned(portal, *(town(f"k{number}") for number in range(count)), managed_by="us")
    split, calls = ownership_marker.split, [0]

    def counted(description: str | None) -> Any:
        calls[0] += 1
        return split(description)

    monkeypatch.setattr(ownership_marker, "split", counted)
    apply_plan(portal, plan, limits=Pacing(write_interval=0.0, accept_interval=0.0))

    assert len(portal.alive) == 2 * count
    assert calls[0] < 40 * count
