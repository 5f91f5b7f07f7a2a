"""What a task says when it gives up waiting: what happened, why, where to look, and whether Airflow retries."""

from __future__ import annotations

import pytest

from airflow_provider_harvest.portal.text.words import log_lines
from tests.support.fake_portal.scripted import SOURCE_ID
from tests.support.task_life import Life
from tests.support.task_stories import RUN_MODES, SENSOR_MODES, STORIES

JOB = "https://portal.example/api/1/harvest/job/new/"
SOURCE = f"https://portal.example/api/1/harvest/source/{SOURCE_ID}/"
RETRIED = "Airflow retries this (try 1 of 2)."
NOT_RETRIED = "Airflow does not retry this, since a retry would fail in the same way. Clear the task to harvest again."

TEXTS = {
    "never starts": f"""\
No job has appeared within 10 min.
udata creates the job only when one of the portal's workers takes it: they may be busy or down, the request may never \
have arrived, or the backend could not be loaded. A retry continues to wait for that job and requests no other one; \
clear the task to request again.
See {SOURCE}
{RETRIED}""",
    "stands still": f"""\
Job new has not moved for 2 h 1 min (allowed between two items: 2 h).
Its worker was probably killed: udata never ends such a job and has no way to cancel it. The next try passes it over \
and requests a new harvest.
See {JOB}
{RETRIED}""",
    "runs too long": f"""\
Job new began on 2026-03-02 02:06 UTC and has not ended within 5 h.
udata has no way to cancel it, so it continues; a retry checks it again.
See {JOB}
{RETRIED}""",
    "portal down": f"""\
The portal could not be read 4 times in a row; the last time: https://portal.example cannot be reached: connection \
refused.
This says nothing about the harvest itself, which continues.
See {SOURCE}
{RETRIED}""",
    "deleted while waiting": f"""\
Source 'Ville' ({SOURCE_ID}) was deleted on 2026-03-02: create it again.
No harvest can follow.
See {SOURCE}
{NOT_RETRIED}""",
}


@pytest.mark.parametrize("mode", RUN_MODES)
@pytest.mark.parametrize("name", TEXTS)
def test_the_run_operator_says(monkeypatch: pytest.MonkeyPatch, name: str, mode: str) -> None:
    [story] = [story for story in STORIES if story.name == name]
    life = Life(mode, story, False, monkeypatch)

    life.lead()

    assert life.message.splitlines() == log_lines(TEXTS[name])


#: What differs if the task requested nothing itself.
SENSOR_TEXTS = TEXTS | {
    "never starts": f"""\
No job has appeared within 10 min.
udata creates a job only when one of the portal's workers takes it: they, or its scheduler, may be busy or down. A \
retry waits on.
See {SOURCE}
{RETRIED}""",
    "stands still": f"""\
Job new has not moved for 2 h 1 min (allowed between two items: 2 h).
Its worker was probably killed: udata never ends such a job and has no way to cancel it. It takes another harvest: the \
portal's next run, or one that an authorized user starts.
See {JOB}
{RETRIED}""",
}


#: A rescheduled sensor meets some of it where it begins again, and then says less.
WAITING_ON = [mode for mode in SENSOR_MODES if mode != "reschedule"]


@pytest.mark.parametrize("mode", WAITING_ON)
@pytest.mark.parametrize("name", SENSOR_TEXTS)
def test_the_sensor_says(monkeypatch: pytest.MonkeyPatch, name: str, mode: str) -> None:
    [story] = [story for story in STORIES if story.name == name]
    life = Life(mode, story, False, monkeypatch)

    life.lead()

    assert life.message.splitlines() == log_lines(SENSOR_TEXTS[name])


@pytest.mark.parametrize("mode", WAITING_ON)
@pytest.mark.parametrize("name", ["done, with nothing done", "deleted while waiting"])
def test_under_soft_fail_the_sensor_says_that_it_is_retried(
    monkeypatch: pytest.MonkeyPatch, name: str, mode: str
) -> None:
    """It is: the exception that stops retries would skip the task."""
    [story] = [story for story in STORIES if story.name == name]
    life = Life(mode, story, True, monkeypatch)

    life.lead()

    assert RETRIED in life.message
    assert NOT_RETRIED not in life.message
