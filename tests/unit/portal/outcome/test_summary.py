"""The texts that people read, whole: in a task's log while it waits, at its end, and in an alert at 3 a.m."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.portal.models import HarvestJob, ItemCounts
from airflow_provider_harvest.portal.outcome.summary import (
    _ADVICE_BY_KIND,
    MAX_MESSAGE_LINES,
    advice_for,
    after_stop,
    continues,
    failure_message,
    progress_line,
    summary_lines,
)
from airflow_provider_harvest.portal.statuses import FAILURE_KINDS, PREVIEWED
from airflow_provider_harvest.portal.text.words import LOG_WIDTH, log_lines
from tests.support.fake_portal.scripted import item
from tests.support.judged_results import DONE, JOB_ID, PAGE, failed, result_of
from tests.support.portal_messages import CUT_SHORT, REDIRECTED, REFUSED

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.models import HarvestItem
    from airflow_provider_harvest.portal.outcome.result import HarvestResult

CHANCE = "Airflow does not retry this. The portal's own next run: in about 21 h 55 min (cron 0 0 * * *)."


# --- while it waits --------------------------------------------------------------------------------------------


FETCHING = "The portal is fetching the catalogue (initialized)"


@pytest.mark.parametrize(
    "status, counts, told, line",
    [
        ("initialized", None, {}, "Running (initialized)."),
        ("initialized", ItemCounts(), {}, f"{FETCHING}: 0 records"),
        ("initialized", ItemCounts(1, done=1), {"before": ItemCounts()}, "Running (initialized): 1 record (+1)"),
        (
            "initialized",
            ItemCounts(120, done=117, failed=3),
            {"before": ItemCounts(83), "since": 120.0},
            "Running (initialized): 120 records, 3 failed (+37, 18 a minute)",
        ),
        (
            "initialized",
            ItemCounts(120, done=120),
            {"before": ItemCounts(83), "since": 120.0, "left": 540.0},
            "Running (initialized): 120 records (+37, 18 a minute; about 9 min left)",
        ),
        ("initialized", ItemCounts(9, done=9), {"left": 0.4}, "Running (initialized): 9 records (about 1 s left)"),
        (
            "initialized",
            ItemCounts(120, done=120),
            {"left": -10.0},
            "Running (initialized): 120 records (longer than the harvests before it)",
        ),
        (
            "done-errors",
            ItemCounts(12345, done=12000, failed=300, skipped=40, archived=5),
            {"before": ItemCounts(12345), "left": 60.0},
            "Ended with errors (done-errors): 12,345 records, 300 failed, 40 skipped, 5 archived",
        ),
        ("done", ItemCounts(), {}, "Ended (done): 0 records"),
        ("dreaming", ItemCounts(2, done=2), {}, "dreaming: 2 records"),
        (None, ItemCounts(), {}, "unknown status: 0 records"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_progress_in_a_line(status: str | None, counts: ItemCounts | None, told: dict[str, Any], line: str) -> None:
    assert progress_line(HarvestJob("j", status, counts=counts), **told) == line


# --- the message of a task that failed -------------------------------------------------------------------------

MESSAGES = [
    pytest.param(
        result_of("done-errors", [*DONE, *failed(2)]),
        f"""\
Harvest of 'Ville' does not meet the criteria. 2 items failed; none may.
Failed: r0: missing title on dataset
Failed: r1: missing title on dataset
What to do: The record has no title: add one to the catalogue.
See {PAGE}
{CHANCE}""",
        id="two items failed",
    ),
    pytest.param(
        result_of("done-errors", failed(1200), (CUT_SHORT,), max_failed_items=3, max_failed_ratio=0.1),
        f"""\
Harvest of 'Ville' does not meet the criteria. 1,200 items failed; 3 may.
Also: 1,200 of 1,200 items failed (100.0%); 10.0% may.
Also: 0 items harvested (1,200 failed); at least 1 must be.
Failed: r0: missing title on dataset
Failed: r1: missing title on dataset
... and 1,198 more failed items.
What to do: The portal cut the harvest short at its own limit: ask its team to raise it.
What to do: The record has no title: add one to the catalogue.
See {PAGE}
{CHANCE}""",
        id="everything is wrong at once",
    ),
    pytest.param(
        result_of("failed", [], (REDIRECTED,)),
        f"""\
Harvest of 'Ville' does not meet the criteria. The job failed: Redirect (302) not allowed
What to do: The source's URL redirects, which udata refuses from 15.2 on: set the source to the final URL.
See {PAGE}
{CHANCE}""",
        id="the job failed",
    ),
    pytest.param(
        result_of("failed", [], (REFUSED,)),
        f"""\
