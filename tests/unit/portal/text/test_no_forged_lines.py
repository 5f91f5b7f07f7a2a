"""Whatever a portal or a catalogue says, no line of a log, an exception or a message is forged by it."""

from __future__ import annotations

import json
import logging
import unicodedata
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.cron import Schedule
from airflow_provider_harvest.portal.http.errors import api_error
from airflow_provider_harvest.portal.inputs import check_config
from airflow_provider_harvest.portal.models import HarvestBackend, HarvestItem, HarvestJob, HarvestSource
from airflow_provider_harvest.portal.outcome.result import build_result
from airflow_provider_harvest.portal.outcome.summary import failure_message, progress_line, summary_lines
from airflow_provider_harvest.portal.outcome.verdict import OutcomePolicy, judge
from airflow_provider_harvest.portal.sources.moderation import ensure_scheduled, ensure_unscheduled, ensure_validated
from airflow_provider_harvest.portal.waiting import next_run
from airflow_provider_harvest.portal.waiting.which_job import why_not_runnable
from tests.support.fake_portal.direct_client import DirectClient
from tests.support.fake_portal.state import PortalState

if TYPE_CHECKING:
    from collections.abc import Iterator

FORGED = "INFO - Outcome: success."
HOSTILE = [
    pytest.param(f"a\n{FORGED}", id="line break"),
    pytest.param(f"a\r{FORGED}", id="carriage return"),
    pytest.param(f"a\u2028{FORGED}", id="line separator"),
    pytest.param(f"a\x85{FORGED}", id="next line of C1"),
    pytest.param("\x1b]8;;https://evil.example\x1b\\here\x1b]8;;\x1b\\", id="OSC 8 link"),
    pytest.param("\x1b[2J\x1b[31mred", id="escape sequence"),
    pytest.param("\u202eesrever", id="reversed order"),
    pytest.param("\ud83d", id="half a character"),
]
AT = "2026-11-20T08:00:00+00:00"


def lines_of(said: str) -> Iterator[str]:
    """Yield all that people read of a harvest whose portal says this wherever it says anything."""
    items = [
        {"remote_id": said, "status": status, "remote_url": said, "errors": [{"message": said}],
         "dataset": {"page": said}}
        for status in ("failed", "skipped", said)
    ]  # fmt: skip
    block: dict[str, Any] = {"id": said, "status": said, "created": AT, "errors": [{"message": said}], "items": items}
    source = HarvestSource.from_api(
        {"id": said, "name": said, "url": said, "backend": said, "active": True,
         "validation": {"state": "refused", "comment": said}}
    )  # fmt: skip
    for status in (said, "failed", "done"):
        job = HarvestJob.from_api({**block, "status": status, "ended": AT})
        yield progress_line(job, None)
        for policy in (OutcomePolicy(), OutcomePolicy(remote_ids=(said, "other"))):
            listed = [HarvestItem.from_api(item) for item in items]
            result = build_result(
                portal="https://portal.example", source=source, job=job, job_url=None, how="started",
                outcome=judge(job, policy, listed), failed_items=listed,
            )  # fmt: skip
            json.dumps(result, ensure_ascii=False)
            yield from [*summary_lines(result), *failure_message(result).split("\n"), *result["errors"]]
            yield from [*result["reasons"], *(item["message"] for item in result["failed_items"])]
            assert {(item["remote_url"], item["dataset_url"]) for item in result["failed_items"]} == {(None, None)}
    yield str(why_not_runnable(source))
    for payload in (said, {"message": said}, {"errors": {said: [said]}}, {"errors": [said]}, [said]):
        yield str(api_error("GET", "https://portal.example/api/1/", 400, payload, True, None))


def cron_lines_of(said: str) -> Iterator[str]:
    """Yield what people read of a source's cron, and of what a backend declares, that says this."""
    now = datetime.fromisoformat(AT).timestamp()
    for cron in (said, f"0 0 * * 1-5{said}", f"0 0 * * {said}", f"{said} 0 * * *"):
        source = HarvestSource.from_api({"id": "a", "name": "n", "schedule": cron})
        yield str(source.schedule)
        for text in (cron, source.schedule):
            try:
                yield Schedule.parse(str(text)).text
                expected = next_run.expect(str(text), [], now)
            except HarvestInvalidInput as error:
                yield str(error)
                continue
            assert expected is not None
            yield next_run.describe(expected, now, None, deferred=False)
    declared = [{"key": said, "type": said}]
    backend = HarvestBackend.from_api({"id": said, "label": said, "filters": declared, "extra_configs": declared})
    for section in ("filters", "extra_configs"):
        with pytest.raises(HarvestInvalidInput) as refused:
            check_config({section: [{"key": "x", "value": 1}]}, backend)
        yield str(refused.value)


@pytest.mark.parametrize("said", HOSTILE)
def test_no_line_about_a_cron_or_a_backend_is_forged(said: str) -> None:
    for line in cron_lines_of(said):
        assert line.isprintable(), line


@pytest.mark.parametrize("said", HOSTILE)
def test_no_log_line_about_moderation_is_forged(said: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    state = PortalState()
    client = DirectClient(state)
    for change in (
        ensure_unscheduled,
        ensure_validated,
        lambda client, source: ensure_validated(client, source, "refused", "why"),
        lambda client, source: ensure_scheduled(client, source, "0 4 * * *"),
    ):
        pending = {"state": "pending", "by": None, "on": None, "comment": None}
        change(client, client.get_source(state.add_source(said, schedule=f"0 0 * * 1-5{said}", validation=pending)))
    assert len(caplog.messages) > 6
    for line in caplog.messages:
        assert line.isprintable(), line


@pytest.mark.parametrize("said", HOSTILE)
def test_every_line_is_one_line_of_ours(said: str) -> None:
    lines = list(lines_of(said))
    assert len(lines) > 50
    for line in lines:
        assert not line.startswith(FORGED)
        assert not {unicodedata.category(character) for character in line} & {"Cc", "Cf", "Cs", "Zl", "Zp"}, line
