"""A closed client holds no connection, however its last request ended, even if somebody keeps the error."""

from __future__ import annotations

import pytest

from airflow_provider_harvest.portal.client import HarvestClient
from airflow_provider_harvest.portal.http import transport
from airflow_provider_harvest.portal.http.retry import RetryPolicy
from tests.support.fake_portal.response_faults import Reply, Reset, Step, Truncated, failure_of, garbage, html, redirect
from tests.support.fake_portal.server import PortalServer
from tests.support.fake_portal.state import KEY

ID = f"{1:024x}"
#: What is read of a response at most, and a response of which a rest is left in the connection.
MOST, TOO_LONG = 1000, Reply(200, "x" * 2_000_000)
FAULTS = [
    *(Reply(404), Reply(500), Reply(300), Reset(), Truncated(), garbage(), html(200), redirect("https://a.example")),
    TOO_LONG,
]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("step", FAULTS, ids=[str(step)[:24] for step in FAULTS])
def test_close_closes_while_the_error_is_held(step: Step, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "MAX_BODY", MOST)
    with PortalServer() as server:
        server.script(method, "*", step)
        client = HarvestClient(server.url, KEY, retry=RetryPolicy(attempts=1))
        error = failure_of(lambda: client.get_source(ID) if method == "GET" else client.run_source(ID))
        client.close()
        assert server.wait_until_disconnected()
        assert error.__traceback__ is not None
