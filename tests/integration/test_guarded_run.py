"""A guarded run on a real portal, for a source that is harvested so rarely that the bad run itself would archive."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest._compat import TaskDeferred
from airflow_provider_harvest.exceptions import HarvestJobNotStarted
from airflow_provider_harvest.operators import _guarded_source
from airflow_provider_harvest.operators.job import HarvestRunSourceOperator
from airflow_provider_harvest.portal.client import HarvestClient
from airflow_provider_harvest.portal.guard import guarded_run
from airflow_provider_harvest.portal.guard.hold_and_release import is_held, release
from tests.support.expected_failures import fails
from tests.support.task_processes import Task, job_ids

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

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
        portal.wait_for_next_second()
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
    with fails("10 of 20 records are missing") as failed:
        Task(portal, monkeypatch).harvest(source, guard=True)
    assert failed.value.result["failure_kind"] == "loss"
    assert is_held(org_admin.get_source(source.id))
    assert portal.control.archived(source.id) == []
    release(org_admin, source.id, accept=True)
    Task(portal, monkeypatch).harvest(source)
    assert len(portal.control.archived(source.id)) == 10


def test_accepted_loss_is_archived_by_the_next_guarded_run(
    portal: Sandbox, org_admin: HarvestClient, monkeypatch: pytest.MonkeyPatch, rare: Callable[[int], HarvestSource]
) -> None:
    source = rare(10)
    with fails("10 of 20 records are missing"):
        Task(portal, monkeypatch).harvest(source, guard=True)
    release(org_admin, source.id, accept=True)
    mark = portal.mark()
    result = Task(portal, monkeypatch).harvest(source, guard=True)
    assert (result["outcome"], runs(portal, mark)) == ("success", 2)
    assert len(portal.control.archived(source.id)) == 10
    assert org_admin.get_source(source.id).autoarchive is True


def test_key_that_may_edit_and_not_run_leaves_archiving_on(
    portal: Sandbox, org_admin: HarvestClient, monkeypatch: pytest.MonkeyPatch, rare: Callable[[int], HarvestSource]
) -> None:
    source = rare(10)
    before = org_admin.get_source(source.id)
    portal.control.set(HARVEST_ENABLE_MANUAL_RUN=False)
    with fails("on_run_refused='wait'"):
        Task(portal, monkeypatch).harvest(source, guard=True, key="org_admin")
    after = org_admin.get_source(source.id)
    assert (after.autoarchive, after.description or None) == (True, before.description or None)


def test_hold_that_cannot_be_ended_is_said_with_what_ends_it(
    portal: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    rare: Callable[[int], HarvestSource],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The portal refuses the harvest, and then cannot return the source any more."""
    source = rare(0)
    portal.control.set(HARVEST_ENABLE_MANUAL_RUN=False)
    run_source = HarvestClient.run_source

    def refuse(client: HarvestClient, source_id: str) -> HarvestSource:
        try:
            return run_source(client, source_id)
        finally:
            portal.control.dangle(source_id)

    monkeypatch.setattr(HarvestClient, "run_source", refuse)
    try:
        with fails("on_run_refused='wait'"):
            Task(portal, monkeypatch).harvest(source, guard=True, key="org_admin")
    finally:
        portal.control.remove_document(source.id)
    log = " ".join(" ".join(caplog.messages).split())
    assert f"Source {source.id}: autoarchive is off, so that the portal archives nothing of it." in log
    assert "It could not be switched on again: " in log
    assert "the guard in mode hold after the next harvest. To do it now, switch it on by hand: http" in log


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


def kill_at(patch: pytest.MonkeyPatch, owner: Any, name: str, *, after: bool) -> None:
    """Let a worker die where a function is called, before it does anything or right after."""
    original = getattr(owner, name)

    def killed(*arguments: Any, **named: Any) -> None:
        if after:
            original(*arguments, **named)
        raise Killed

    patch.setattr(owner, name, killed)


