"""What a result says of the harvest before: read only if there is a reason to, and what is new comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.portal.outcome.read_ended_job import conclude
from airflow_provider_harvest.portal.outcome.summary import failure_message, summary_lines
from airflow_provider_harvest.portal.outcome.verdict import OutcomePolicy
from airflow_provider_harvest.portal.statuses import STARTED, WATCHED
from airflow_provider_harvest.portal.waiting.wait_plan import WaitPlan
from tests.support.ended_jobs import ended_job
from tests.support.fake_portal.scripted import T0, FakeClock, ScriptedClient, item, portal_of, server_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_harvest.portal.models import HarvestItem
    from airflow_provider_harvest.portal.statuses import How

DONE = [item(f"ok-{n}", "done") for n in range(5)]
BEFORE = [*DONE, item("bad-0", "failed", "missing title"), item("bad-1", "failed", "missing title")]


def harvested(
    before: list[HarvestItem] | None, after: list[HarvestItem], generation: str = "D", status: str = "done"
) -> ScriptedClient:
    """A portal on which a source was harvested, and harvested again; ``before`` None: for the first time."""
    portal = portal_of(FakeClock(), generation=generation)
    if before is not None:
        portal.life.put_job("before", T0 - 9000, "done", T0 - 8000, items=before)
    portal.life.put_job("now", T0 - 60, status, T0 - 18, items=after)
    return ScriptedClient(portal)


def conclude_now(client: Any, before: tuple[str, int | None] | None = None, how: How = STARTED) -> dict[str, Any]:
    policy = OutcomePolicy.create(max_failed_items=0)
    source = client.portal.life.source
    result: Any = conclude(client, source, "now", how, policy, before, compare_failed=how != WATCHED)
    return dict(result)


def told(result: dict[str, Any]) -> dict[str, Any]:
    """What changed, without what was not read."""
    return {kind: number for kind, number in result["changes"].items() if number is not None}


CASES = [
    # before, after, what was known of the job before, what is told, requests for jobs and items
    pytest.param(BEFORE, DONE, None, (0, 0), 0, id="nothing failed"),
    pytest.param(BEFORE, DONE, ("before", 5), (0, 0), 0, id="nothing failed and as many as before"),
    pytest.param(BEFORE, BEFORE, None, (0, 2), 3, id="the same failed as before"),
    pytest.param(DONE, BEFORE, None, (2, 0), 3, id="two fail that did not"),
    pytest.param(None, BEFORE, None, (2, 0), 2, id="the first harvest"),
]


@pytest.mark.parametrize("before, after, known, failing, price", CASES)
def test_what_failed_and_what_it_costs(
    before: list[HarvestItem] | None,
    after: list[HarvestItem],
    known: tuple[str, int | None] | None,
    failing: tuple[int, int],
    price: int,
) -> None:
    client = harvested(before, after)
    changes = conclude_now(client, known)["changes"]
    assert (changes["newly_failing"], changes["still_failing"]) == failing
    assert client.count("list_jobs") + client.count("list_items") == price


def test_where_fewer_records_are_listed_all_kinds_are_counted() -> None:
    after = [*DONE[2:], item("bad-0", "done"), item("new", "done")]
    client = harvested(BEFORE, after)
    changes = conclude_now(client, ("before", 7))["changes"]
    assert changes == {
        "compared_with": "before",
        "newly_failing": 0,
        "still_failing": 0,
        "newly_archived": 0,
        "vanished": 3,
        "fixed": 1,
        "new": 1,
    }
    assert client.count("list_jobs") + client.count("list_items") == 3


@pytest.mark.parametrize("generation", ["A", "B"])
def test_a_release_that_answers_all_items_at_once_shows_all_kinds_of_change(generation: str) -> None:
    client = harvested(BEFORE, [*DONE[1:], item("bad-0", "failed", "missing title")], generation)
    changes = conclude_now(client)["changes"]
    assert (changes["still_failing"], changes["vanished"]) == (1, 2)
    assert client.count("get_job") == 2 + 1


def test_what_watches_a_whole_portal_reads_no_more_for_failed_items() -> None:
    client = harvested(DONE, BEFORE)
    assert told(conclude_now(client, how=WATCHED)) == {"newly_archived": 0}
    assert client.count("list_jobs") == 0


def test_a_job_that_did_not_read_the_catalogue_is_compared_with_nothing() -> None:
    assert conclude_now(harvested(BEFORE, [], status="failed"))["changes"] is None


def test_a_harvest_before_that_cannot_be_read_fails_nothing() -> None:
    client = harvested(DONE, BEFORE)
    client.iter_jobs = _fails  # type: ignore[method-assign]
    result = conclude_now(client)
    assert result["changes"] is None
    assert result["failure_kind"] == "items"


def _fails(*_: Any, **__: Any) -> Any:
    raise server_error(500)


@pytest.fixture
def failed_again() -> dict[str, Any]:
    """Thirty records failed before, and one more now, the last that the portal lists."""
    old = [item(f"old-{n:02}", "failed", "missing title") for n in range(30)]
    return conclude_now(harvested([*DONE, *old], [*DONE, *old, item("fresh", "failed", "missing title")]))


def test_what_is_newly_failing_comes_first(failed_again: dict[str, Any]) -> None:
    assert [entry["remote_id"] for entry in failed_again["failed_items"]][:2] == ["fresh", "old-00"]
    assert [entry["newly_failing"] for entry in failed_again["failed_items"]][:2] == [True, False]


@pytest.mark.parametrize("lines_of", [summary_lines, lambda result: failure_message(result).splitlines()])
def test_the_words_name_it_first(failed_again: dict[str, Any], lines_of: Callable[[dict[str, Any]], list[str]]) -> None:
    lines = lines_of(failed_again)
    assert "Since the harvest before: 1 newly failing, 30 still failing." in lines
    named = [line for line in lines if "failing: " in line or line.startswith("Failed: ")]
    assert [line.split(":")[0] for line in named[:2]] == ["Newly failing", "Failed"]
    assert named[0] == "Newly failing: fresh: missing title"


def test_of_a_first_harvest_nothing_is_called_new() -> None:
    result: Any = conclude_now(harvested(None, BEFORE))
    assert "Since" not in failure_message(result)
    assert "Newly" not in failure_message(result)


def test_a_plan_takes_the_last_job_along_and_an_older_worker_can_read_it() -> None:
    plan = WaitPlan("s", STARTED, known=()).knowing(ended_job(done=7, failed=2))
    assert WaitPlan.from_dict(plan.to_dict()).before == ("65f000000000000000000001", 9)
    assert WaitPlan.from_dict({"source_id": "s"}).before is None


@pytest.mark.parametrize(
    "last_job",
    [None, ended_job("failed"), ended_job("done")],
    ids=["none", "it read nothing", "it is the job that is waited for"],
)
def test_a_job_that_says_nothing_of_before_is_not_taken(last_job: Any) -> None:
    assert WaitPlan("s", STARTED, job_id="65f000000000000000000001").knowing(last_job).before is None
