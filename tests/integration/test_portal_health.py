"""A health pass over a real portal on which each kind of trouble was really produced."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.operators.portal import HarvestPortalHealthOperator
from airflow_provider_harvest.operators.source import HarvestPreviewSourceOperator
from tests.support.expected_failures import fails
from tests.support.task_instance import TaskInstance

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestSource
    from sandbox import Sandbox
    from sandbox.catalogue import CatalogueServer
    from tests.integration.conftest import NewCatalogue

    MakeSource = Callable[..., HarvestSource]
    Serve = Callable[..., None]

pytestmark = pytest.mark.integration

HOUR, DAY = 3600.0, 86400.0
LIST = "/api/1/harvest/sources/"


class Watch:
    """A task that checks a portal without a key, run after run, but only the sources of one test."""

    def __init__(self, portal: Sandbox, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.portal = portal
        self.name = name
        self.ti = TaskInstance()
        self.requests: list[str] = []
        connection = {"conn_type": "harvest", "host": portal.url}
        monkeypatch.setenv("AIRFLOW_CONN_PORTAL", json.dumps(connection))

    def look(self, **arguments: Any) -> dict[str, Any]:
        """Run it once, and return the result; `requests` are the paths that it requested."""
        operator = HarvestPortalHealthOperator(
            task_id="health", harvest_conn_id="portal", **{"name": self.name, **arguments}
        )
        mark = self.portal.mark()
        try:
            result: dict[str, Any] = self.ti.run(operator)
        finally:
            self.requests = [request.path for request in self.portal.requests(mark)]
        return result


@pytest.fixture
def watch(portal: Sandbox, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Watch:
    """Looks at the sources whose name begins like this test's."""
    name = request.node.originalname.removeprefix("test_").replace("_", "-")
    return Watch(portal, name, monkeypatch)


def found(result: dict[str, Any]) -> set[tuple[str, str, bool]]:
    """The findings: kind, source, and whether it is new."""
    return {(row["kind"], row["source_id"], row["is_new"]) for row in result["findings"]}


@pytest.fixture
def serve(catalogue_server: CatalogueServer) -> Callable[..., None]:
    """Makes a source's catalogue serve something else: `serve(source, datasets=3)`."""

    def put(source: HarvestSource, **contents: Any) -> None:
        catalogue_server.put(source.url.rsplit("/", 1)[1].removesuffix(".xml"), **contents)

    return put


def a_minute_later(portal: Sandbox, *sources: HarvestSource) -> None:
    """Let the last jobs have ended a minute ago: the portal's clock has whole seconds, and they ended in this one."""
    for source in sources:
        assert source.last_job
        portal.control.backdate_job(str(source.last_job.id), 60)


def harvest_again(portal: Sandbox, source: HarvestSource) -> None:
    """Be the portal's scheduler, once."""
    portal.control.run_scheduled(source.id)
    portal.control.wait_until_idle()


@pytest.mark.every_release
def test_sources_that_are_well_take_one_request(watch: Watch, portal: Sandbox, new_harvest: MakeSource) -> None:
    a_minute_later(portal, new_harvest(datasets=2))
    first = watch.look()
    assert (first["sources"], first["findings"], watch.requests) == (1, [], [LIST])
    assert watch.look()["findings"] == []
    assert watch.requests == [LIST]


@pytest.mark.every_release
def test_failing_sources_are_news_once(watch: Watch, portal: Sandbox, new_harvest: MakeSource) -> None:
    gone, broken = new_harvest(mode="error-404"), new_harvest(datasets=3, failing=2)
    a_minute_later(portal, gone, broken)
    first = watch.look()
    assert found(first) == {("failing", gone.id, True), ("failing", broken.id, True)}
    details = {row["source_id"]: row["detail"] for row in first["findings"]}
    assert details[gone.id].startswith("the last harvest failed: 404 Client Error")
    assert details[broken.id].startswith("2 of 5 items failed in the last harvest")
    assert first["detail_requests"] == 2

    second = watch.look()
    assert found(second) == {("failing", gone.id, False), ("failing", broken.id, False)}
    assert watch.requests == [LIST]


def test_failing_source_that_is_mended_is_well(
    watch: Watch, portal: Sandbox, new_harvest: MakeSource, serve: Serve
) -> None:
    source = new_harvest(mode="error-500")
    assert found(watch.look()) == {("failing", source.id, True)}
    serve(source, datasets=1)
    harvest_again(portal, source)
    assert found(watch.look()) == set()