@pytest.mark.parametrize(
    "owner, name, after",
    [
        pytest.param(guarded_run, "hold_ahead", False, id="before the hold"),
        pytest.param(guarded_run, "hold_ahead", True, id="after the hold"),
        pytest.param(HarvestClient, "run_source", True, id="after the request"),
        pytest.param(guarded_run, "check_loss", False, id="before the comparison"),
        pytest.param(guarded_run, "hold", False, id="before the note of the loss"),
        pytest.param(guarded_run, "check_loss", True, id="after the comparison"),
    ],
)
def test_killed_run_loses_nothing_and_its_retry_ends_it(
    portal: Sandbox,
    org_admin: HarvestClient,
    monkeypatch: pytest.MonkeyPatch,
    rare: Callable[[int], HarvestSource],
    owner: Any,
    name: str,
    after: bool,
) -> None:
    source = rare(10)
    task = Task(portal, monkeypatch)
    mark = portal.mark()
    with monkeypatch.context() as patch:
        kill_at(patch, owner, name, after=after)
        with pytest.raises(Killed):
            task.harvest(source, guard=True)
    portal.control.wait_until_idle()
    assert portal.control.archived(source.id) == []
    with fails("10 of 20 records are missing"):
        task.harvest(source, guard=True)
    assert portal.control.archived(source.id) == []
    assert is_held(org_admin.get_source(source.id))
    assert runs(portal, mark) == 1