Harvest of 'Ville' does not meet the criteria. The job failed: {REFUSED}
What to do: The portal could not reach the remote catalogue: check that its server is up and lets the portal in.
See {PAGE}
{CHANCE}""",
        id="the remote could not be reached",
    ),
    pytest.param(
        result_of("done-errors", [*failed(9), *DONE], remote_ids=["ok-1", "r7", "gone"]),
        f"""\
Harvest of 'Ville' does not meet the criteria. Of my 3 records, 1 failed: 'r7'.
Also: Of my 3 records, 1 not in the catalogue that was harvested: 'gone'.
Failed: r7: missing title on dataset
What to do: The record has no title: add one to the catalogue.
See {PAGE}
{CHANCE}""",
        id="my records: others are not named",
    ),
    pytest.param(
        result_of("done", []),
        f"""\
Harvest of 'Ville' does not meet the criteria. 0 items harvested; at least 1 must be.
What to do: The portal read the catalogue and found nothing to harvest in it: open the source's URL, or set \
min_done_items=0.
See {PAGE}
{CHANCE}""",
        id="nothing was harvested",
    ),
]


@pytest.mark.parametrize("result, text", MESSAGES)
def test_the_message_of_a_failed_task(result: HarvestResult, text: str) -> None:
    assert failure_message(result, CHANCE) == text


@pytest.mark.parametrize("result, text", MESSAGES)
def test_a_message_has_at_most_ten_lines(result: HarvestResult, text: str) -> None:
    assert len(failure_message(result, CHANCE).splitlines()) <= MAX_MESSAGE_LINES == 10


@pytest.mark.parametrize("result, text", MESSAGES)
def test_a_message_and_a_summary_fit_a_log_window(result: HarvestResult, text: str) -> None:
    """Only a word, such as an address, may be longer than a line."""
    for line in log_lines("\n".join([failure_message(result, CHANCE), *summary_lines(result)])):
        assert len(line) <= LOG_WIDTH or " " not in line.strip(), line


def test_a_preview_has_no_page() -> None:
    result: Any = {**result_of("done"), "how": PREVIEWED, "job_id": None, "job_url": None, "source_name": None}
    assert failure_message(result).splitlines()[0] == (
        "Preview does not meet the criteria. 0 items harvested; at least 1 must be."
    )
    assert "See http" not in failure_message(result)
    assert summary_lines(result)[0].startswith("Preview ended 'done' after 42 s: 0 items")


def test_a_message_of_several_lines_is_shown_as_one() -> None:
    result = result_of("done-errors", failed(1, "Traceback:\n  line 1\n\n  line 2"))
    assert "Failed: r0: Traceback: line 1 line 2" in failure_message(result).splitlines()


def test_a_long_message_keeps_its_end_where_the_cause_stands() -> None:
    result = result_of(
        "done-errors", failed(1, f"HTTPConnectionPool {'x' * 400} [Errno 111] Connection refused"), min_done_items=0
    )
    line = failure_message(result).splitlines()[1]
    assert line.startswith("Failed: r0: HTTPConnectionPool xxx")
    assert line.endswith("Connection refused")
    assert len(line) < 220


def test_ids_that_occur_are_never_cut_out_of_the_message() -> None:
    there = [item(f"https://ville.example/datasets/{'0' * 60}/{n}", "done") for n in range(3)]
    message = failure_message(result_of("done", there, remote_ids=["mine"]))
    assert all(repr(present.remote_id) in message for present in there)


# --- the summary in the log ------------------------------------------------------------------------------------

ENDED = f"Harvest of 'Ville' (job {JOB_ID}) ended"
CUT_SHORT_REASON = "The job reports errors although it is 'done-errors': 1000 max items reached"


@pytest.mark.parametrize(
    "result, lines",
    [
        pytest.param(
            result_of("done", [*DONE, item("s", "skipped", "missing identifier")]),
            [
                f"{ENDED} 'done' after 42 s: 4 items, 3 done, 0 failed, 1 skipped, 0 archived.",
                "Skipped: 1 item: missing identifier",
                f"See {PAGE}",
                "Outcome: success.",
            ],
            id="a success",
        ),
        pytest.param(
            result_of("done-errors", [*DONE, *failed(8)], (CUT_SHORT,)),
            [
                f"{ENDED} 'done-errors' after 42 s: 11 items, 3 done, 8 failed, 0 skipped, 0 archived.",
                "Job error: 1000 max items reached",
                *[f"Failed: r{n}: missing title on dataset" for n in range(5)],
                "... and 3 more failed items.",
                "What to do: The portal cut the harvest short at its own limit: ask its team to raise it.",
                "What to do: The record has no title: add one to the catalogue.",
                f"See {PAGE}",
                f"Outcome: failure (items). 8 items failed; none may. {CUT_SHORT_REASON}",
            ],
            id="a failure",
        ),
        pytest.param(
            result_of("done-errors", [*DONE, *failed(1, "odd")], max_failed_items=1, remote_ids=["ok-1"]),
            [
                f"{ENDED} 'done-errors' after 42 s: 4 items, 3 done, 1 failed, 0 skipped, 0 archived.",
                "Of my records: 1 done, 0 failed, 0 skipped, 0 archived, 0 missing.",
                "Failed: r0: odd",
                f"See {PAGE}",
                "Outcome: success.",
            ],
            id="my records are done",
        ),
    ],
)
def test_the_summary_of_a_harvest(result: HarvestResult, lines: list[str]) -> None:
    assert summary_lines(result) == lines


OLD_ONES = [item("x", "archived"), item("y", "archived")]


@pytest.mark.parametrize(
    "archived, before, words",
    [
        ([], None, "0 archived."),
        (OLD_ONES, OLD_ONES, "2 archived (0 of them new since the previous job)."),
        ([*OLD_ONES, item("z", "archived")], OLD_ONES, "3 archived (1 of them new since the previous job)."),
        (OLD_ONES, [], "2 archived (2 of them new since the previous job)."),
        (OLD_ONES, None, "2 archived (2 of them new since the previous job)."),
    ],
    ids=["none", "all known", "one new", "all new", "no job before"],
)
def test_archived_items_are_listed_again_in_each_job_and_distinguished(
    archived: list[HarvestItem], before: list[HarvestItem] | None, words: str
) -> None:
    result = result_of("done", [*DONE, *archived], before=before)
    assert summary_lines(result)[0].endswith(words)


# --- a wait that is stopped, and what to do --------------------------------------------------------------------

CONTINUES = "The harvest continues: udata cannot cancel one."
NONE = "No harvest was requested"


@pytest.mark.parametrize(
    "how, page, words",
    [
        pytest.param(None, None, f"{NONE}.", id="nothing was requested yet"),
        pytest.param("blocked", PAGE, f"{NONE}.", id="another job is let end first"),
        pytest.param("waited", None, f"{NONE}; those that the portal starts by itself are", id="the portal's next one"),
        pytest.param("waited", PAGE, f"{CONTINUES} See {PAGE}", id="the portal's own, which runs"),
        pytest.param("attached", PAGE, f"{CONTINUES} See {PAGE}", id="somebody else's"),
        pytest.param("started", PAGE, f"{CONTINUES} See {PAGE}", id="its own"),
        pytest.param("started", None, f"{CONTINUES} Its job was not yet known.", id="its own, without a job yet"),
    ],
)
def test_what_happens_to_a_harvest_whose_wait_is_stopped(how: Any, page: str | None, words: str) -> None:
    assert after_stop(how, page).startswith(words)
    assert continues(how, page) is words.startswith(CONTINUES)


@pytest.mark.parametrize(
    "page, words", [("http://p/j", "The harvest has ended. See http://p/j"), (None, "The harvest has ended.")]
)
def test_a_wait_that_is_stopped_after_its_harvest_names_the_page_that_is_known(page: str | None, words: str) -> None:
    """A try that ends without success has forgotten its job already, so that the next one requests another."""
    assert after_stop("started", page, has_ended=True) == words


def test_a_job_that_was_not_counted_is_reported_without_numbers() -> None:
    assert (
        progress_line(replace(HarvestJob("j", "initialized"), counts=None), ItemCounts(5)) == "Running (initialized)."
    )


@pytest.mark.parametrize(
    "kind, items, words",
    [
        ("timeout", {}, "longer timeout"),
        ("unfinished", {}, "Wait for the job to end"),
        ("unknown_status", {}, "update this package"),
        ("remote_unreachable", {}, "lets the portal in"),
        ("unreadable", {}, "whole"),
        ("job", {}, "job's errors"),
        ("remote_ids", {}, "these records"),
        ("items", {"failed": 3}, "failed records"),
        ("skipped", {"skipped": 29, "done": 1}, "dct:identifier"),
        ("job_errors", {}, "fail_on_job_errors=False"),
        ("empty", {}, "found nothing to harvest"),
        ("empty", {"done": 60}, "lower min_done_items"),
        ("empty", {"skipped": 30}, "failed or was skipped"),
        ("empty", {"archived": 30}, "lists no record any more"),
    ],
)
def test_advice_fits_the_cause(kind: str, items: dict[str, int], words: str) -> None:
    counts = {"total": 0, "done": 0, "failed": 0, "skipped": 0, "archived": 0, **items}
    result: Any = {"failure_kind": kind, "errors": [], "failed_items": [], "items": counts, "remote_ids": None}
    [advice] = advice_for(result)
    assert words in advice


def test_every_kind_of_failure_has_its_advice() -> None:
    assert {*_ADVICE_BY_KIND, "empty"} == set(FAILURE_KINDS)
