"""The guard on a real portal: disasters are held before anything is archived, and ordinary days are left alone.

Days pass by moving what the portal's database remembers of them into the past, which its rule cannot tell from waiting.
"""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.exceptions import HarvestAuthError, HarvestInvalidInput
from airflow_provider_harvest.operators.guard import STATE_KEY
from airflow_provider_harvest.operators.portal import HarvestGuardOperator
from airflow_provider_harvest.portal.guard.holds import hold, is_held, release

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestSource
    from sandbox import Sandbox
    from sandbox.catalogue import CatalogueServer

    MakeSource = Callable[..., HarvestSource]

pytestmark = pytest.mark.integration

DAY = 86400.0


class World:
    """A portal whose days are turned by the test, and the guard's task on it."""

    def __init__(
        self, portal: Sandbox, admin: HarvestClient, catalogues: CatalogueServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.portal, self.admin, self.catalogues = portal, admin, catalogues
        self.state: Any = None
        self.writes: list[Any] = []
        self._setenv = monkeypatch.setenv

    def serve(self, source: HarvestSource, **contents: Any) -> None:
        """Make the source's catalogue serve something else."""
        self.catalogues.put(source.url.rsplit("/", 1)[1].removesuffix(".xml"), **contents)

    def days_pass(self, source: HarvestSource, days: float) -> None:
        self.portal.control.backdate_records(source.id, days * DAY)
        for job in list(self.admin.iter_jobs(source.id)):
            self.portal.control.backdate_job(str(job.id), days * DAY)

    def harvest(self, source: HarvestSource) -> None:
        self.portal.control.run_scheduled(source.id)
        self.portal.control.wait_until_idle()

    def archived(self, source: HarvestSource) -> list[str]:
        return self.portal.control.archived(source.id)

    def guard(self, *sources: HarvestSource, key: str | None = "org_admin", **arguments: Any) -> dict[str, Any]:
        """Run the guard's task once; `writes` are the requests by which it changed something."""
        connection: dict[str, Any] = {"conn_type": "harvest", "host": self.portal.url}
        if key:
            connection["password"] = getattr(self.portal.keys, key, key)
        self._setenv("AIRFLOW_CONN_PORTAL", json.dumps(connection))
        operator = HarvestGuardOperator(
            task_id="guard",
            harvest_conn_id="portal",
            source_ids=[source.id for source in sources],
            **{"mode": "hold", "examine_all": True, **arguments},
        )
        pushed: dict[str, Any] = {}
        ti = SimpleNamespace(
            map_index=-1,
            xcom_push=lambda key, value: pushed.update({key: json.loads(json.dumps(value))}),
            xcom_pull=lambda **_: self.state,
        )
        mark = self.portal.mark()
        result: dict[str, Any] = operator.execute({"ti": ti})  # type: ignore[typeddict-item]
        self.state = pushed.get(STATE_KEY, self.state)
        self.writes = [request for request in self.portal.requests(mark) if request.method != "GET"]
        assert len(result["message"].splitlines()) <= 15
        return result

    def read(self, source: HarvestSource) -> HarvestSource:
        return self.admin.get_source(source.id)


@pytest.fixture
def world(
    portal: Sandbox, admin: HarvestClient, catalogue_server: CatalogueServer, monkeypatch: pytest.MonkeyPatch
) -> World:
    return World(portal, admin, catalogue_server, monkeypatch)


DISASTERS: dict[str, dict[str, Any]] = {
    "empty but valid catalogue": {"mode": "empty"},
    "paging that ends early; 40 % gone": {"datasets": 18},
    "filter edited; fewer rows than before": {"datasets": 24},
    "all ids new, same count; backend switched; portal upgraded": {"datasets": 30, "prefix": "other-"},
    "8 % and more of the ids": {"datasets": 27},
}


@pytest.mark.every_release
@pytest.mark.parametrize("name", list(DISASTERS))
def test_disaster_is_held_and_nothing_is_archived(world: World, new_harvest: MakeSource, name: str) -> None:
    source = new_harvest(datasets=30)
    world.days_pass(source, 1)
    world.serve(source, **DISASTERS[name])
    world.harvest(source)

    result = world.guard(source)
    assert (result["held_ids"], result["rows"][0]["action"]) == ([source.id], "held")
    assert world.read(source).autoarchive is False
    for _ in range(2):  # nine days, with harvests and guards
        world.days_pass(source, 4)
        world.harvest(source)
        assert world.guard(source)["held_ids"] == [source.id]
        assert world.writes == []
    assert world.archived(source) == []


@pytest.mark.every_release
def test_without_the_guard_the_same_disaster_archives(world: World, new_harvest: MakeSource) -> None:
    source = new_harvest(datasets=30)
    world.days_pass(source, 8)
    world.serve(source, mode="empty")
    world.harvest(source)
    assert len(world.archived(source)) == 30


ORDINARY: dict[str, dict[str, Any]] = {
    "growth": {"datasets": 90},
    "one dataset taken out on purpose": {"datasets": 29},
    "second run on the same day; portal restarted; titles changed": {"datasets": 30},
    "the remote was down: the job failed": {"mode": "error-500"},
    "a web page with status 200: the job failed": {"mode": "html"},
    "items that fail are found all the same": {"datasets": 28, "failing": 2},
}


@pytest.mark.every_release
@pytest.mark.parametrize("name", list(ORDINARY))
def test_ordinary_day_is_left_alone(world: World, new_harvest: MakeSource, name: str) -> None:
    contents = ORDINARY[name]
    source = new_harvest(datasets=28 if contents.get("failing") else 30, failing=contents.get("failing", 0))
    world.days_pass(source, 1)
    world.serve(source, **contents)
    world.harvest(source)
    result = world.guard(source)
    assert (result["must_hold_ids"], result["held_ids"], world.writes) == ([], [], [])
    assert world.read(source).autoarchive is True


def test_first_harvest_is_left_alone(world: World, new_harvest: MakeSource) -> None:
    result = world.guard(new_harvest(datasets=4))
    assert (result["rows"], world.writes) == ([], [])


def test_report_needs_no_key_and_writes_nothing(world: World, new_harvest: MakeSource) -> None:
    source = new_harvest(datasets=30)
    world.days_pass(source, 1)
    world.serve(source, datasets=10)
    world.harvest(source)
    result = world.guard(source, key=None, mode="report")
    assert (result["must_hold_ids"], result["held_ids"], world.writes) == ([source.id], [], [])
    row = result["rows"][0]
    assert (row["missing"], row["will_archive"], len(row["missing_records"])) == (20, 20, 20)
    assert all(record["title"] and record["url"] and record["archived_at"] for record in row["missing_records"])


def test_creeping_loss_is_held_before_it_is_archived(world: World, new_harvest: MakeSource) -> None:
    source = new_harvest(datasets=60)
    held_on = None
    for day in range(1, 8):
        world.days_pass(source, 1)
        world.serve(source, datasets=60 - 2 * day)
        world.harvest(source)
        if world.guard(source)["held_ids"]:
            held_on = held_on or day
    assert held_on == 4
    world.days_pass(source, 9)
    world.harvest(source)
    assert world.archived(source) == []


@pytest.mark.every_release
def test_hold_is_lifted_by_itself_when_the_records_are_back(world: World, new_harvest: MakeSource) -> None:
    source = new_harvest(datasets=8)
    description = world.read(source).description
    world.days_pass(source, 1)
    world.serve(source, datasets=5)
    world.harvest(source)
    assert world.guard(source)["held_ids"] == [source.id]
    world.days_pass(source, 1)
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
    source = new_harvest(datasets=30)
    world.days_pass(source, 9)
    # Seven days ago the catalogue lost 20, and was harvested daily since.
    world.serve(source, datasets=30)
    world.harvest(source)
    world.days_pass(source, 1)
    world.serve(source, datasets=10)
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
    assert len(world.archived(source)) == 20
    assert world.guard(source)["must_hold_ids"] == []


@pytest.mark.every_release
def test_owners_own_choice_is_left_alone(world: World, org_admin: HarvestClient, new_harvest: MakeSource) -> None:
    source = new_harvest(datasets=30)
    org_admin.update_source(source.id, autoarchive=False)
    world.days_pass(source, 1)
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
    world.days_pass(source, 1)
    world.serve(source, datasets=2)
    world.harvest(source)
    world.guard(source)
    noted = world.read(source).description
    world.harvest(source)
    org_admin.update_source(source.id, name=f"{source.name} renamed", config={"filters": []})
    read = world.read(source)
    assert (is_held(read), read.description) == (True, noted)


def test_key_without_the_right_cannot_hold_and_it_is_said(world: World, new_harvest: MakeSource) -> None:
    source = new_harvest(datasets=30)
    world.days_pass(source, 1)
    world.serve(source, mode="empty")
    world.harvest(source)
    for key in ("user", None, "a-key-that-the-portal-does-not-know"):
        result = world.guard(source, key=key)
        assert result["cannot_hold_ids"] == [source.id]
        assert "CANNOT BE HELD" in result["message"]
        assert result["not_holdable_ids"] == [source.id]
        assert world.state["since"] is None  # the next run examines it again
    assert world.read(source).autoarchive is True
    with pytest.raises(HarvestAuthError):
        hold(world.admin.__class__(world.portal.url, world.portal.keys.user), source.id, 1, source.created_at)  # type: ignore[arg-type]


@pytest.mark.parametrize("cron", ["0 3 1 * *", "0 3 1 1 *"])
def test_source_that_runs_too_rarely_is_named_one_run_ahead(
    world: World, admin: HarvestClient, new_harvest: MakeSource, cron: str
) -> None:
    source = new_harvest(datasets=5)
    admin.schedule_source(source.id, cron)
    world.days_pass(source, 8)
    result = world.guard(source)
    assert result["exposed_ids"] == [source.id]
    assert "cannot be held afterwards" in result["message"]


def test_guard_that_was_down_for_eight_days_finds_the_hold_in_place(world: World, new_harvest: MakeSource) -> None:
    source = new_harvest(datasets=30)
    world.days_pass(source, 1)
    world.serve(source, mode="empty")
    world.harvest(source)
    world.guard(source)
    world.state = None  # the XCom is lost, too
    world.days_pass(source, 8)
    world.harvest(source)
    assert world.archived(source) == []
    assert world.guard(source)["held_ids"] == [source.id]
    assert world.writes == []


def test_second_run_examines_only_what_was_harvested_since(
    world: World, portal: Sandbox, new_harvest: MakeSource
) -> None:
    source = new_harvest(datasets=3)
    world.days_pass(source, 1)
    world.guard(source, examine_all=False)
    mark = portal.mark()
    world.guard(source, examine_all=False)
    assert [request.path for request in portal.requests(mark)] == ["/api/1/harvest/sources/"]
