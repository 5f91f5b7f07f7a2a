"""Commands on a portal in trouble: what was read or done is not lost, and one odd response ends nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_harvest.cli.main import main
from airflow_provider_harvest.portal.sources.guard_note import NOTE_HELD, Note, join
from airflow_provider_harvest.portal.text.response_values import parse_time
from tests.support.fake_portal.response_faults import Pass, Reply, html, redirect
from tests.support.fake_portal.server import Door, InProcess

pytestmark = pytest.mark.usefixtures("no_pauses")

LONG_AGO = parse_time("2026-01-01T00:00:00Z")
HOSTILE = "Towns\x1b[31m\r\nINFO - Outcome: success.\u202e"


def held(portal: Door) -> str:
    """A source that the guard holds."""
    assert LONG_AGO is not None
    note = join("Towns", Note(NOTE_HELD, LONG_AGO, 10, LONG_AGO))
    return portal.portal.add_source("Towns", description=note, autoarchive=False)


@pytest.mark.parametrize("as_json", [False, True], ids=["as text", "as JSON"])
def test_a_source_that_cannot_be_released_keeps_no_other_held(portal: Door, call: Any, as_json: bool) -> None:
    first, last = held(portal), held(portal)
    refused = portal.portal.add_source("Roads")
    code, out, err = call("guard", "release", first, refused, last, *(["--json"] if as_json else []))

    assert [portal.portal.sources[ident]["autoarchive"] for ident in (first, last)] == [True, True]
    assert code == 1
    assert f"{refused}: The guard does not hold source" in err
    if as_json:
        rows = json.loads(out)
        assert [row["source_id"] for row in rows] == [first, refused, last]
        assert [row["released"] for row in rows] == [True, False, True]
        assert [bool(row["error"]) for row in rows] == [False, True, False]
    else:
        assert [line[:24] for line in out.splitlines()] == [first, last]


@pytest.mark.parametrize(
    "odd, times, code",
    [
        pytest.param(html(403), 1, 0, id="a page instead of the portal, once"),
        pytest.param(redirect("https://maintenance.example/"), 1, 0, id="a maintenance site, once"),
        pytest.param(Reply(403, {"message": "Forbidden"}), 1, 0, id="refused, once"),
        pytest.param(Reply(403, {"message": "Forbidden"}), 2, 1, id="refused twice"),
    ],
)
@pytest.mark.parametrize("what", ["job", "portal"])
def test_a_watch_believes_no_odd_answer_at_once(
    portal: Door, call: Any, odd: Reply, times: int, code: int, what: str
) -> None:
    job = portal.portal.add_job(portal.portal.add_source("Towns"))
    path = f"/harvest/job/{job}/" if what == "job" else "/harvest/sources/"
    portal.script("GET", path, *([Pass()] * (2 if what == "job" else 1)), *[odd] * times, Pass())
    arguments = [job] if what == "job" else []
    got, _, err = call("watch", *arguments, "--rounds", "4", "--interval", "1")
    assert got == code, err


@pytest.mark.parametrize("as_json", [False, True], ids=["as text", "as JSON"])
def test_a_harvest_that_was_waited_for_is_judged_when_the_portal_answers_again(
    portal: Door, call: Any, as_json: bool
) -> None:
    source = portal.portal.add_source("Towns")
    portal.portal.worker = lambda state: state.work("done-errors", done=3, failed=1)
    items = "/harvest/job/*/items/"
    portal.script("GET", items, *[Reply(503)] * 6, Pass())
    code, out, _ = call("run", source, "--wait", *(["--json"] if as_json else []))
    assert code == 2
    assert "3" in out


def test_a_report_does_without_the_history_that_cannot_be_read(portal: Door, call: Any) -> None:
    source = portal.portal.add_source("Towns")
    for failed in (0, 1):
        job = portal.portal.add_job(source)
        portal.portal.add_items(job, done=3, failed=failed)
        portal.portal.end_job(job, "done-errors" if failed else "done")
    jobs = f"/harvest/source/{source}/jobs/"
    portal.script("GET", jobs, Pass(), Pass(), *[Reply(500)] * 9)
    code, out, err = call("report", source, "--json")
    assert code == 2, err
    report = json.loads(out)
    assert (report["counts"]["newly_failing"], report["history"]) == (1, [])


def test_names_in_json_and_csv_are_one_line_of_visible_characters(portal: Door, call: Any, tmp_path: Any) -> None:
    source = portal.portal.add_source(HOSTILE)
    for failed in (0, 1):
        job = portal.portal.add_job(source)
        portal.portal.add_items(job, done=3, failed=failed)
        portal.portal.end_job(job)
    for item in portal.portal.jobs[job]["items"]:
        item["remote_id"] = f"{HOSTILE} {item['remote_id']}"
    said = ""
    with InProcess("D") as other:
        file = tmp_path / "pairs.csv"
        for arguments in (
            ["jobs", source, "--json"],
            ["compare", source, "--json", "--csv", str(tmp_path / "changes.csv")],
            ["compare", "--with-portal", other.url, "--json", "--csv", str(file)],
            ["watch", source, "--rounds", "1"],
            ["sources", "list", "--json"],
            ["sources", "list"],
            ["health"],
        ):
            said += call(*arguments)[1]
    written = [path.read_text() for path in tmp_path.iterdir()]
    assert len(written) == 2
    for text in (said, *written):
        assert "Towns" in text
        assert [sign for sign in ("\x1b", "\u202e", "\\u001b", "\\r") if sign in text] == []
    assert all(len(text.splitlines()) <= 10 for text in written)


def test_a_harvest_that_failed_is_not_fine(portal: Door, call: Any) -> None:
    source = portal.portal.add_source("Towns")
    portal.portal.end_job(portal.portal.add_job(source), "failed")
    code, out, _ = call("report", source)
    assert code == 2
    assert "It did not read the whole catalogue" in out


def test_a_report_says_which_of_the_two_harvests_was_not_whole(portal: Door, call: Any) -> None:
    source = portal.portal.add_source("Towns")
    failed, whole = portal.portal.add_job(source), portal.portal.add_job(source)
    portal.portal.end_job(failed, "failed")
    portal.portal.add_items(whole, done=3)
    portal.portal.end_job(whole)
    code, out, _ = call("report", whole, "--previous", failed)
    assert code == 0
    assert "The harvest to compare it with did not read the whole catalogue" in out


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["report", "ID", "--previous", ""], "must not be blank"),
        (["compare", "ID", "--with-portal", " "], "must not be blank"),
        (["health", "--organization", ""], "must not be blank"),
        (["watch", "--interval", "nan"], "must be a number of seconds"),
        (["watch", "--interval", "inf"], "must be a number of seconds"),
        (["watch", "--rounds", "0"], "must be a whole number from 1 on"),
        (["watch", "--rounds", "-1"], "must be a whole number from 1 on"),
        (["jobs", "ID", "-n", "0"], "must be a whole number from 1 on"),
        (["jobs", "ID", "-n", "1.5"], "must be a whole number from 1 on"),
    ],
)
def test_an_invalid_option_is_refused_before_any_request(
    portal: Door, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    source = portal.portal.add_source("Towns")
    with pytest.raises(SystemExit) as exit_:
        main([source if word == "ID" else word for word in arguments])
    assert (exit_.value.code, portal.requests) == (1, [])
    assert said in capsys.readouterr().err


def test_a_report_is_compared_with_a_job_not_with_a_source(portal: Door, call: Any) -> None:
    source = portal.portal.add_source("Towns")
    portal.portal.end_job(portal.portal.add_job(source))
    code, _, err = call("report", source, "--previous", source)
    assert (code, "There is no harvest job" in err) == (1, True)
