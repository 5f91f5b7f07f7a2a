"""The verdict: what counts as a success, and what is said if it does not. Fail closed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.outcome.verdict import OutcomePolicy, judge
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