@pytest.mark.every_release
def test_stuck_job_of_a_killed_worker(
    watch: Watch, portal: Sandbox, admin: HarvestClient, new_source: MakeSource
) -> None:
    source = new_source(datasets=4)
    portal.control.freeze_before_item(3)
    admin.validate_source(source.id)
    [job] = portal.control.wait_until_frozen()
    assert found(watch.look()) == set()
    assert watch.requests == [LIST]

    portal.control.backdate_job(job, 3 * HOUR)
    result = watch.look()
    assert found(result) == {("stuck", source.id, True)}
    assert f"job {job} runs for 3 h; nothing has moved for 3 h" in result["findings"][0]["detail"]


def test_silent_source(watch: Watch, portal: Sandbox, admin: HarvestClient, new_harvest: MakeSource) -> None:
    source = new_harvest(datasets=1)
    assert source.last_job
    portal.control.backdate_job(str(source.last_job.id), 2 * DAY)
    assert found(watch.look()) == set()
    portal.control.backdate_job(str(source.last_job.id), 3 * DAY)
    assert found(watch.look()) == {("silent", source.id, True)}
    admin.schedule_source(source.id, "0 0 * * 0")
    assert found(watch.look()) == set()


def test_never_ran(watch: Watch, portal: Sandbox, admin: HarvestClient, new_source: MakeSource) -> None:
    source = new_source()
    portal.control.hold_jobs()
    admin.validate_source(source.id)
    portal.control.backdate_source(source.id, DAY - 60)
    assert found(watch.look()) == set()
    portal.control.backdate_source(source.id, 120)
    assert found(watch.look()) == {("never_ran", source.id, True)}


def test_pending_source(watch: Watch, portal: Sandbox, new_source: MakeSource) -> None:
    source = new_source()
    assert found(watch.look()) == set()
    assert found(watch.look(pending_days=0)) == {("pending", source.id, True)}
    portal.control.backdate_source(source.id, 7 * DAY + 60)
    assert watch.look()["pending_ids"] == [source.id]


def test_inactive_and_refused_sources(watch: Watch, admin: HarvestClient, new_harvest: MakeSource) -> None:
    inactive, refused = new_harvest(datasets=1), new_harvest(datasets=1)
    admin.update_source(inactive.id, active=False)
    admin.validate_source(refused.id, "refused", "Not yours")
    assert admin.get_source(refused.id).schedule == "0 0 * * *"
    assert found(watch.look()) == {("inactive", inactive.id, True), ("refused_scheduled", refused.id, True)}
    admin.unschedule_source(refused.id)
    assert found(watch.look()) == {("inactive", inactive.id, False)}


def test_same_url_twice(
    watch: Watch, portal: Sandbox, org_admin: HarvestClient, new_catalogue: Callable[..., NewCatalogue]
) -> None:
    catalogue = new_catalogue()
    organization = portal.organization.id
    one = org_admin.create_source(f"{watch.name} one", catalogue.url, "dcat", organization=organization)
    two = org_admin.create_source(f"{watch.name} two", f"{catalogue.url}/", "dcat", organization=organization)
    filters = {"filters": [{"key": "organization", "value": "parks"}]}
    if "ckan" in [backend.id for backend in org_admin.list_backends()]:
        org_admin.create_source(f"{watch.name} 3", catalogue.url, "ckan", config=filters, organization=organization)
    assert found(watch.look()) == {("duplicate_url", one.id, True), ("duplicate_url", two.id, True)}


@pytest.mark.every_release
def test_catalogue_that_shrinks(watch: Watch, portal: Sandbox, new_harvest: MakeSource, serve: Serve) -> None:
    source = new_harvest(datasets=24)
    # Up to 16.x the list has no counters: what there was is learned from the two jobs that are read after the loss.
    assert found(watch.look()) == set()
    serve(source, datasets=5)
    harvest_again(portal, source)

    result = watch.look()
    assert found(result) == {("shrunk", source.id, True)}
    assert result["findings"][0]["detail"] == "the last harvest found 5 items, of 24 before"
    harvest_again(portal, source)
    assert found(watch.look()) == {("shrunk", source.id, False)}
    serve(source, datasets=24)
    harvest_again(portal, source)
    assert found(watch.look()) == set()


def test_records_without_an_identifier_are_found(
    watch: Watch, new_harvest: MakeSource, portal: Sandbox, serve: Serve
) -> None:
    source = new_harvest(datasets=30)
    assert watch.look()["findings"] == []
    serve(source, datasets=1, missing_id=29)
    harvest_again(portal, source)
    result = watch.look()
    assert found(result) == {("skipped", source.id, True), ("shrunk", source.id, True)}
    details = {row["kind"]: row["detail"] for row in result["findings"]}
    assert details["skipped"] == "the last harvest skipped 29 of 30 items: missing identifier"
    assert details["shrunk"] == f"the last harvest found 1 item, of 30 before, and {details['skipped'][17:]}"
    assert {row["owner_type"] for row in result["findings"]} == {"organization"}
    assert found(watch.look()) == {("skipped", source.id, False), ("shrunk", source.id, False)}
    serve(source, datasets=0, missing_id=30)
    harvest_again(portal, source)
    assert found(watch.look()) == {("skipped", source.id, False), ("shrunk", source.id, False)}