def test_run_that_is_killed_right_before_its_request_is_ended_by_a_clear(
    portal: Sandbox,
    org_admin: HarvestClient,
    monkeypatch: pytest.MonkeyPatch,
    rare: Callable[[int], HarvestSource],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A retry cannot know that nothing was requested, and never requests twice; archiving stays off meanwhile."""
    caplog.set_level("INFO", "airflow_provider_harvest")
    # For so long a task that was cleared takes the hold for another task's that is about to harvest.
    monkeypatch.setattr(_guarded_source, "RESPECTED", 5.0)
    source = rare(10)
    task = Task(portal, monkeypatch)
    with monkeypatch.context() as patch:
        kill_at(patch, HarvestClient, "run_source", after=False)
        with pytest.raises(Killed):
            task.harvest(source, guard=True)
    with pytest.raises(HarvestJobNotStarted):
        task.harvest(source, guard=True, start_timeout=3)
    assert is_held(org_admin.get_source(source.id))
    assert "A harvest that must be compared may still follow." in " ".join(" ".join(caplog.messages).split())
    with fails("10 of 20 records are missing"):
        Task(portal, monkeypatch).harvest(source, guard=True)
    assert portal.control.archived(source.id) == []


@pytest.mark.parametrize("after, archived", [(False, 1), (True, 0)], ids=["before", "after"])
def test_run_that_is_killed_at_its_release_ends_with_archiving_on(
    portal: Sandbox,
    org_admin: HarvestClient,
    monkeypatch: pytest.MonkeyPatch,
    rare: Callable[[int], HarvestSource],
    after: bool,
    archived: int,
) -> None:
    """After the release the retry asks for no second harvest: the next one archives what is due."""
    source = rare(1)
    task = Task(portal, monkeypatch)
    with monkeypatch.context() as patch:
        kill_at(patch, guarded_run, "release", after=after)
        with pytest.raises(Killed):
            task.harvest(source, guard=True)
    assert portal.control.archived(source.id) == []
    assert task.harvest(source, guard=True)["outcome"] == "success"
    assert len(portal.control.archived(source.id)) == archived
    assert org_admin.get_source(source.id).autoarchive is True


# --- only a harvest that began while archiving was off counts ------------------------------------------------


def test_harvest_that_the_portal_began_before_archiving_was_off_does_not_count(
    portal: Sandbox, org_admin: HarvestClient, monkeypatch: pytest.MonkeyPatch, rare: Callable[[int], HarvestSource]
) -> None:
    """`after` is in the past, and the portal's own next harvest begins once archiving is off."""
    source = rare(1)
    [before] = job_ids(org_admin, source)
    portal.control.set(HARVEST_ENABLE_MANUAL_RUN=False)
    begin = guarded_run.begin

    def begin_and_run(client: HarvestClient, source_id: str) -> datetime | None:
        changed = begin(client, source_id)
        if changed:
            time.sleep(1.1)  # a portal's clock is known to the second
            portal.control.run_scheduled(source_id)
        return changed

    monkeypatch.setattr(guarded_run, "begin", begin_and_run)
    result = Task(portal, monkeypatch).harvest(
        source, guard=True, key="org_admin", on_run_refused="wait", after="2020-01-01T00:00:00Z"
    )
    assert (result["outcome"], result["how"], result["job_id"] == before) == ("success", "waited", False)
    assert portal.control.archived(source.id) == []
    assert org_admin.get_source(source.id).autoarchive is True


def test_harvest_that_begins_right_before_archiving_is_off_is_not_the_one(
    portal: Sandbox, org_admin: HarvestClient, monkeypatch: pytest.MonkeyPatch, rare: Callable[[int], HarvestSource]
) -> None:
    source = rare(0)
    begin = guarded_run.begin
    theirs: list[str] = []

    def begin_late(client: HarvestClient, source_id: str) -> datetime | None:
        if not theirs:
            portal.control.run_scheduled(source_id)
            portal.control.wait_until_idle()
            theirs.extend(job_ids(org_admin, source)[:1])
        return begin(client, source_id)

    monkeypatch.setattr(guarded_run, "begin", begin_late)
    result = Task(portal, monkeypatch).harvest(source, guard=True)
    assert (result["outcome"], result["job_id"] in theirs) == ("success", False)


@pytest.mark.parametrize("way", ["no schedule", "refused"])
def test_archiving_is_as_before_if_no_harvest_follows(
    portal: Sandbox,
    admin: HarvestClient,
    monkeypatch: pytest.MonkeyPatch,
    rare: Callable[[int], HarvestSource],
    way: str,
) -> None:
    source = rare(1)
    before = admin.get_source(source.id)
    portal.control.set(HARVEST_ENABLE_MANUAL_RUN=False)
    if way == "no schedule" and before.schedule:
        admin.unschedule_source(source.id)
    arguments = {"on_run_refused": "wait"} if way == "no schedule" else {}
    with fails("no schedule" if way == "no schedule" else "on_run_refused"):
        Task(portal, monkeypatch).harvest(source, guard=True, key="org_admin", **arguments)
    after = admin.get_source(source.id)
    assert (after.autoarchive, after.description or None) == (True, before.description or None)


def test_second_harvest_that_is_blocked_and_deferred_is_not_followed_by_a_third(
    portal: Sandbox, org_admin: HarvestClient, monkeypatch: pytest.MonkeyPatch, rare: Callable[[int], HarvestSource]
) -> None:
    source = rare(1)
    mark = portal.mark()
    check_loss = guarded_run.check_loss
    blocked: list[str] = []

    def block_and_check(*given: Any, **named: Any) -> guarded_run.LossCheck:
        if not blocked:  # by a job that has read that it may not archive
            portal.control.freeze_before_item(1)
            portal.control.run_scheduled(source.id)
            blocked.extend(portal.control.wait_until_frozen())
        return check_loss(*given, **named)

    monkeypatch.setattr(guarded_run, "check_loss", block_and_check)
    monkeypatch.setattr(HarvestRunSourceOperator, "worker_patience", 1.0)
    monkeypatch.setattr(HarvestRunSourceOperator, "draw", staticmethod(lambda least, most: least))
    task = Task(portal, monkeypatch)
    with pytest.raises(TaskDeferred) as deferred:
        task.harvest(source, guard=True, deferrable=True)
    plan = deferred.value.trigger.plan
    assert (plan["how"], plan["job_id"], runs(portal, mark)) == ("blocked", blocked[0], 1)
    portal.control.unfreeze()
    portal.control.wait_until_idle()
    result = task.resume(source, plan, guard=True)
    assert (result["outcome"], runs(portal, mark)) == ("success", 2)
    assert len(portal.control.archived(source.id)) == 1
    assert org_admin.get_source(source.id).autoarchive is True
