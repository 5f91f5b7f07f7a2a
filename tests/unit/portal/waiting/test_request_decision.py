"""What happens instead of a request for a harvest: arguments, running jobs, and keys that may not start one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from airflow_provider_harvest.exceptions import HarvestAuthError, HarvestInvalidInput, HarvestSourceNotRunnable
from airflow_provider_harvest.portal.models import HarvestJob
from airflow_provider_harvest.portal.waiting.dead_jobs import alive_jobs
from airflow_provider_harvest.portal.waiting.request_decision import join_or_let_end
from airflow_provider_harvest.portal.waiting.run_and_wait import OneRun
from airflow_provider_harvest.portal.waiting.which_job import foreseen_refusal
from tests.support.fake_portal.scripted import (
    SOURCE_ID,
    FakeClock,
    ScriptedClient,
    job_appears,
    portal_of,
    whole_job,
)
from tests.support.fake_portal.state import KEY
from tests.support.wait_story import HOUR, LIMITS


def client_of(*timeline: Any, key: str | None = KEY) -> ScriptedClient:
    portal = portal_of(FakeClock(), timeline)
    portal.live()
    return ScriptedClient(portal, key=key)


@pytest.mark.parametrize(
    "if_running, how, words",
    [("attach", "attached", "no other harvest is requested"), ("wait", "blocked", "it must end first")],
)
def test_of_several_running_jobs_the_oldest_is_waited_for(if_running: str, how: str, words: str) -> None:
    client = client_of()
    said: list[str] = []
    running = [HarvestJob(job_id, "initialized") for job_id in ("newest", "between", "oldest")]
    joined = join_or_let_end(client, client.get_source(SOURCE_ID), running, if_running, said.append)
    assert joined == (how, "oldest")
    [line] = said
    assert line.startswith("Job oldest ")
    assert words in line


def test_a_dead_job_is_named_and_does_not_hold_up_a_request() -> None:
    client = client_of((-9 * HOUR, job_appears("dead")), *whole_job("old", -8 * HOUR), (-HOUR, job_appears("alive")))
    said: list[str] = []
    alive = alive_jobs(client, SOURCE_ID, client.recent_jobs(SOURCE_ID), LIMITS, said.append)
    assert [job.id for job in alive] == ["alive"]
    [line] = said
    assert line.startswith("Passed over as dead: job dead has had no item for 9 h")
    assert client.job_url(SOURCE_ID, "dead") in line


@pytest.mark.parametrize(
    "key, permissions, words",
    [
        pytest.param(KEY, None, None, id="a release that does not say"),
        pytest.param(KEY, {"run": True}, None, id="a right"),
        pytest.param(KEY, {"edit": False}, None, id="nothing is said of this right"),
        pytest.param(KEY, {"run": False}, "may not run source", id="no right"),
        pytest.param(None, {"run": True}, "There is no API key", id="no key"),
    ],
)
def test_what_is_known_of_a_refusal_beforehand(key: str | None, permissions: Any, words: str | None) -> None:
    client = client_of(key=key)
    source = replace(client.get_source(SOURCE_ID), permissions=permissions)
    refusal = foreseen_refusal(client, source)
    assert refusal is None if words is None else refusal is not None and words in refusal


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"if_running": "stop"}, "if_running must be one of wait, attach, fail, not 'stop'."),
        ({"on_run_refused": "attach"}, "on_run_refused must be fail or wait, not 'attach'."),
    ],
)
def test_an_unknown_choice_is_refused_before_anything_is_requested(wrong: dict[str, Any], words: str) -> None:
    client = client_of()
    with pytest.raises(HarvestInvalidInput, match=words):
        OneRun(client, client.get_source(SOURCE_ID), **wrong)


@pytest.mark.parametrize(
    "status, on_run_refused, end",
    [
        (403, "fail", HarvestAuthError),
        (401, "fail", HarvestAuthError),
        (401, "wait", HarvestAuthError),
        (403, "wait", None),
    ],
    ids=["403 fails", "401 fails", "a wrong key is wrong for all", "403 waits"],
)
def test_after_a_refused_request_only_a_right_is_waited_around(
    status: int, on_run_refused: str, end: type[Exception] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of()

    def refuse(source_id: str) -> Any:
        raise HarvestAuthError("No.", status_code=status)

    monkeypatch.setattr(client, "run_source", refuse)
    source = replace(client.get_source(SOURCE_ID), schedule="0 0 * * *")
    run = OneRun(client, source, on_run_refused=on_run_refused)
    if end is None:
        assert run.ask().how == "waited"
    else:
        with pytest.raises(end) as raised:
            run.ask()
        assert not isinstance(raised.value, HarvestSourceNotRunnable)
