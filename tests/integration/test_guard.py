"""The guard on every release: what it holds, what it leaves alone, and what ends a hold.

All disasters and ordinary days are in tests/guard_proof.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_harvest.exceptions import HarvestAuthError, HarvestInvalidInput
from airflow_provider_harvest.operators.guard import GUARD_STATE_KEY
from airflow_provider_harvest.portal.guard import live_records
from airflow_provider_harvest.portal.guard.hold_and_release import hold, hold_ahead, is_held, release
from tests.support.guarded_world import DAY, World

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestSource
    from sandbox import Sandbox
    from sandbox.catalogue import CatalogueServer
    from tests.support.portal_api import PortalApi

    MakeSource = Callable[..., HarvestSource]

pytestmark = pytest.mark.integration


@pytest.fixture
def world(
    portal: Sandbox, admin: HarvestClient, catalogue_server: CatalogueServer, monkeypatch: pytest.MonkeyPatch
) -> World:
    return World(portal, admin, catalogue_server, monkeypatch)


@pytest.mark.every_release
def test_disaster_is_held_and_nothing_is_archived(world: World, new_harvest: MakeSource) -> None:
    source = new_harvest(datasets=8)
    world.days_pass(source)
    world.serve(source, datasets=5)
    world.harvest(source)

    result = world.guard(source)
    assert (result["held_ids"], result["rows"][0]["action"]) == ([source.id], "held")
    assert world.read(source).autoarchive is False
    world.days_pass(source, days=9)
    world.harvest(source)
    assert world.guard(source)["held_ids"] == [source.id]
    assert world.writes == []
    assert world.archived(source) == []


@pytest.mark.every_release
@pytest.mark.parametrize("size", [live_records.READ_WHOLE, 0], ids=["small", "large"])
def test_loss_of_a_source_that_was_given_to_another_organization_is_held(
    world: World, new_harvest: MakeSource, api: PortalApi, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """Its records stay with the organization before; from 16.6 on their items fail, too."""
    monkeypatch.setattr(live_records, "READ_WHOLE", size)
    source = new_harvest(datasets=8)
    other = world.admin.create_organization(f"Heirs of {source.name}", "They take over.")
    whole = {name: getattr(source, name) for name in ("name", "url", "backend", "active", "autoarchive")}
    body = {**whole, "config": {}, "organization": other.id}
    assert api.call("PUT", api.source_path(source.id), world.portal.keys.admin, body)[0] == 200
    world.days_pass(source)
    world.serve(source, datasets=3)
    world.harvest(source)
    assert {dataset["organization"]["id"] for dataset in world.portal.datasets(source_id=source.id)} == {
        world.portal.organization.id
    }

    result = world.guard(key="admin", organization=other.id)
    assert (result["held_ids"], result["rows"][0]["missing"]) == ([source.id], 5)
    world.days_pass(source, days=9)
    world.harvest(source)
    assert world.guard(key="admin", organization=other.id, examine_all=False)["held_ids"] == [source.id]
    assert world.archived(source) == []


@pytest.mark.every_release
def test_without_the_guard_the_same_disaster_archives(world: World, new_harvest: MakeSource) -> None:
    source = new_harvest(datasets=8)
    world.days_pass(source, days=8)
    world.serve(source, datasets=5)
    world.harvest(source)
    assert len(world.archived(source)) == 3


@pytest.mark.every_release
def test_dataset_taken_out_on_purpose_is_left_alone(world: World, new_harvest: MakeSource) -> None:
    source = new_harvest(datasets=8)
    world.days_pass(source)
    world.serve(source, datasets=7)
    world.harvest(source)
    result = world.guard(source)
    assert (result["must_hold_ids"], result["held_ids"], world.writes) == ([], [], [])
    assert world.read(source).autoarchive is True


def test_first_harvest_is_left_alone(world: World, new_harvest: MakeSource) -> None:
    result = world.guard(new_harvest(datasets=4))
    assert (result["rows"], world.writes) == ([], [])


def test_report_needs_no_key_and_writes_nothing(world: World, new_harvest: MakeSource) -> None:
    source = new_harvest(datasets=8)
    world.days_pass(source)
    world.serve(source, datasets=3)
    world.harvest(source)
    result = world.guard(source, key=None, mode="report")
    assert (result["must_hold_ids"], result["held_ids"], world.writes) == ([source.id], [], [])
    row = result["rows"][0]
    assert (row["missing"], row["will_archive"], len(row["missing_records"])) == (5, 5, 5)
    assert all(record["title"] and record["url"] and record["archived_at"] for record in row["missing_records"])


@pytest.mark.every_release
def test_hold_is_lifted_by_itself_when_the_records_are_back(world: World, new_harvest: MakeSource) -> None:
    source = new_harvest(datasets=8)
    description = world.read(source).description
    world.days_pass(source)
    world.serve(source, datasets=5)
    world.harvest(source)
    assert world.guard(source)["held_ids"] == [source.id]
    world.days_pass(source)
    world.serve(source, datasets=8)
    world.harvest(source)
    result = world.guard(source)
    assert (result["held_ids"], result["lifted_ids"], len(world.writes)) == ([], [source.id], 1)
    after = world.read(source)
    assert (after.autoarchive, after.description or None) == (True, description or None)


@pytest.mark.every_release
def test_accepted_loss_is_archived_and_not_held_again(
    world: World, org_admin: HarvestClient, new_harvest: MakeSource
) -> None:
    source = new_harvest(datasets=8)
    world.days_pass(source)
    world.serve(source, datasets=3)
    world.harvest(source)
    world.guard(source)
    assert release(org_admin, source.id, accept=True)[1] is True
    assert release(org_admin, source.id, accept=True)[1] is False
    assert world.guard(source)["must_hold_ids"] == []
    assert world.writes == []
    world.harvest(source)
    assert world.archived(source) == []  # the grace has not passed
    world.portal.control.backdate_records(source.id, 8 * DAY)
    world.harvest(source)
    assert len(world.archived(source)) == 5
    assert world.guard(source)["must_hold_ids"] == []


@pytest.mark.every_release
def test_second_loss_is_lifted_when_it_is_back_although_the_accepted_one_is_not(
    world: World, org_admin: HarvestClient, new_harvest: MakeSource
) -> None:
    source = new_harvest(datasets=20)
    world.days_pass(source)
    world.serve(source, datasets=14)
    world.harvest(source)
    world.guard(source)
    release(org_admin, source.id, accept=True)
    world.serve(source, datasets=8)
    world.harvest(source)
    assert world.guard(source)["held_ids"] == [source.id]
    description = world.read(source).description or ""
    assert [line[:24] for line in description.splitlines()[-2:]] == [
        "[harvest guard: autoarch",
        "[harvest guard: loss acc",
    ]
    world.serve(source, datasets=14)
    world.harvest(source)
    result = world.guard(source)
    assert (result["held_ids"], result["lifted_ids"], len(world.writes)) == ([], [source.id], 1)
    assert world.guard(source)["must_hold_ids"] == []  # the first six are still accepted
    assert world.writes == []


@pytest.mark.every_release
def test_loss_that_grows_under_a_hold_is_asked_about_again(
    world: World, org_admin: HarvestClient, new_harvest: MakeSource
) -> None:
    source = new_harvest(datasets=20)
    world.days_pass(source)
    world.serve(source, datasets=14)
    world.harvest(source)
    first = world.guard(source)
    world.serve(source, datasets=8)
    world.harvest(source)
    second = world.guard(source)
    assert [result["newly_held_ids"] for result in (first, second)] == [[source.id], [source.id]]
    assert [result["approval_body"].count("\n- ") for result in (first, second)] == [6, 12]
    assert world.guard(source)["newly_held_ids"] == []
    assert world.writes == []
    with pytest.raises(HarvestInvalidInput, match="has lost more since"):
        release(org_admin, source.id, accept=True, held_since=first["held_since"][source.id])
    assert is_held(world.read(source))
    release(org_admin, source.id, accept=True, held_since=second["held_since"][source.id])
    result = world.guard(source)
    assert (result["must_hold_ids"], result["held_ids"], world.writes) == ([], [], [])


@pytest.mark.every_release
def test_hold_of_a_killed_guarded_run_is_reported_before_any_harvest_has_ended(
    world: World, admin: HarvestClient, org_admin: HarvestClient, new_source: MakeSource
) -> None:
    source = new_source(mode="error-500")
    hold_ahead(org_admin, source.id)
    admin.validate_source(source.id)
    world.portal.control.wait_until_idle()
    assert world.read(source).last_job.status == "failed"  # type: ignore[union-attr]
    result = world.guard(source)
    assert (result["held_ids"], world.writes) == ([source.id], [])
    assert "No harvest of it has ended as it should" in result["message"]
    world.serve(source, datasets=3)
    world.harvest(source)
    result = world.guard(source)
    assert (result["held_ids"], result["lifted_ids"]) == ([], [source.id])


@pytest.mark.every_release
def test_owners_own_choice_is_left_alone(world: World, org_admin: HarvestClient, new_harvest: MakeSource) -> None:
    source = new_harvest(datasets=8)
    org_admin.update_source(source.id, autoarchive=False)
    world.days_pass(source)
    world.serve(source, mode="empty")
    world.harvest(source)
    result = world.guard(source)
    assert (result["held_ids"], result["rows"], world.writes) == ([], [], [])
    assert not is_held(world.read(source))
    with pytest.raises(HarvestInvalidInput, match="off by its owner"):
        release(org_admin, source.id, accept=True)


@pytest.mark.every_release
def test_hold_survives_harvests_and_changes_of_other_fields(
    world: World, org_admin: HarvestClient, new_harvest: MakeSource
) -> None:
    source = new_harvest(datasets=8)
    world.days_pass(source)
    world.serve(source, datasets=2)
    world.harvest(source)
    world.guard(source)
    noted = world.read(source).description
    world.harvest(source)
    org_admin.update_source(source.id, name=f"{source.name} renamed", config={"filters": []})
    read = world.read(source)
    assert (is_held(read), read.description) == (True, noted)


def test_key_without_the_right_cannot_hold_and_it_is_said(world: World, new_harvest: MakeSource) -> None:
    source = new_harvest(datasets=8)
    world.days_pass(source)
    world.serve(source, mode="empty")
    world.harvest(source)
    for key in ("user", None, "a-key-that-the-portal-does-not-know"):
        result = world.guard(source, key=key)
        assert result["cannot_hold_ids"] == [source.id]
        assert "CANNOT BE HELD" in result["message"]
        assert result["not_holdable_ids"] == [source.id]
        assert world.ti.xcoms[GUARD_STATE_KEY]["since"] is None  # the next run examines it again
    assert world.read(source).autoarchive is True
    with pytest.raises(HarvestAuthError):
        hold(world.admin.__class__(world.portal.url, world.portal.keys.user), source.id, 1, source.created_at)  # type: ignore[arg-type]


@pytest.mark.parametrize("cron", ["0 3 1 * *", "0 3 1 1 *"])
def test_source_that_runs_too_rarely_is_named_one_run_ahead(
    world: World, admin: HarvestClient, new_harvest: MakeSource, cron: str
) -> None:
    source = new_harvest(datasets=5)
    admin.schedule_source(source.id, cron)
    world.days_pass(source, days=8)
    result = world.guard(source)
    assert result["exposed_ids"] == [source.id]
    assert "cannot be held afterwards" in result["message"]


def test_exposed_source_whose_archiving_is_off_during_its_run_loses_nothing(
    world: World, admin: HarvestClient, org_admin: HarvestClient, new_harvest: MakeSource
) -> None:
    """What the guide says for those who may not start harvests."""
    source = new_harvest(datasets=8)
    admin.schedule_source(source.id, "0 3 1 * *")
    world.days_pass(source, days=20)
    assert world.guard(source, examine_all=False)["exposed_ids"] == [source.id]
    org_admin.update_source(source.id, autoarchive=False)
    world.serve(source, datasets=3)
    world.harvest(source)
    result = world.guard(source, examine_all=False)
    assert (result["exposed_ids"], result["held_ids"], world.archived(source)) == ([], [], [])
    assert world.read(source).autoarchive is False
    org_admin.update_source(source.id, autoarchive=True)
    assert world.guard(source, examine_all=False)["held_ids"] == [source.id]
    world.harvest(source)
    assert world.archived(source) == []


def test_second_run_examines_only_what_was_harvested_since(
    world: World, portal: Sandbox, new_harvest: MakeSource
) -> None:
    source = new_harvest(datasets=3)
    world.days_pass(source)
    world.guard(source, examine_all=False)
    mark = portal.mark()
    world.guard(source, examine_all=False)
    assert [request.path for request in portal.requests(mark)] == ["/api/1/harvest/sources/"]
