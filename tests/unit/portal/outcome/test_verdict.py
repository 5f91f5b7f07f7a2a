"""The verdict: what counts as a success, and what is said if it does not. Fail closed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.models import ItemCounts
from airflow_provider_harvest.portal.outcome.result import MAX_REMOTE_IDS, build_result
from airflow_provider_harvest.portal.outcome.skips import Skips, reasons_of
from airflow_provider_harvest.portal.outcome.verdict import Outcome, OutcomePolicy, judge
from airflow_provider_harvest.portal.statuses import FAILURE_KINDS, JOB_STATUSES, TERMINAL_JOB_STATUSES
from tests.support.ended_jobs import ended_job
from tests.support.fake_portal.scripted import item
from tests.support.portal_messages import CUT_SHORT, NO_SUCH_PAGE, REDIRECTED, REFUSED

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.models import HarvestJob


def policy(**given: Any) -> OutcomePolicy:
    return OutcomePolicy.create(**given)


# --- all items -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "job, given, kind",
    [
        # what the job came to, without a word from the user
        pytest.param(ended_job(done=3), {}, None, id="all done"),
        pytest.param(ended_job(done=3, skipped=9), {}, None, id="some skipped"),
        pytest.param(ended_job(done=3, archived=9), {}, None, id="some archived"),
        pytest.param(ended_job(), {}, "empty", id="done with nothing"),
        pytest.param(ended_job(skipped=9), {}, "empty", id="skipped only"),
        pytest.param(ended_job(archived=9), {}, "empty", id="archived only"),
        pytest.param(ended_job("done-errors", done=3, failed=1), {}, "items", id="one failed"),
        pytest.param(ended_job("done-errors", failed=4), {}, "items", id="all failed"),
        pytest.param(ended_job("failed", [NO_SUCH_PAGE]), {}, "job", id="failed"),
        pytest.param(ended_job("failed"), {}, "job", id="failed without a reason"),
        pytest.param(ended_job("failed", counted=False), {}, "job", id="failed, and nothing is said of the items"),
        pytest.param(ended_job("failed", [REFUSED]), {}, "remote_unreachable", id="failed, remote unreachable"),
        pytest.param(ended_job("failed", [REDIRECTED], done=50), {}, "job", id="failed half-way"),
        pytest.param(ended_job(errors=[CUT_SHORT], done=1000), {}, "job_errors", id="cut short"),
        pytest.param(
            ended_job("done-errors", [CUT_SHORT], done=9, failed=1), {}, "items", id="cut short and failed items"
        ),
        # what no release is known to return
        pytest.param(ended_job("deleted", done=3), {}, "unknown_status", id="ended in an unknown status"),
        pytest.param(ended_job("", done=3), {}, "unknown_status", id="ended in no status"),
        pytest.param(ended_job(counted=False), {}, "unfinished", id="done, but nothing is said of the items"),
        pytest.param(ended_job(done=3, pending=1), {}, "items", id="an item pending forever"),
        pytest.param(ended_job(done=3, started=1), {}, "items", id="an item started forever"),
        pytest.param(ended_job(done=3, vanished=1), {}, "items", id="an item in an unknown status"),
        # how many may fail
        pytest.param(ended_job("done-errors", done=9, failed=2), {"max_failed_items": 2}, None, id="within the number"),
        pytest.param(
            ended_job("done-errors", done=9, failed=3), {"max_failed_items": 2}, "items", id="over the number"
        ),
        pytest.param(
            ended_job("done-errors", done=9, failed=1), {"max_failed_ratio": 0.1}, None, id="within the share"
        ),
        pytest.param(
            ended_job("done-errors", done=8, failed=1), {"max_failed_ratio": 0.1}, "items", id="over the share"
        ),
        pytest.param(
            ended_job("done-errors", done=71, failed=29),
            {"max_failed_ratio": 0.29},
            None,
            id="exactly a share of binary dust",
        ),
        pytest.param(
            ended_job("done-errors", done=1, skipped=8, failed=1),
            {"max_failed_ratio": 0.1},
            None,
            id="skipped ones count as processed",
        ),
        pytest.param(
            ended_job("done-errors", done=1, archived=8, failed=1),
            {"max_failed_ratio": 0.1},
            "items",
            id="archived ones do not",
        ),
        pytest.param(
            ended_job("done-errors", done=999, failed=9),
            {"max_failed_items": 5, "max_failed_ratio": 0.5},
            "items",
            id="over the number of both",
        ),
        pytest.param(
            ended_job("done-errors", done=9, failed=4),
            {"max_failed_items": 5, "max_failed_ratio": 0.1},
            "items",
            id="over the share of both",
        ),
        pytest.param(
            ended_job("done-errors", done=96, failed=4),
            {"max_failed_items": 5, "max_failed_ratio": 0.1},
            None,
            id="within both",
        ),
        pytest.param(ended_job("done-errors", failed=4, done=1), {"max_failed_ratio": 1.0}, None, id="any share"),
        pytest.param(
            ended_job("failed", [NO_SUCH_PAGE]), {"max_failed_ratio": 1.0}, "job", id="any share, but the job failed"
        ),
        # how many must be done
        pytest.param(ended_job(), {"min_done_items": 0}, None, id="none need be done"),
        pytest.param(ended_job(done=99), {"min_done_items": 100}, "empty", id="too few done"),
        pytest.param(ended_job(done=100), {"min_done_items": 100}, None, id="just enough done"),
        pytest.param(ended_job("failed"), {"min_done_items": 0}, "job", id="none need be done, but the job failed"),
        # errors of the job
        pytest.param(
            ended_job(errors=[CUT_SHORT], done=3), {"fail_on_job_errors": False}, None, id="cut short, and accepted"
        ),
        pytest.param(
            ended_job("failed", [REDIRECTED]), {"fail_on_job_errors": False}, "job", id="failed, job errors accepted"
        ),
    ],
)
def test_the_verdict_on_all_items(job: HarvestJob, given: dict[str, Any], kind: str | None) -> None:
    outcome = judge(job, policy(**given))
    assert outcome.failure_kind == kind
    assert outcome.is_success == (kind is None)
    assert bool(outcome.reasons) == (kind is not None)


@pytest.mark.parametrize("status", [*JOB_STATUSES, "unheard-of", None])
@pytest.mark.parametrize(
    "given",
    [{}, {"max_failed_ratio": 1.0, "min_done_items": 0, "fail_on_job_errors": False}, {"remote_ids": ["a"]}],
    ids=["default", "as lax as can be", "remote ids"],
)
def test_a_job_that_has_not_ended_is_never_a_success(status: str | None, given: dict[str, Any]) -> None:
    items = [item("a", "done")]
    job = replace(ended_job(items=items), status=status, ended=None)
    assert judge(job, policy(**given), items).failure_kind == "unfinished"


@pytest.mark.parametrize("status", [*JOB_STATUSES, "unheard-of"])
def test_only_done_and_done_errors_can_be_a_success(status: str) -> None:
    lax = policy(max_failed_ratio=1.0, min_done_items=0, fail_on_job_errors=False)
    is_success = judge(ended_job(status, done=1), lax).is_success
    assert is_success == (status in TERMINAL_JOB_STATUSES - {"failed"})


@pytest.mark.parametrize(
    "job, given, reasons",
    [
        pytest.param(ended_job("done-errors", done=9, failed=1), {}, ["1 item failed; none may."], id="one failed"),
        pytest.param(
            ended_job("done-errors", done=7500, failed=2500),
            {"max_failed_ratio": 0.1, "max_failed_items": 1000},
            ["2,500 items failed; 1,000 may.", "2,500 of 10,000 items failed (25.0%); 10.0% may."],
            id="two limits",
        ),
        pytest.param(
            ended_job(skipped=2, archived=40),
            {},
            ["0 items harvested (2 skipped, 40 archived); at least 1 must be."],
            id="nothing done",
        ),
        pytest.param(ended_job(), {}, ["0 items harvested; at least 1 must be."], id="nothing at all"),
        pytest.param(
            ended_job("failed", [NO_SUCH_PAGE]),
            {},
            [f"The job failed: {NO_SUCH_PAGE}"],
            id="a failed job is not also empty",
        ),
        pytest.param(ended_job("failed"), {}, ["The job failed: the portal gives no reason"], id="no reason"),
        pytest.param(
            ended_job("failed", ["a", "b", "c", "d", "e"]),
            {},
            ["The job failed: a; b; c and 2 more"],
            id="many errors",
        ),
        pytest.param(
            ended_job(errors=[CUT_SHORT], done=3),
            {},
            ["The job reports errors although it is 'done': 1000 max items reached"],
            id="cut short",
        ),
        pytest.param(
            ended_job(done=3, pending=1),
            {},
            ["1 item did not end although the job did."],
            id="pending forever",
        ),
    ],
)
def test_the_reasons_are_sentences(job: HarvestJob, given: dict[str, Any], reasons: list[str]) -> None:
    assert list(judge(job, policy(**given)).reasons) == reasons


def test_the_gravest_kind_names_the_failure_and_comes_first() -> None:
    job = ended_job("failed", [NO_SUCH_PAGE], failed=3)
    outcome = judge(job, policy())
    assert outcome.failure_kind == "job"
    assert [reason.split()[0] for reason in outcome.reasons] == ["The", "3"]


def test_every_kind_of_failure_is_explained() -> None:
    assert all(text.endswith(".") for text in FAILURE_KINDS.values())


# --- my records only -------------------------------------------------------------------------------------------

MINE = ["a", "b"]
WHAT_IT_IS = "A remote id is the dct:identifier of a DCAT record, or the id of a CKAN package."


def mine(items: list[Any], status: str = "done", errors: tuple[str, ...] = ()) -> Outcome:
    return judge(ended_job(status, errors, items=items), policy(remote_ids=MINE), items)


@pytest.mark.parametrize(
    "items, fates",
    [
        pytest.param([item("a", "done"), item("b", "done")], {"done": 2}, id="both done"),
        pytest.param([item("a", "done"), item("b", "failed")], {"done": 1, "failed": ["b"]}, id="one failed"),
        pytest.param([item("a", "done"), item("b", "skipped")], {"done": 1, "skipped": ["b"]}, id="one skipped"),
        pytest.param([item("a", "done"), item("b", "archived")], {"done": 1, "archived": ["b"]}, id="one archived"),
        pytest.param([item("a", "done")], {"done": 1, "missing": ["b"]}, id="one missing"),
        pytest.param([item("a", "done"), item("b", "pending")], {"done": 1, "failed": ["b"]}, id="one pending forever"),
        pytest.param([item("a", "done"), item("b", "started")], {"done": 1, "failed": ["b"]}, id="one started forever"),
        pytest.param(
            [item("a", "done"), item("b", "odd")], {"done": 1, "failed": ["b"]}, id="one in an unknown status"
        ),
        pytest.param(
            [item("a", "done"), item("b", "done"), item("b", "failed")],
            {"done": 1, "failed": ["b"]},
            id="one twice: the worst counts",
        ),
        pytest.param(
            [item("b", "pending"), item("a", "done"), item("b", "done")],
            {"done": 1, "failed": ["b"]},
            id="one twice, pending",
        ),
        pytest.param(
            [item("a", "done"), item("b", "done"), item("c", "failed"), item(None, "skipped")],
            {"done": 2},
            id="others do not matter",
        ),
        pytest.param([item("x", "done")], {"missing": ["a", "b"]}, id="none occurs"),
        pytest.param([], {"missing": ["a", "b"]}, id="no items"),
    ],
)
def test_the_fate_of_my_records(items: list[Any], fates: dict[str, Any]) -> None:
    outcome = mine(items, "done-errors" if any(i.status == "failed" for i in items) else "done")
    empty: dict[str, Any] = {"done": 0, "failed": [], "skipped": [], "archived": [], "missing": []}
    assert outcome.remote_ids == {**empty, **fates}
    assert outcome.is_success == (fates == {"done": 2})
    assert outcome.failure_kind == (None if fates == {"done": 2} else "remote_ids")


def test_my_records_are_all_that_counts_of_a_job_that_is_done() -> None:
    items = [item("a", "done"), item("b", "done"), *[item(f"x{n}", "failed") for n in range(9)]]
    assert mine(items, "done-errors", (CUT_SHORT,)).is_success


def test_a_failed_job_is_a_failure_though_my_records_are_done() -> None:
    items = [item("a", "done"), item("b", "done")]
    assert mine(items, "failed", (REDIRECTED,)).failure_kind == "job"


@pytest.mark.parametrize(
    "items, status, reasons",
    [
        pytest.param(
            [item("a", "failed", "missing title on dataset"), item("b", "skipped", "missing identifier")],
            "done-errors",
            [
                "Of my 2 records, 1 failed: 'a'.",
                "Of my 2 records, 1 skipped by the portal: 'b' (missing identifier).",
            ],
            id="with the portal's words",
        ),
        pytest.param(
            [item(f"x{n}", "done") for n in range(9)],
            "done",
            [
                "None of my 2 records ('a', 'b') occurs in the job; it holds, for example, 'x0', 'x1', 'x2'. "
                + WHAT_IT_IS
            ],
            id="none occurs: three that do",
        ),
        pytest.param(
            [],
            "done",
            [f"None of my 2 records ('a', 'b') occurs in the job; it holds no items. {WHAT_IT_IS}"],
            id="no items at all",
        ),
        pytest.param([], "failed", ["The job failed: the portal gives no reason"], id="nothing was read"),
        pytest.param(
            [item("a", "done")],
            "failed",
            ["The job failed: the portal gives no reason", "Of my 2 records, 1 not reached: 'b'."],
            id="failed half-way",
        ),
        pytest.param(
            [item("x", "done")],
            "failed",
            ["The job failed: the portal gives no reason", "Of my 2 records, 2 not reached: 'a', 'b'."],
            id="failed before it came to mine",
        ),
    ],
)
def test_what_is_said_of_my_records(items: list[Any], status: str, reasons: list[str]) -> None:
    assert list(mine(items, status).reasons) == reasons


def test_a_long_list_of_records_is_cut() -> None:
    ids = [f"r{n}" for n in range(1200)]
    outcome = judge(ended_job(items=[item("r0", "done")]), policy(remote_ids=ids), [item("r0", "done")])
    assert outcome.reasons[0].endswith(": 'r1', 'r2', 'r3', 'r4', 'r5' and 1,194 more.")


# --- what a user may ask for -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given, words",
    [
        ({"max_failed_items": -1}, "max_failed_items must be a whole number from 0 on, or None, not -1."),
        ({"max_failed_items": 0.5}, "max_failed_items must be a whole number from 0 on, or None, not 0.5."),
        ({"max_failed_items": True}, "max_failed_items must be a whole number from 0 on, or None, not True."),
        ({"max_failed_items": "3"}, "max_failed_items must be a whole number from 0 on, or None, not '3'."),
        ({"max_failed_ratio": 1.01}, "max_failed_ratio must be a number from 0 to 1, or None, not 1.01."),
        ({"max_failed_ratio": -0.1}, "max_failed_ratio must be a number from 0 to 1, or None, not -0.1."),
        ({"max_failed_ratio": float("nan")}, "max_failed_ratio must be a number from 0 to 1, or None, not nan."),
        ({"max_failed_ratio": "10%"}, "max_failed_ratio must be a number from 0 to 1, or None, not '10%'."),
        ({"min_done_items": -1}, "min_done_items must be a whole number from 0 on, not -1."),
        ({"min_done_items": None}, "min_done_items must be a whole number from 0 on, not None."),
        ({"remote_ids": []}, "remote_ids is an empty list"),
        ({"remote_ids": "a"}, "remote_ids must be a list of ids, such as ['my-dataset'], not 'a'."),
        ({"remote_ids": 5}, "remote_ids must be a list of ids, such as ['my-dataset'], not 5."),
        ({"remote_ids": ["a", None]}, "remote_ids holds None"),
        ({"remote_ids": ["a", " "]}, "remote_ids holds ' '"),
        ({"remote_ids": [{"id": "a"}]}, "remote_ids holds {'id': 'a'}"),
    ],
)
def test_an_impossible_wish_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(HarvestInvalidInput) as refused:
        policy(**given)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    "given, ids",
    [(["a", "b", "a"], ("a", "b")), (("a",), ("a",)), (iter(["a"]), ("a",)), ([7, "7"], ("7",)), ({"a": 1}, ("a",))],
    ids=["each once", "tuple", "iterator", "numbers", "keys"],
)
def test_remote_ids_come_in_any_collection(given: Any, ids: tuple[str, ...]) -> None:
    assert policy(remote_ids=given).remote_ids == ids


@pytest.mark.parametrize(
    "given, limit",
    [({}, 0), ({"max_failed_items": 3}, 3), ({"max_failed_ratio": 0.5}, None)],
    ids=["nothing given", "a number", "a share only"],
)
def test_no_item_may_fail_unless_a_limit_is_given(given: dict[str, Any], limit: int | None) -> None:
    assert policy(**given).failed_limit == limit


@pytest.mark.parametrize(
    "policy, kind",
    [
        ({}, None),
        ({"max_skipped_items": 28}, "skipped"),
        ({"max_skipped_items": 29}, None),
        ({"max_skipped_ratio": 0.5}, "skipped"),
        ({"max_skipped_ratio": 1.0}, None),
    ],
)
def test_a_catalogue_that_lost_its_identifiers(policy: dict[str, Any], kind: str | None) -> None:
    verdict = judge(ended_job(done=1, skipped=29), OutcomePolicy.create(**policy))
    assert verdict.failure_kind == kind
    assert kind is None or "29" in verdict.reasons[0]


LOST = {"done": 1, "skipped": 29}
WELL = ItemCounts(total=30, done=30)
FILTERED = ItemCounts(total=30, done=2, skipped=28)


@pytest.mark.parametrize(
    "counts, before, given, kind",
    [
        pytest.param(LOST, (WELL,), {}, "skipped", id="29 of 30 lost their identifier"),
        pytest.param({"skipped": 30}, (WELL,), {}, "skipped", id="all of them did"),
        pytest.param({"skipped": 30}, (WELL,), {"min_done_items": 0}, "skipped", id="none need be done"),
        pytest.param(LOST, (FILTERED, FILTERED, WELL), {}, "skipped", id="two harvests ago it was well"),
        pytest.param({"done": 14, "skipped": 16}, (WELL,), {}, "skipped", id="a little more than half"),
        pytest.param({"done": 15, "skipped": 15}, (WELL,), {}, None, id="half"),
        pytest.param(LOST, (FILTERED,), {}, None, id="filters leave most out, as ever"),
        pytest.param(LOST, (ItemCounts(total=1, done=1),), {}, None, id="no fewer are done than before"),
        pytest.param(LOST, (), {}, None, id="the first harvest"),
        pytest.param(LOST, (WELL,), {"max_skipped_ratio": 1}, None, id="any share may"),
        pytest.param(LOST, (WELL,), {"max_skipped_items": 29}, None, id="as many as may"),
        pytest.param(LOST, (FILTERED,), {"max_skipped_ratio": 0.9}, "skipped", id="more than may, as ever"),
    ],
)
def test_skipped_items_without_a_word_from_the_user(
    counts: dict[str, int], before: tuple[ItemCounts, ...], given: dict[str, Any], kind: str | None
) -> None:
    verdict = judge(ended_job(**counts), policy(**given), skips=Skips({"missing identifier": 29}, before))
    assert verdict.failure_kind == kind
    assert kind is None or "missing identifier (29)" in verdict.reasons[0]


@pytest.mark.parametrize(
    "done, before, ratio, kind",
    [
        pytest.param(3, (30,), None, None, id="no limit"),
        pytest.param(3, (30,), 0.5, "loss", id="a tenth is left"),
        pytest.param(3, (3, 3, 30), 0.5, "loss", id="as in the two harvests before, which lost it"),
        pytest.param(15, (30,), 0.5, None, id="as many fewer as may be"),
        pytest.param(29, (30,), 0, "loss", id="none may be"),
        pytest.param(71, (100,), 0.29, None, id="a share that binary numbers cannot hold"),
        pytest.param(40, (30,), 0, None, id="more than before"),
        pytest.param(3, (), 0, None, id="the first harvest"),
        pytest.param(3, (0,), 0, None, id="nothing before"),
        pytest.param(1, (30,), 1, None, id="any number may be"),
    ],
)
def test_fewer_items_done_than_before(
    done: int, before: tuple[int, ...], ratio: float | None, kind: str | None
) -> None:
    earlier = tuple(ItemCounts(total=number, done=number) for number in before)
    verdict = judge(ended_job(done=done), policy(max_drop_ratio=ratio), skips=Skips({}, earlier))
    assert verdict.failure_kind == kind


def test_fewer_items_done_are_said_with_their_share() -> None:
    verdict = judge(ended_job(done=3), policy(max_drop_ratio=0.5), skips=Skips({}, (WELL,)))
    assert verdict.reasons == ("3 items done, and 30 in one of the last ten harvests: 90.0% fewer; 50.0% may be.",)


def test_what_was_lost_is_said_with_what_to_do() -> None:
    verdict = judge(ended_job(**LOST), policy(), skips=Skips({"missing identifier": 29}, (WELL,)))
    assert verdict.reasons[0] == (
        "29 of 30 items skipped: missing identifier (29). An earlier harvest had 30 done, and the portal "
        "archives what is skipped from now on. If this is right, set max_skipped_ratio=1."
    )


def test_reasons_of_skipped_items_are_counted() -> None:
    items = [item(None, "skipped", "missing identifier")] * 3 + [item("a", "skipped"), item("b", "skipped", "x\x1b[1m")]
    assert reasons_of(items) == {"missing identifier": 3, "no reason given": 1, "x": 1}


def test_a_result_names_only_so_many_records() -> None:
    ids = [f"r{n}" for n in range(5000)]
    outcome = judge(ended_job(items=[item("x", "done")]), policy(remote_ids=ids), [item("x", "done")])
    told = build_result(portal="", source=None, job=ended_job(), job_url=None, how="started", outcome=outcome)
    assert len(told["remote_ids"]["missing"]) == MAX_REMOTE_IDS
    assert told["remote_ids"]["counts"] == {"failed": 0, "skipped": 0, "archived": 0, "missing": 5000}
