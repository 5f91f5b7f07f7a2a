"""The sandbox itself: a real udata of each release that harvests for real."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox import Sandbox
    from tests.integration.conftest import NewCatalogue
    from tests.support.portal_api import PortalApi

pytestmark = [pytest.mark.integration]


@pytest.fixture
def harvested(portal: Sandbox, api: PortalApi) -> Callable[[NewCatalogue], dict[str, Any]]:
    """Makes a source of a catalogue, lets it be harvested, and returns its only job."""

    def harvest(catalogue: NewCatalogue) -> dict[str, Any]:
        source_id = api.add_source(catalogue)
        assert api.accept(source_id) == 200
        portal.control.wait_until_idle()
        (job,) = api.jobs(source_id)
        return job | {"source_id": source_id}

    return harvest


@pytest.mark.every_release
class TestPortal:
    @pytest.mark.parametrize("role", ["admin", "org_admin", "org_editor", "user"])
    def test_each_key_logs_its_person_in(self, portal: Sandbox, api: PortalApi, role: str) -> None:
        status, person = api.call("GET", "/me/", getattr(portal.keys, role))
        assert (status, person["id"]) == (200, getattr(portal.user_ids, role))
        assert ("admin" in person["roles"]) == (role == "admin")

    def test_the_organization_has_an_admin_and_an_editor(self, portal: Sandbox, api: PortalApi) -> None:
        _, organization = api.call("GET", f"/organizations/{portal.organization.id}/")
        roles = {member["user"]["id"]: member["role"] for member in organization["members"]}
        assert roles == {portal.user_ids.org_admin: "admin", portal.user_ids.org_editor: "editor"}
        assert (organization["slug"], organization["name"]) == (portal.organization.slug, portal.organization.name)

    def test_real_harvest_backends_are_enabled(self, portal: Sandbox, api: PortalApi) -> None:
        slash = "" if portal.generation == "A" else "/"
        _, backends = api.call("GET", f"/harvest/backends{slash}")
        assert {"dcat", "csw-dcat"} <= {backend["id"] for backend in backends}

    def test_the_access_log_shows_who_requested_what(self, portal: Sandbox, api: PortalApi) -> None:
        mark = portal.mark()
        api.call("GET", "/harvest/sources/?page_size=1", portal.keys.org_editor)
        api.call("GET", "/harvest/sources/")
        api.call("GET", "/me/", "no-such-key")
        seen = [(entry.method, entry.path, entry.query, entry.status, entry.user) for entry in portal.requests(mark)]
        assert seen == [
            ("GET", "/api/1/harvest/sources/", "page_size=1", 200, "org_editor"),
            ("GET", "/api/1/harvest/sources/", "", 200, None),
            ("GET", "/api/1/me/", "", 401, "unknown key"),
        ]


@pytest.mark.every_release
class TestHarvest:
    def test_a_sound_catalogue_becomes_data_sets(
        self,
        portal: Sandbox,
        harvested: Callable[[NewCatalogue], dict[str, Any]],
        new_catalogue: Callable[..., NewCatalogue],
    ) -> None:
        catalogue = new_catalogue(datasets=7, pages=3)
        job = harvested(catalogue)
        assert (job["status"], job["errors"]) == ("done", [])
        datasets = portal.datasets(source_id=job["source_id"])
        assert {dataset["harvest"]["remote_id"] for dataset in datasets} == set(catalogue.ids)
        assert {dataset["organization"]["id"] for dataset in datasets} == {portal.organization.id}
        assert {(dataset["license"], dataset["resources"][0]["format"]) for dataset in datasets} == {("lov2", "csv")}

    def test_items_fail_and_are_skipped_as_ordered(
        self,
        api: PortalApi,
        harvested: Callable[[NewCatalogue], dict[str, Any]],
        new_catalogue: Callable[..., NewCatalogue],
    ) -> None:
        catalogue = new_catalogue(datasets=2, failing=2, missing_id=1)
        job = harvested(catalogue)
        assert job["status"] == "done-errors"
        statuses = sorted((item["status"], item["remote_id"] or "") for item in api.items(job))
        sound, failing = catalogue.ids[:2], catalogue.ids[2:]
        skipped = [("skipped", "" if statuses[-1][1] == "" else "None")]
        assert statuses == [("done", name) for name in sound] + [("failed", name) for name in failing] + skipped

    def test_a_second_copy_is_a_third_item(
        self,
        api: PortalApi,
        harvested: Callable[[NewCatalogue], dict[str, Any]],
        new_catalogue: Callable[..., NewCatalogue],
    ) -> None:
        catalogue = new_catalogue(datasets=2, duplicate=1)
        items = api.items(harvested(catalogue))
        assert sorted(item["remote_id"] for item in items) == sorted([catalogue.ids[0], *catalogue.ids])

    @pytest.mark.parametrize("mode", ["html", "truncated", "error-404", "error-500", "reset"])
    def test_a_broken_catalogue_fails_the_job(
        self, harvested: Callable[[NewCatalogue], dict[str, Any]], new_catalogue: Callable[..., NewCatalogue], mode: str
    ) -> None:
        job = harvested(new_catalogue(mode=mode))
        assert job["status"] == "failed"
        assert len(job["errors"]) == 1

    def test_a_redirect_is_followed_until_16(
        self,
        portal: Sandbox,
        harvested: Callable[[NewCatalogue], dict[str, Any]],
        new_catalogue: Callable[..., NewCatalogue],
    ) -> None:
        job = harvested(new_catalogue(mode="redirect"))
        assert job["status"] == ("done" if portal.release in ("9.2.4", "13.0.0") else "failed")

    def test_data_sets_that_are_gone_are_archived(
        self,
        portal: Sandbox,
        api: PortalApi,
        harvested: Callable[[NewCatalogue], dict[str, Any]],
        new_catalogue: Callable[..., NewCatalogue],
    ) -> None:
        catalogue = new_catalogue(datasets=3)
        source_id = harvested(catalogue)["source_id"]
        catalogue.put(mode="empty")
        portal.control.set(HARVEST_AUTOARCHIVE_GRACE_DAYS=-1)
        assert api.run(source_id) == 200
        portal.control.wait_until_idle()
        job = api.jobs(source_id)[0]
        assert [item["status"] for item in api.items(job)] == ["archived"] * 3
        assert portal.datasets(source_id=source_id) == []

    def test_jobs_of_several_sources_run_at_the_same_time(
        self, portal: Sandbox, api: PortalApi, new_catalogue: Callable[..., NewCatalogue]
    ) -> None:
        sources = [api.add_source(new_catalogue(datasets=2)) for _ in range(4)]
        portal.control.freeze_before_item(2, jobs=4)
        for source_id in sources:
            api.accept(source_id)
        assert len(portal.control.wait_until_frozen(4)) == 4
        portal.control.unfreeze()
        portal.control.wait_until_idle()
        assert [[job["status"] for job in api.jobs(source_id)] for source_id in sources] == [["done"]] * 4
