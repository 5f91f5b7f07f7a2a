"""Real portals of which any request may fail with 500, as behind a broken server: nothing is called absent by that."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.exceptions import HarvestError, HarvestNotFound, HarvestServerError
from airflow_provider_harvest.portal.http.transport import _Reply
from airflow_provider_harvest.portal.sources.writes import ensure_source
from airflow_provider_harvest.portal.statuses import ENDED, GONE
from airflow_provider_harvest.portal.waiting.job_wait import JobWait
from airflow_provider_harvest.portal.waiting.wait_plan import WaitPlan

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestSource
    from sandbox import Sandbox

pytestmark = [pytest.mark.integration, pytest.mark.every_release]

#: Each story is played so many times, with other luck.
TIMES = 25
UNKNOWN_ID = "0" * 24


@pytest.fixture
def flap(monkeypatch: pytest.MonkeyPatch) -> Callable[[HarvestClient, float, int], None]:
    """Let a share of a client's requests fail: they do not reach the portal."""

    def begin(client: HarvestClient, share: float, seed: int) -> None:
        luck = random.Random(seed)
        send = type(client._transport)._send

        def flapping(request: Any) -> _Reply:
            if luck.random() < share:
                return _Reply(500, {}, b'{"message": "Internal Server Error"}')
            return send(client._transport, request)

        monkeypatch.setattr(client._transport, "_send", flapping)

    return begin


@pytest.mark.parametrize("share", [0.3, 0.6])
def test_what_is_there_is_not_called_absent(
    share: float,
    anybody: HarvestClient,
    org_admin: HarvestClient,
    new_harvest: Callable[..., HarvestSource],
    flap: Callable[[HarvestClient, float, int], None],
) -> None:
    source = new_harvest(datasets=2)
    assert source.organization is not None
    (job,) = anybody.iter_jobs(source.id)
    same: dict[str, Any] = {"name": source.name, "url": source.url, "backend": source.backend}
    states: set[str] = set()
    made: set[str] = set()
    failures: set[type[HarvestError]] = set()
    for seed in range(TIMES):
        flap(anybody, share, seed)
        flap(org_admin, share, seed)
        wait = JobWait(WaitPlan(source.id, "started", job_id=job.id, begun=0.0, max_poll_failures=99), anybody)
        states |= {wait.poll().state for _ in range(10)}
        assert not anybody.is_purged(source.id, str(job.id))
        try:
            made.add(ensure_source(org_admin, **same, organization=source.organization.id)[0].id)
        except HarvestError as error:
            failures.add(type(error))
    assert ENDED in states
    assert GONE not in states
    assert made == {source.id}
    assert failures <= {HarvestServerError}


def test_what_is_not_there_is_called_absent(
    portal: Sandbox, anybody: HarvestClient, new_harvest: Callable[..., HarvestSource]
) -> None:
    source = new_harvest(datasets=1)
    assert anybody.is_purged(source.id, UNKNOWN_ID)
    for ident in (UNKNOWN_ID, "no-source-has-this-slug"):
        with pytest.raises(HarvestNotFound):
            anybody.get_source(ident)
    with pytest.raises(HarvestNotFound):
        anybody.get_job(UNKNOWN_ID)
    # Up to 10.8.1 there are no slugs to compare: another source that cannot be read may be the one.
    if portal.release == "9.2.4":
        broken = source
        portal.control.dangle(broken.id)
        try:
            with pytest.raises(HarvestError) as caught:
                anybody.get_source("no-source-has-this-slug")
            assert not isinstance(caught.value, HarvestNotFound)
        finally:
            portal.control.remove_document(broken.id)
