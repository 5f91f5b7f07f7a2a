"""What an apply knows of a portal's sources: what others create meanwhile, and what it costs to find a source."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.exceptions import HarvestApplyIncomplete, HarvestPlanStale, HarvestServerError
from airflow_provider_harvest.portal.as_code import ownership_marker
from airflow_provider_harvest.portal.as_code.apply.known_sources import KnownSources
from airflow_provider_harvest.portal.as_code.apply.pace import Pacing
from airflow_provider_harvest.portal.as_code.apply.run import apply_plan
from airflow_provider_harvest.portal.as_code.model import Acceptance, DeclaredSource
from airflow_provider_harvest.portal.as_code.plan.find_planned import SourceIndex
from airflow_provider_harvest.portal.models import HarvestSource, HarvestValidation
from tests.support.declared_sources import declared, planned
from tests.support.fake_portal.managed import ORGANIZATIONS, ManagedPortal
from tests.support.fake_portal.state import Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_harvest.portal.as_code.plan.planned_changes import Plan

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


#: Seconds between two writes, how many sources are created, and how often the newest ones are listed meanwhile.
SEARCHES = [(30.0, 2, 0), (31.0, 2, 1), (20.0, 3, 1), (20.0, 4, 1), (20.0, 5, 2)]


@pytest.mark.parametrize("interval, count, searches", SEARCHES)
def test_new_sources_are_searched_for_again_after_30_seconds(
    portal: ManagedPortal, interval: float, count: int, searches: int
) -> None:
    plan = planned(portal, *(town(f"k{number}") for number in range(count)))
    portal.requests.clear()
    apply_plan(portal, plan, limits=Pacing(write_interval=interval))
    assert portal.counts()["create"] == count
    assert portal.counts()["list_sources"] == searches + 2  # before the first write, and after the last


class TestSourceThatWasSeenLongAgo:
    """Before its own write a source is read again if it was last seen more than 30 seconds ago."""

    def planned(self, portal: ManagedPortal, meanwhile: Callable[[str], object]) -> Plan:
        """A plan that renames two sources; something happens to the second one when the first has its new name."""
        for key in ("k1", "k2"):
            portal.add(name="Old", url=f"https://{key}.example/", organization="north")
        plan = planned(portal, town("k1"), town("k2"))
        second = plan.changes[1].source_id or ""
        answer_instead(portal, "update", 1, lambda: meanwhile(second))
        portal.requests.clear()
        return plan

    @pytest.mark.parametrize("interval, reads", [(30.0, 0), (31.0, 1)])
    def test_is_read_again(self, portal: ManagedPortal, interval: float, reads: int) -> None:
        apply_plan(portal, self.planned(portal, lambda ident: None), limits=Pacing(write_interval=interval))
        assert portal.counts()["get_source"] == reads

    def test_that_somebody_has_changed_is_left_alone(self, portal: ManagedPortal) -> None:
        plan = self.planned(portal, lambda ident: portal.change(ident, name="By hand"))
        with pytest.raises(HarvestPlanStale, match=r"k2 .*: name\. 1 source is done; plan again"):
            apply_plan(portal, plan, limits=SLOW)
        assert sorted(source.name for source in portal.alive) == ["By hand", "k1"]

    @pytest.mark.parametrize("is_missing", [False, True], ids=["marked as deleted", "not there any more"])
    def test_that_somebody_has_deleted_is_reported(self, portal: ManagedPortal, is_missing: bool) -> None:
        def delete(ident: str) -> None:
            portal.change(ident, deleted="2026-01-01T00:00:00+00:00")
            if is_missing:
                answer_instead(portal, "get_source", 1, lambda: Response(404, {"message": "Not found."}))

        plan = self.planned(portal, delete)
        with pytest.raises(HarvestPlanStale, match=r"k2 .*: the source is gone"):
            apply_plan(portal, plan, limits=SLOW)

    def test_whose_place_a_page_of_a_proxy_has_taken_is_not_gone(self, portal: ManagedPortal) -> None:
        def proxy(ident: str) -> None:
            answer_instead(portal, "get_source", 1, lambda: Response(404, "<html>"))

        plan = self.planned(portal, proxy)
        with pytest.raises(HarvestApplyIncomplete, match=r"first k2: .* responded with 404"):
            apply_plan(portal, plan, limits=SLOW)
        assert sorted(source.name for source in portal.alive) == ["Old", "k1"]


def test_source_whose_address_has_changed_is_found_by_the_new_one_only() -> None:
    index = SourceIndex([HarvestSource("1", "Town", "https://a.example/", "dcat")])
    index.put(HarvestSource("1", "Town", "https://b.example/", "dcat"))
    assert index.at("https://a.example/", "dcat") == []
    assert [source.id for source in index.at("https://b.example/", "dcat")] == ["1"]


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
