"""What a portal does while a task waits, and how the task ends: one table for all modes of waiting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from airflow_provider_harvest.exceptions import HarvestAuthError
from tests.support.fake_portal.scripted import (
    T0,
    Timeline,
    fails_with,
    instant,
    items_move,
    job_appears,
    job_ends,
    outage,
    source_changes,
    source_is_purged,
    whole_job,
)

HOUR = 3600.0

RUN_MODES = ("run on the worker", "run deferred")

SENSOR_MODES = ("poke", "reschedule", "sensor deferred")

REFUSED = "HTTPConnectionPool(host='ville.example'): Max retries exceeded (Connection refused)"


def ends_with(status: str, *errors: str, **items: int) -> Timeline:
    """A job that ends two minutes after it was requested."""
    return [(60, job_appears("new")), (90, items_move("new", **items)), (120, job_ends("new", status, *errors))]


def never_ending(hours: int) -> Timeline:
    """A job that moves on and on."""
    moves = [(hour * HOUR, items_move("new", done=1)) for hour in range(1, hours)]
    return [(60, job_appears("new")), *moves]


@dataclass(frozen=True)
class Story:
    """What the portal does, what is asked of it, and how that ends.

    :param run: the end of the run operator: ``success``, ``failed`` (no retry), else the exception that is retried.
    :param sensor: the end of the sensor; the same unless given.
    :param soft: the end of the sensor with ``soft_fail``; unless given, ``failed`` becomes the plain exception
        ``plain``, which neither skips nor is an ``AirflowException``.
    """

    name: str
    timeline: Timeline
    arguments: dict[str, Any]
    run: str
    sensor: str = ""
    plain: str = "HarvestOutcomeRejected"
    soft: str = ""

    def end(self, mode: str, soft_fail: bool) -> str:
        hard = self.run if mode in RUN_MODES else self.sensor or self.run
        if not soft_fail:
            return hard
        return self.soft or (self.plain if hard == "failed" else hard)


#: For lives of many hours, of which each poll is the same.
SELDOM = {"poll_interval": 600}

STORIES = (
    Story("done", whole_job("new", 60), {}, "success"),
    Story("done, with nothing done", ends_with("done"), {}, "failed"),
    Story("nothing done is fine", ends_with("done"), {"min_done_items": 0}, "success"),
    Story("skipped and archived only", ends_with("done", skipped=2, archived=3), {}, "failed"),
    Story("done, with job errors", ends_with("done", "max items reached", done=3), {}, "failed"),
    Story("job errors are fine", ends_with("done", "max", done=3), {"fail_on_job_errors": False}, "success"),
    Story("errors within the limit", ends_with("done-errors", done=3, failed=1), {"max_failed_items": 1}, "success"),
    Story("errors over the limit", ends_with("done-errors", done=3, failed=1), {}, "failed"),
    Story("share over the limit", ends_with("done-errors", done=3, failed=1), {"max_failed_ratio": 0.2}, "failed"),
    Story("only mine", ends_with("done-errors", done=3, failed=1), {"remote_ids": ["record-1"]}, "success"),
    Story("mine failed", ends_with("done-errors", done=3, failed=1), {"remote_ids": ["record-3"]}, "failed"),
    Story("mine is missing", ends_with("done", done=3), {"remote_ids": ["other"]}, "failed"),
    Story("failed", ends_with("failed", "Unknown field"), {}, "failed"),
    Story("cut catalogue", ends_with("failed", "no element found"), {}, "HarvestOutcomeRejected", sensor="failed"),
    Story("failed, and that is fine", ends_with("failed"), {"fail_on_outcome": False}, "success"),
    Story("remote unreachable", ends_with("failed", REFUSED), {}, "HarvestOutcomeRejected", sensor="failed"),
    Story("unknown status", ends_with("exploded", done=3), {}, "failed"),
    Story("never starts", (), {"start_timeout": 600}, "HarvestJobNotStarted"),
    Story("stands still", [(60, job_appears("new")), (90, items_move("new", done=1))], {}, "HarvestJobStalled"),
    Story("never has an item", [(60, job_appears("new"))], SELDOM, "HarvestJobStalled"),
    Story("runs too long", never_ending(9), {"run_timeout": 5 * HOUR, **SELDOM}, "HarvestTimeout"),
    Story(
        "time is over",
        never_ending(9),
        {"over": HOUR, **SELDOM},
        "HarvestTimeout",
        sensor="AirflowSensorTimeout",
        soft="skipped",
    ),
    Story("portal down", outage(30, 99 * HOUR), {"max_poll_failures": 3}, "HarvestPortalUnreachable"),
    Story("portal down for a while", [*whole_job("new", 60), *outage(90, 300)], {}, "success"),
    Story("wrong key", [(0, fails_with(HarvestAuthError("No.")))], {}, "failed", plain="HarvestAuthError"),
    Story("missing source", [(0, source_is_purged)], {}, "failed", plain="HarvestNotFound"),
    Story(
        "deleted while waiting",
        [(100, source_changes(deleted=instant(T0 + 100)))],
        {"start_timeout": 9 * HOUR},
        "failed",
        plain="HarvestSourceNotRunnable",
    ),
)
