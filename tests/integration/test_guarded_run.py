"""A guarded run on a real portal, for a source that is harvested so rarely that the bad run itself would archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_harvest.operators._base import HarvestFailException
from airflow_provider_harvest.portal.client import HarvestClient
from airflow_provider_harvest.portal.guard import guarded_run
from airflow_provider_harvest.portal.guard.holds import is_held, release
from tests.support.task_processes import Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_harvest.portal.models import HarvestSource
    from sandbox import Sandbox
    from sandbox.catalogue import CatalogueServer

    MakeSource = Callable[..., HarvestSource]

pytestmark = pytest.mark.integration

LONG_AGO = 40 * 86400.0


class Killed(BaseException):
    """The worker is killed."""


@pytest.fixture
def rare(portal: Sandbox, new_harvest: MakeSource, catalogue_server: CatalogueServer) -> Callable[[int], HarvestSource]:
    """Makes a source of 20 datasets that was harvested 40 days ago, and whose catalogue then lost some."""

    def make(lost: int) -> HarvestSource:
        source = new_harvest(datasets=20)
        portal.control.backdate_records(source.id, LONG_AGO)
        catalogue_server.put(source.url.rsplit("/", 1)[1].removesuffix(".xml"), datasets=20 - lost)
        return source

    return make


def runs(portal: Sandbox, since: int) -> int:
    return sum(request.path.rstrip("/").endswith("/run") for request in portal.requests(since))


@pytest.mark.every_release
def test_too_large_a_loss_fails_with_the_list_and_nothing_is_lost(
    portal: Sandbox, org_admin: HarvestClient, monkeypatch: pytest.MonkeyPatch, rare: Callable[[int], HarvestSource]
) -> None:
    source = rare(10)
    with pytest.raises(HarvestFailException, match="10 of 20 records are missing") as failed:
        Task(portal, monkeypatch).harvest(source, guard=True)
    assert failed.value.result["failure_kind"] == "loss"
    assert is_held(org_admin.get_source(source.id))
    assert portal.control.archived(source.id) == []
    release(org_admin, source.id, accept=True)
    Task(portal, monkeypatch).harvest(source)
    assert len(portal.control.archived(source.id)) == 10


def test_the_same_run_without_guard_archives_at_once(
    portal: Sandbox, monkeypatch: pytest.MonkeyPatch, rare: Callable[[int], HarvestSource]
) -> None:
    source = rare(10)
    Task(portal, monkeypatch).harvest(source)
    assert len(portal.control.archived(source.id)) == 10


@pytest.mark.every_release
@pytest.mark.parametrize("lost, harvests", [(0, 1), (1, 2)])
def test_usual_loss_is_archived_by_a_second_harvest(
    portal: Sandbox,
    org_admin: HarvestClient,
    monkeypatch: pytest.MonkeyPatch,
    rare: Callable[[int], HarvestSource],
    lost: int,
    harvests: int,
) -> None:
    source = rare(lost)
    before = org_admin.get_source(source.id)
    mark = portal.mark()
    result = Task(portal, monkeypatch).harvest(source, guard=True)
    assert (result["outcome"], runs(portal, mark)) == ("success", harvests)
    assert len(portal.control.archived(source.id)) == lost
    after = org_admin.get_source(source.id)
    assert (after.autoarchive, after.description or None) == (True, before.description or None)


@pytest.mark.parametrize("where", ["begin", "run_source", "compare", "release"])
def test_killed_run_loses_nothing_and_its_retry_ends_it(
    portal: Sandbox,
    org_admin: HarvestClient,
    monkeypatch: pytest.MonkeyPatch,
    rare: Callable[[int], HarvestSource],
    where: str,
) -> None:
    source = rare(10)
    task = Task(portal, monkeypatch)
    owner = HarvestClient if where == "run_source" else guarded_run

    def killed(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(owner, "hold" if where == "begin" else "release" if where == "release" else where, killed)
        with pytest.raises((Killed, HarvestFailException)):
            task.harvest(source, guard=True)
    portal.control.wait_until_idle()
    assert portal.control.archived(source.id) == []
    with pytest.raises(HarvestFailException, match="10 of 20 records are missing"):
        task.harvest(source, guard=True)
    assert portal.control.archived(source.id) == []
    assert is_held(org_admin.get_source(source.id))