def test_empty_catalogue(watch: Watch, new_harvest: MakeSource, portal: Sandbox, serve: Serve) -> None:
    source = new_harvest(datasets=2)
    watch.look()
    serve(source, mode="empty")
    harvest_again(portal, source)
    assert {finding for finding in found(watch.look()) if finding[1] == source.id} == {("shrunk", source.id, True)}


def test_datasets_that_the_portal_archives(
    watch: Watch, portal: Sandbox, new_harvest: MakeSource, serve: Serve
) -> None:
    source = new_harvest(datasets=30)
    watch.look()
    portal.control.set(HARVEST_AUTOARCHIVE_GRACE_DAYS=-1)
    serve(source, datasets=18)
    harvest_again(portal, source)
    result = watch.look()
    assert found(result) == {("newly_archived", source.id, True)}
    assert "archived 12 datasets" in result["findings"][0]["detail"]
    harvest_again(portal, source)
    assert found(watch.look()) == {("newly_archived", source.id, False)}


def test_archived_datasets_that_the_counters_hide(
    watch: Watch, portal: Sandbox, new_harvest: MakeSource, serve: Serve
) -> None:
    """As many come back as are archived: there are twelve archived ones before and after."""
    source = new_harvest(datasets=30)
    portal.control.set(HARVEST_AUTOARCHIVE_GRACE_DAYS=-1)
    serve(source, datasets=30, without=range(1, 13))
    harvest_again(portal, source)
    watch.look(checks="newly_archived,vanishing")
    serve(source, datasets=36, without=range(19, 31))
    harvest_again(portal, source)
    before = dict(watch.ti.xcoms)
    assert found(watch.look(checks="newly_archived")) == set()
    watch.ti.xcoms = dict(before)
    crowded = watch.look(checks="newly_archived,vanishing", max_detail_requests=2)
    assert (found(crowded), "leaves no room for it" in str(crowded["incomplete"])) == (set(), True)
    assert found(watch.look(checks="newly_archived,vanishing")) == {("newly_archived", source.id, True)}
    watch.ti.xcoms = before
    result = watch.look(checks="newly_archived,vanishing")
    assert found(result) == {("newly_archived", source.id, True)}
    assert "archived 12 datasets" in result["findings"][0]["detail"]
    assert result["detail_requests"] == (3 if portal.generation in "CD" else 5)  # one of them for the counters
    harvest_again(portal, source)
    assert found(watch.look(checks="newly_archived,vanishing")) == {("newly_archived", source.id, False)}


def test_it_fails_when_asked_to(watch: Watch, new_harvest: MakeSource) -> None:
    source = new_harvest(mode="html")
    with fails("1 finding fails this task: failing"):
        watch.look(fail_on="newly_failing")
    assert found(watch.look(fail_on="newly_failing")) == {("failing", source.id, False)}


def test_selection_by_organization_and_owner(watch: Watch, portal: Sandbox, new_harvest: MakeSource) -> None:
    source = new_harvest(mode="error-404")
    first = watch.look(organization=portal.organization.slug)
    assert found(first) == {("failing", source.id, True)}
    assert first["findings"][0]["organization"] == portal.organization.name
    watch.look(organization=portal.organization.slug)
    assert watch.requests == [LIST]
    assert watch.look(owner_id=portal.user_ids.user)["sources"] == 0


def test_preview_of_a_slow_catalogue_is_a_status(
    portal: Sandbox, new_source: MakeSource, monkeypatch: pytest.MonkeyPatch, serve: Serve
) -> None:
    source = new_source(delay=30.0)
    connection = {"conn_type": "harvest", "host": portal.url, "password": portal.keys.admin}
    monkeypatch.setenv("AIRFLOW_CONN_PORTAL", json.dumps(connection))
    operator = HarvestPreviewSourceOperator(
        task_id="preview", source_id=source.id, timeout=1, fail_on_outcome=False, harvest_conn_id="portal"
    )
    mark = portal.mark()
    result = TaskInstance().run(operator)
    serve(source)  # ends the wait that is running
    assert (result["status"], result["failure_kind"]) == ("timeout", "timeout")
    assert sum("preview" in request.path for request in portal.requests(mark)) == 1
