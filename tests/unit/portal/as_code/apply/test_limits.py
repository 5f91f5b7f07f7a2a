"""What an apply leaves undone, and what it does not request: limits of a portal, denied effects, needless writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.exceptions import HarvestApplyIncomplete, HarvestInvalidInput
from airflow_provider_harvest.portal.as_code import ownership_marker
from airflow_provider_harvest.portal.as_code.apply.organizations import create_organizations, missing_organizations
from airflow_provider_harvest.portal.as_code.apply.pace import Pacing
from airflow_provider_harvest.portal.as_code.apply.run import apply_plan
from airflow_provider_harvest.portal.as_code.model import Acceptance, Cron, Declaration
from airflow_provider_harvest.portal.models import HarvestRef, HarvestValidation
from tests.support.declared_sources import URL, declared, planned
from tests.support.fake_portal.managed import ORGANIZATIONS, USER, ManagedPortal
from tests.support.fake_portal.state import Response

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.as_code.plan.planned_changes import Plan

HURRY = Pacing(write_interval=0.0, accept_interval=0.0)


@pytest.fixture
def portal() -> ManagedPortal:
    """A portal without sources."""
    return ManagedPortal()


def gone(portal: ManagedPortal, count: int) -> Plan:
    """A plan that deletes so many sources."""
    for number in range(count):
        portal.add(name=f"Town {number}", description=ownership_marker.join(None, "us", f"town-{number}"))
    return planned(portal, managed_by="us", prune=True)


@pytest.mark.parametrize("step", ["update", "validate", "schedule"])
def test_change_that_a_portal_takes_only_tomorrow_ends_it(portal: ManagedPortal, step: str) -> None:
    """Only new sources are limited by themselves: a portal that rejects another write would reject the next one too."""
    pending = {"validation": HarvestValidation("pending")}
    sources = [portal.add(name="Old", url=f"https://{key}.example/", **pending) for key in ("k1", "k2")]
    said: dict[str, Any] = {"schedule": Cron("5 3 * * *"), "validation": Acceptance()}
    plan = planned(portal, *(declared(f"k{n}", portal_id=one.id, url=one.url, **said) for n, one in enumerate(sources)))
    answer = portal.answer

    def answered(name: str, *request: Any) -> Response:
        too_many = Response(429, {"message": "Too many."}, {"Retry-After": "80000"})
        return too_many if name == step else answer(name, *request)

    portal.answer = answered  # type: ignore[method-assign]
    with pytest.raises(HarvestApplyIncomplete, match="Done so far: 0 of 2 sources") as caught:
        apply_plan(portal, plan, limits=HURRY)
    assert (caught.value.again, caught.value.retry_after) == (True, 80_000)
    assert caught.value.result["postponed"] == ["k0"]


def test_ten_deletions_need_no_larger_limit(portal: ManagedPortal) -> None:
    plan = gone(portal, 11)
    with pytest.raises(HarvestInvalidInput, match="deletes 11 sources, and max_deletes allows 10"):
        apply_plan(portal, plan, limits=HURRY, confirm_deletes=11)
    portal.delete_source(portal.alive[0].id)
    plan = planned(portal, managed_by="us", prune=True)
    apply_plan(portal, plan, limits=HURRY, confirm_deletes=10)
    assert portal.alive == []


@pytest.mark.parametrize("ours", [{}, {"organization": "north"}], ids=["a user's", "an organization's"])
def test_markers_of_strangers_do_not_make_a_deletion_a_small_one(portal: ManagedPortal, ours: dict[str, Any]) -> None:
    """Anybody may write the files' marker: one deletion of our two sources is half of them, not one of 22."""
    for number in range(20):
        marker = ownership_marker.join(None, "us", f"stranger-{number}")
        portal.add(owner=HarvestRef(USER), description=marker)
    for key in ("town", "gone"):
        portal.add(name="Town", url=f"https://{key}.example/", description=ownership_marker.join("", "us", key), **ours)
    plan = planned(portal, declared(url="https://town.example/", **ours), managed_by="us", prune=True)
    assert [change.key for change in plan.changes] == ["gone"]
    with pytest.raises(HarvestInvalidInput, match="deletes 1 of the 2 sources"):
        apply_plan(portal, plan, limits=HURRY)


def test_deletion_that_the_portal_has_not_made_has_failed(portal: ManagedPortal) -> None:
    plan = gone(portal, 1)
    portal.delete_source = lambda source_id: None  # type: ignore[method-assign]
    with pytest.raises(HarvestApplyIncomplete, match="delete is not as wanted"):
        apply_plan(portal, plan, limits=HURRY, confirm_deletes=1)


def test_cron_that_the_acceptance_has_set_is_not_set_again(portal: ManagedPortal) -> None:
    portal.add(url=URL, name="Town", validation=HarvestValidation("pending"))
    plan = planned(portal, declared(validation=Acceptance(), schedule=Cron("0 0 * * *")))
    apply_plan(portal, plan, limits=HURRY)
    assert [source.schedule for source in portal.alive] == ["0 0 * * *"]
    assert portal.counts()["schedule"] == 0


@pytest.mark.parametrize("said, is_ours", [({}, False), ({"owner": USER}, True)], ids=["the key's user", "another"])
def test_new_source_is_found_among_those_of_its_owner(
    portal: ManagedPortal, said: dict[str, Any], is_ours: bool
) -> None:
    """A source of the same URL and backend that another user creates meanwhile is not ours, and does not stop it."""
    plan = planned(portal, declared(**said))
    portal.add(url=URL, name="Town", owner=HarvestRef(USER))
    apply_plan(portal, plan, limits=HURRY)
    assert portal.counts()["create"] == (0 if is_ours else 1)


class TestOrganizations:
    """Those that files name, created on request."""

    def test_that_the_portal_lacks_are_found_by_their_slugs(self, portal: ManagedPortal) -> None:
        named = ["north", ORGANIZATIONS["south"], "5e00000000000000000000ff", "new-b", "new-a", None]
        files = Declaration(tuple(declared(f"k{n}", organization=name) for n, name in enumerate(named)))
        assert missing_organizations(portal, files) == ["new-a", "new-b"]

    def test_are_created(self, portal: ManagedPortal) -> None:
        create_organizations(portal, ["new-a", "new-b"])
        assert [portal.get_organization(slug).slug for slug in ("new-a", "new-b")] == ["new-a", "new-b"]

    def test_that_get_another_slug_are_refused(self, portal: ManagedPortal) -> None:
        with pytest.raises(HarvestInvalidInput, match="created organization 'New A' as 'new-a'"):
            create_organizations(portal, ["New A"])
