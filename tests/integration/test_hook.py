"""*Test connection*, and the hook's methods, against real portals: what it says is true, and never holds the key."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import TYPE_CHECKING

import pytest

from airflow_provider_harvest.hooks.harvest import HarvestHook

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox import Sandbox

pytestmark = pytest.mark.integration

#: Releases whose keys can expire and be revoked.
KEYS_HAVE_LIVES = ("16.6.1", "17.3.0", "17.18.0")
READING_ONLY = "There is no API key: reading works, writing does not."


@pytest.fixture
def connect(portal: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Callable[..., HarvestHook]:
    """Makes hooks of a connection to the portal with a key, or without."""

    def make(key: str | None, host: str | None = None) -> HarvestHook:
        fields = {"conn_type": "harvest", "host": host or portal.url, "password": key}
        monkeypatch.setenv("AIRFLOW_CONN_PORTAL", json.dumps({k: v for k, v in fields.items() if v}))
        return HarvestHook("portal")

    return make


@pytest.mark.every_release
class TestTestConnection:
    def test_without_a_key_names_the_portal_and_its_generation(
        self, portal: Sandbox, connect: Callable[..., HarvestHook]
    ) -> None:
        works, text = connect(None).test_connection()
        assert works
        assert text.startswith(f"{portal.url} is a udata portal of generation {portal.generation} (")
        assert text.endswith(READING_ONLY)

    @pytest.mark.parametrize(
        "role, rights",
        [
            ("admin", "a sysadmin: everything is allowed."),
            ("org_admin", "who is not a sysadmin: validating and scheduling are not allowed"),
            ("user", "who is not a sysadmin: validating and scheduling are not allowed"),
        ],
    )
    def test_says_whose_key_it_is_and_what_it_may(
        self, portal: Sandbox, connect: Callable[..., HarvestHook], role: str, rights: str
    ) -> None:
        hook = connect(getattr(portal.keys, role))
        works, text = hook.test_connection()
        me = hook.whoami()
        assert works
        assert f"The API key is that of {me['first_name']} {me['last_name']}, {rights}" in text
        assert getattr(portal.keys, role) not in text

    def test_refuses_a_wrong_key_in_the_portals_words(
        self, portal: Sandbox, connect: Callable[..., HarvestHook]
    ) -> None:
        works, text = connect("not-a-key-of-this-portal").test_connection()
        assert not works
        assert "It refuses the API key" in text
        assert "Invalid API" in text
        assert "not-a-key-of-this-portal" not in text

    @pytest.mark.parametrize("fate", ["expired", "revoked"])
    def test_distinguishes_an_expired_key_from_a_revoked_one(
        self, portal: Sandbox, connect: Callable[..., HarvestHook], fate: str
    ) -> None:
        if portal.release not in KEYS_HAVE_LIVES:
            pytest.skip("keys neither expire nor can be revoked before udata 16")
        key = portal.control.issue_key("admin", **{fate: True})
        works, text = connect(key).test_connection()
        assert not works
        assert f"{fate.capitalize()} API token" in text
        assert key not in text

    def test_address_of_the_api_works_as_well(self, portal: Sandbox, connect: Callable[..., HarvestHook]) -> None:
        works, _ = connect(None, host=f"{portal.url}/api/1/").test_connection()
        assert works

    def test_client_of_a_trigger_reads_without_a_key(
        self, portal: Sandbox, connect: Callable[..., HarvestHook]
    ) -> None:
        mark = portal.mark()
        client = asyncio.run(connect(portal.keys.admin).aget_conn())
        with client:
            list(client.iter_sources())
            client.list_backends()
        assert {request.user for request in portal.requests(mark)} == {None}


def test_site_without_udata_is_reported(portal_17: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The catalogue's own address, as is easily pasted."""
    url = portal_17.catalogue.put("mistaken-for-a-portal", datasets=1)
    monkeypatch.setenv("AIRFLOW_CONN_PORTAL", json.dumps({"conn_type": "harvest", "host": url}))
    works, text = HarvestHook("portal").test_connection()
    assert not works
    assert "udata portal" in text


def test_portal_that_is_down_is_reported(monkeypatch: pytest.MonkeyPatch, unused_port: int) -> None:
    address = f"http://127.0.0.1:{unused_port}"
    monkeypatch.setenv("AIRFLOW_CONN_PORTAL", json.dumps({"conn_type": "harvest", "host": address, "password": "key"}))
    works, text = HarvestHook("portal").test_connection()
    assert not works
    assert "no connection" in text


@pytest.fixture
def unused_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
