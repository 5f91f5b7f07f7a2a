"""Each endpoint of a portal itself, called with good and bad input against each real release."""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

from airflow_provider_harvest.exceptions import (
    HarvestAuthError,
    HarvestNotFound,
    HarvestProtocolError,
)
from airflow_provider_harvest.portal.client import HarvestClient
from airflow_provider_harvest.portal.statuses import JOB_STATUSES
from tests.support.expected_failures import failure_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox import Sandbox

    ClientOf = Callable[..., HarvestClient]

pytestmark = [pytest.mark.integration, pytest.mark.every_release]

UNKNOWN_ID = "0" * 24
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class TestGeneration:
    def test_is_found_by_two_requests_without_a_key(self, portal: Sandbox, client_of: ClientOf) -> None:
        mark = portal.mark()
        assert client_of("admin").find_generation().letter == portal.generation
        assert [request.user for request in portal.requests(mark)] == [None, None]

    def test_is_requested_once(self, portal: Sandbox, anybody: HarvestClient) -> None:
        anybody.list_backends()
        mark = portal.mark()
        anybody.list_backends()
        assert len(portal.requests(mark)) == 1

    def test_is_not_found_below_a_portal(self, portal: Sandbox) -> None:
        with HarvestClient(f"{portal.url}/api/1/harvest") as client:
            error = failure_of(client.find_generation)
        assert isinstance(error, HarvestProtocolError)
        assert "is not a udata portal" in str(error)


class TestWhoami:
    @pytest.mark.parametrize("role", ["admin", "org_admin", "org_editor", "user"])
    def test_names_the_user_and_hides_the_key(self, role: str, portal: Sandbox, client_of: ClientOf) -> None:
        me = client_of(role).whoami()
        assert me["id"] == getattr(portal.user_ids, role)
        assert ("admin" in me["roles"]) == (role == "admin")
        assert "apikey" not in me  # returned up to 15.4.1
        assert getattr(portal.keys, role) not in str(me)

    def test_refuses_a_wrong_key(self, portal: Sandbox) -> None:
        with HarvestClient(portal.url, "wrong-" * 14) as client:
            error = failure_of(client.whoami)
        assert isinstance(error, HarvestAuthError)
        assert error.status_code == 401
        assert "Invalid API" in str(error)

    def test_needs_a_key(self, anybody: HarvestClient) -> None:
        assert "This needs an API key" in str(failure_of(anybody.whoami))


class TestOrganization:
    def test_is_found_by_id_and_by_slug(self, portal: Sandbox, anybody: HarvestClient) -> None:
        found = [anybody.get_organization(ident) for ident in (portal.organization.id, portal.organization.slug)]
        assert [(each.id, each.slug, each.name) for each in found] == 2 * [
            (portal.organization.id, portal.organization.slug, portal.organization.name)
        ]

    @pytest.mark.parametrize("ident", [UNKNOWN_ID, "nobody-here"])
    def test_is_unknown(self, ident: str, anybody: HarvestClient) -> None:
        assert isinstance(failure_of(lambda: anybody.get_organization(ident)), HarvestNotFound)


class TestBackends:
    def test_are_listed_with_what_their_config_may_hold(self, anybody: HarvestClient) -> None:
        backends = {backend.id: backend for backend in anybody.list_backends()}
        assert {"dcat", "csw-dcat"} <= set(backends)
        assert all(backend.label and backend.extra_configs is not None for backend in backends.values())
        known = [entry for backend in backends.values() for entry in (backend.extra_configs or ()) + backend.features]
        assert known
        assert all(entry["key"] for entry in known)


class TestJobStatuses:
    def test_come_without_a_request(self, portal: Sandbox, anybody: HarvestClient) -> None:
        mark = portal.mark()
        assert anybody.list_job_statuses() == JOB_STATUSES
        assert portal.requests(mark) == []

    def test_endpoint_answers_on_no_release(self, portal: Sandbox) -> None:
        """It tries to send Python classes if it exists, and went with 14.0: so the method sends no request."""
        path = "job_status" if portal.generation == "A" else "job_status/"
        with pytest.raises(urllib.error.HTTPError) as caught:
            _DIRECT.open(f"{portal.url}/api/1/harvest/{path}", timeout=30)
        assert caught.value.code == (500 if portal.release in ("13.0.0", "9.2.4") else 404)
