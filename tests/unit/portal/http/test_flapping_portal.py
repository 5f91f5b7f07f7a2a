"""A portal of which any request may fail with 500, as behind two servers of which one is broken: nothing that exists
is called absent, and nothing is created a second time."""

from __future__ import annotations

import random
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.exceptions import HarvestError, HarvestNotFound, HarvestServerError
from airflow_provider_harvest.portal.outcome.verdict import OutcomePolicy
from airflow_provider_harvest.portal.sources.writes import ensure_deleted, ensure_source
from airflow_provider_harvest.portal.statuses import GONE
from airflow_provider_harvest.portal.waiting.ended_jobs import EndedJobs
from airflow_provider_harvest.portal.waiting.job_wait import JobWait
from airflow_provider_harvest.portal.waiting.results_of_ended_jobs import EndedResults
from airflow_provider_harvest.portal.waiting.wait_plan import WaitPlan
from airflow_provider_harvest.portal.waiting.watch_scope import Scope
from airflow_provider_harvest.portal.waiting.watched_source import SourceRecord
from tests.support.fake_portal.direct_client import DirectClient
from tests.support.fake_portal.scripted import T0, FakeClock
from tests.support.fake_portal.state import ORGANIZATION, PortalState, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Each story is played so many times, with other luck.
TIMES = 20
TOWN: dict[str, Any] = {"name": "Town", "url": "https://town.example/catalog.xml", "backend": "dcat"}
BROKEN = Response(500, {"message": "Internal Server Error"})


class FlappingClient(DirectClient):
    """A client of a portal whose requests fail by chance, or as a script says.

    :param fails: whether the next request fails; a request after the last one succeeds.
    """

    fails: Iterator[bool] = iter(())

    def answer(self, name: str, method: str, path: str, query: dict[str, str], body: Any, key: str | None) -> Response:
        return BROKEN if next(self.fails, False) else super().answer(name, method, path, query, body, key)


def by_chance(share: float, seed: int) -> Iterator[bool]:
    luck = random.Random(seed)
    while True:
        yield luck.random() < share


def portal_of(generation: str) -> tuple[FlappingClient, PortalState]:
    clock = FakeClock()
    state = PortalState(generation, now=clock.now)
    return FlappingClient(state, clock=clock), state


def run(call: Callable[[], Any]) -> Any:
    """What a call returns, or the error that it raises."""
    try:
        return call()
    except HarvestError as error:
        return error


@pytest.mark.parametrize("generation", "ABCD")
@pytest.mark.parametrize("share", [0.2, 0.5])
def test_a_running_job_is_not_called_purged(generation: str, share: float) -> None:
    for seed in range(TIMES):
        client, state = portal_of(generation)
        source = state.add_source()
        for _ in range(11):
            state.end_job(state.add_job(source))
        job = state.add_job(source)
        wait = JobWait(WaitPlan(source, "started", job_id=job, begun=T0, max_poll_failures=99), client)
        client.fails = by_chance(share, seed)
        for _ in range(20):
            poll = wait.poll()
            assert poll.state != GONE, (seed, poll.detail)
            client.clock.sleep(poll.pause)


@pytest.mark.parametrize("generation", "CD")
@pytest.mark.parametrize("share", [0.3, 0.7])
def test_a_harvest_that_ended_is_reported(generation: str, share: float) -> None:
    for seed in range(TIMES):
        client, state = portal_of(generation)
        source = state.add_source()
        for _ in range(11):
            state.end_job(state.add_job(source))
        scope = Scope(source_id=source, name="n")
        watch = EndedJobs(client, scope, OutcomePolicy.create(), "ended", 60)
        watch.poll()
        client.clock.sleep(60)
        state.end_job(state.add_job(source))
        client.fails = by_chance(share, seed)
        reported: list[Any] = []
        while not reported:
            assert client.clock.now() < T0 + 10 * 86400, seed
            poll = watch.poll()
            reported += [one for one in poll.results if one.result]
            client.clock.sleep(max(1.0, poll.pause))


