"""What watches of one portal read once for all: in a round all of it, later what is small and never changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.exceptions import HarvestError
from airflow_provider_harvest.portal.waiting.shared_reads import SharedReads
from tests.support.fake_portal.scripted import (
    SOURCE_ID,
    T0,
    FakeClock,
    ScriptedClient,
    items_move,
    job_appears,
    job_ends,
    portal_of,
    server_error,
    whole_job,
)

if TYPE_CHECKING:
    from collections.abc import Callable

LIFE = [
    *whole_job("few", -900, 60),
    (-700, job_appears("many")),
    (-650, items_move("many", archived=50)),
    (-600, job_ends("many")),
    (-500, job_appears("huge")),
    (-450, items_move("huge", done=501)),
    (-400, job_ends("huge")),
    (-100, job_appears("runs")),
]


def shared() -> tuple[ScriptedClient, SharedReads]:
    client = ScriptedClient(portal_of(FakeClock(T0), LIFE))
    return client, SharedReads(client)


@pytest.mark.parametrize(
    "read, in_a_round, in_the_next",
    [
        pytest.param(lambda reads: reads.get_source(SOURCE_ID, keyed=False), 1, 1, id="a source"),
        pytest.param(lambda reads: reads.recent_jobs(SOURCE_ID), 1, 1, id="its jobs"),
        pytest.param(lambda reads: list(reads.iter_jobs(SOURCE_ID)), 1, 1, id="all its jobs"),
        pytest.param(lambda reads: reads.is_purged(SOURCE_ID, "few"), 1, 1, id="whether a job is gone"),
        pytest.param(lambda reads: reads.peek_job("runs"), 1, 1, id="a job that runs"),
        pytest.param(lambda reads: reads.peek_job("few"), 1, 0, id="a job that has ended"),
        pytest.param(lambda reads: list(reads.iter_job_items("few")), 1, 0, id="few items"),
        pytest.param(lambda reads: list(reads.iter_job_items("few", "failed")), 1, 0, id="no items"),
        pytest.param(lambda reads: list(reads.iter_job_items("many")), 1, 1, id="many items"),
        # Each watch reads what comes after the first page, and that page with it.
        pytest.param(lambda reads: list(reads.iter_job_items("huge")), 1 + 2 + 2, 1 + 2 + 2, id="more than a page"),
    ],
)
def test_what_is_read_once(read: Callable[[SharedReads], Any], in_a_round: int, in_the_next: int) -> None:
    client, reads = shared()
    sent = []
    for _ in range(2):
        reads.begin_round()
        before = len(client.requests)
        first, second = read(reads), read(reads.with_job_page("https://admin.example/{job_id}"))
        assert first == second == read(SharedReads(ScriptedClient(client.portal)))
        sent.append(len(client.requests) - before)
    assert sent == [in_a_round, in_the_next]


def test_an_error_is_of_the_one_who_asked() -> None:
    client, reads = shared()
    client.portal.life.fault = server_error(502)
    with pytest.raises(HarvestError):
        reads.recent_jobs(SOURCE_ID)
    client.portal.life.fault = None
    assert len(reads.recent_jobs(SOURCE_ID)) == 4


def test_what_is_kept_is_bounded() -> None:
    client, reads = shared()
    for number in range(201):
        reads.begin_round()
        reads._answers.once(number, lambda: "small")
        reads.peek_job("few")
    reads.begin_round()
    assert client.count("get_job") == 1
    assert (len(reads._answers._answers), 1 in reads._answers._answers) == (200, False)