@pytest.mark.parametrize("generation", "ABCD")
@pytest.mark.parametrize("is_listed", [True, False], ids=["listed", "purged"])
def test_an_ended_job_is_given_up_only_if_its_source_does_not_list_it(is_listed: bool, generation: str) -> None:
    client, state = portal_of(generation)
    source = state.add_source()
    job = state.add_job(source)
    state.end_job(job)
    if not is_listed:
        del state.jobs[job]
    unknown = HarvestNotFound("There is no such job.", status_code=500)
    client.get_job = client.peek_job = lambda *_, **__: (_ for _ in ()).throw(unknown)  # type: ignore[method-assign, assignment]
    results = EndedResults(client, OutcomePolicy.create(), "ended")
    answers = [run(lambda: results.read(SourceRecord(source, "n"), job)) for _ in range(3)]
    assert answers[0] is unknown
    assert answers[1:] == ([unknown, unknown] if is_listed else [None, unknown])


@pytest.mark.parametrize("generation", "ABCD")
@pytest.mark.parametrize("share", [0.3, 0.7])
def test_a_source_is_not_created_a_second_time(generation: str, share: float) -> None:
    for seed in range(TIMES):
        client, state = portal_of(generation)
        organization: dict[str, Any] = {"owner": None, "organization": dict(ORGANIZATION)}
        for number in range(8):
            state.add_source(f"Other {number}", **organization)
        state.add_source(**TOWN, **organization)
        client.fails = by_chance(share, seed)
        run(partial(ensure_source, client, **TOWN, organization=ORGANIZATION["id"]))
        assert len(state.sources) == 9, seed


@pytest.mark.parametrize("broken", [[True, False, *[True] * 5], [True, False, True, True, True, True, False, True]])
def test_a_source_is_not_created_after_a_script_of_failures(broken: list[bool]) -> None:
    client, state = portal_of("D")
    state.add_source(**TOWN, owner=None, organization=dict(ORGANIZATION))
    client.fails = iter(broken)
    run(lambda: ensure_source(client, **TOWN, organization=ORGANIZATION["id"]))
    assert len(state.sources) == 1


@pytest.mark.parametrize("generation", "ABC")
@pytest.mark.parametrize("share", [0.3, 0.6])
def test_an_ended_job_is_rarely_called_unknown_and_never_by_one_500(generation: str, share: float) -> None:
    """Its source is not known, so that no list shows it: it is read again before it counts as unknown."""
    unknown = []
    for seed in range(TIMES):
        client, state = portal_of(generation)
        job = state.add_job(state.add_source())
        state.add_job(state.add_source())
        client.fails = by_chance(share, seed)
        unknown.append(isinstance(run(partial(client.get_job, job)), HarvestNotFound))
    assert sum(unknown) < 0.05 * TIMES
    client.fails = iter([True])
    assert not isinstance(run(lambda: client.get_job(job)), HarvestNotFound)


class TestOneFailure:
    """Up to 10.8.1 the response to an unknown source is 500: a single one is no proof."""

    @pytest.mark.parametrize("by", ["id", "slug"])
    def test_hides_no_source(self, by: str) -> None:
        client, state = portal_of("A")
        source = state.add_source("My source")
        slug = "my-source"
        state.sources[slug] = state.sources[source]  # the portal knows it by both
        client.fails = iter([True])
        read = run(lambda: client.get_source(source if by == "id" else slug))
        if by == "slug":
            assert read.name == "My source"
        else:
            assert isinstance(read, HarvestServerError)

    def test_deletes_the_source_that_is_meant(self) -> None:
        client, state = portal_of("A")
        state.sources["my-source"] = state.sources[state.add_source("My source")]
        client.fails = iter([True])
        deleted = ensure_deleted(client, "my-source")
        assert deleted is not None
        assert deleted.deleted is not None

    def test_of_a_slug_that_is_unknown_is_a_404(self) -> None:
        client, state = portal_of("A")
        state.add_source()
        assert isinstance(run(lambda: client.get_source("no-such-slug")), HarvestNotFound)

    def test_of_a_slug_next_to_a_source_that_is_never_returned_says_nothing(self) -> None:
        """It may be that one: these releases return no slugs."""

        class Broken(FlappingClient):
            def answer(self, name: str, *request: Any, **more: Any) -> Response:
                response = super().answer(name, *request, **more)
                listed = response.body.get("data", ()) if name == "list_sources" else ()
                return BROKEN if any(entry["id"] == broken for entry in listed) else response

        state = PortalState("A", now=FakeClock().now)
        broken = state.add_source()
        state.add_source()
        client = Broken(state, clock=FakeClock())
        assert isinstance(run(lambda: client.get_source("some-slug")), HarvestServerError)
