"""The plan of a wait, its states, and their text in a line; made by the tasks, used by :mod:`.job_wait`.

A plan travels as JSON between worker and triggerer.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import HarvestError
from airflow_provider_harvest.portal.statuses import BLOCKED, ENDED, FAILED, FINAL_STATES, GONE, STALLED, WAITED
from airflow_provider_harvest.portal.text.words import clock_time
from airflow_provider_harvest.portal.waiting.serialization import known_fields
from airflow_provider_harvest.portal.waiting.which_job import JobLimits

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.models import HarvestJob
    from airflow_provider_harvest.portal.statuses import How, WaitState

#: Seconds in which all that waited for such a job request their own harvest, each at a random moment: so they see in
#: turn whose harvest is running.
CROWD_SECONDS = 20.0


@dataclass(frozen=True)
class WaitPlan:
    """What is waited for; JSON scalars and lists only, no secret.

    Exactly one of ``job_id``, ``known``, ``after`` and ``ended_after`` says which job it is. Times are seconds since
    the epoch by the portal's clock, which worker and triggerer both know; lengths are seconds. A worker of another
    version may read the plan, so a field that is added must have a default.

    :param source_id: the source.
    :param how: what the result will say: ``started``, ``attached`` or ``waited``.
    :param job_id: this very job.
    :param known: the oldest job that is newer than all of these ids.
    :param not_before: with ``known``: jobs that began before this time are older than those, too; None if only their
        place in the list says so.
    :param after: the oldest job that began at or after this time.
    :param ended_after: the first job to end at or after this time.
    :param passed_over: ids of dead jobs that are not taken.
    :param begun: when the wait began.
    :param start_deadline: until when a job must have appeared; None waits forever.
    :param deadline: until when the whole wait must be over, whatever its state; None sets no end.
    :param due: when the portal's own run is expected; polls are rare until shortly before.
    :param due_again: the time after that, if ``due`` had passed when the wait began.
    :param cron: of the portal's own runs, if those are waited for.
    :param offset: minutes by which the portal reads its crons ahead of UTC, if known.
    :param grace: seconds after the portal's own time in which its job must begin, if limited.
    :param before_id: the source's last job when the wait began, if that was known without a request.
    :param before_listed: how many records it found in the catalogue.
    :param may_archive: whether a guarded run has compared a harvest already, and this one archives what is due.
    :param is_held: whether a guarded run has switched the source's archiving off, as far as it knows.
    :param poll_interval: between two polls.
    :param max_poll_failures: polls that may fail in a row.
    :param limits: how long the job may take.
    """

    source_id: str
    how: How
    job_id: str | None = None
    known: tuple[str, ...] | None = None
    not_before: float | None = None
    after: float | None = None
    ended_after: float | None = None
    passed_over: tuple[str, ...] = ()
    begun: float = 0.0
    start_deadline: float | None = None
    deadline: float | None = None
    due: float | None = None
    due_again: float | None = None
    cron: str | None = None
    offset: int | None = None
    grace: float | None = None
    before_id: str | None = None
    before_listed: int | None = None
    may_archive: bool = False
    is_held: bool = False
    poll_interval: float = 60.0
    max_poll_failures: int = 10
    limits: JobLimits = field(default_factory=JobLimits)

    def knowing(self, last_job: HarvestJob | None) -> WaitPlan:
        """Return the plan with the last job of a source that was just read, which a result may be compared with."""
        if last_job is None or not last_job.has_ended or last_job.status == FAILED or last_job.id == self.job_id:
            return self
        counted = last_job.counts.processed if last_job.counts else None
        return replace(self, before_id=last_job.id, before_listed=counted)

    @property
    def before(self) -> tuple[str, int | None] | None:
        """The source's last job when the wait began, and how many records it listed."""
        return (self.before_id, self.before_listed) if self.before_id else None

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as JSON."""
        plan = asdict(self)
        return {**plan, "known": _as_list(self.known), "passed_over": list(self.passed_over)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> WaitPlan:
        """Return the plan that :meth:`to_dict` wrote, in this version or another one.

        :raises HarvestError: if it does not name the source.
        """
        if not data.get("source_id"):
            raise HarvestError("The plan of this wait names no source, so nothing can be waited for: clear the task.")
        known = data.get("known")
        return cls(
            **{
                "how": WAITED,
                **known_fields(cls, data),
                "known": None if known is None else tuple(known),
                "passed_over": tuple(data.get("passed_over") or ()),
                "limits": JobLimits(**known_fields(JobLimits, data.get("limits"))),
            }
        )


@dataclass(frozen=True)
class Poll:
    """The result of one poll.

    :param state: ``waiting`` or one of :data:`~.statuses.FINAL_STATES`.
    :param pause: seconds until the next poll.
    :param lines: what is new, for the task log.
    :param detail: a sentence on a final state other than ``ended``.
    :param job: the job, once known.
    :param has_looked: whether the portal could be read; if not, ``pause`` must not be shortened.
    :param back_off: seconds in which the portal wants no request at all (429, ``Retry-After``).
    :param results: further results of a poll; a wait for one job has none.
    """

    state: WaitState
    pause: float = 0.0
    lines: tuple[str, ...] = ()
    detail: str = ""
    job: HarvestJob | None = None
    has_looked: bool = True
    back_off: float = 0.0
    results: tuple[Any, ...] = ()

    @property
    def is_final(self) -> bool:
        """Whether the wait is over."""
        return self.state in FINAL_STATES

    @property
    def is_news(self) -> bool:
        """Whether it must be reported."""
        return bool(self.lines or self.results or self.is_final)


def describe_wait(plan: WaitPlan, now: float) -> str:
    """Return in a line what a wait is for and when it fails.

    :param plan: the wait.
    :param now: the portal's clock.
    """
    if plan.job_id:
        what = f"Waiting for job {plan.job_id} to end"
    elif plan.known is not None:
        what = "Waiting for the portal's worker to begin the harvest"
    elif plan.ended_after is not None:
        what = f"Waiting for the next job of source {plan.source_id} to end"
    else:
        what = (
            f"Waiting for a job of source {plan.source_id} that began at {clock_time(plan.after or now, now)} or later"
        )
    ends = [end for end in (plan.deadline, None if plan.job_id else plan.start_deadline) if end is not None]
    fails = f"; fails at {clock_time(min(ends), now)}" if ends else ""
    return f"{what}{fails}."


def _as_list(ids: tuple[str, ...] | None) -> list[str] | None:
    return None if ids is None else list(ids)


def goals(plan: WaitPlan) -> tuple[WaitState, ...]:
    """Return the states that a wait is for: its job has ended or, if it only blocks, no longer blocks."""
    return (ENDED, STALLED, GONE) if plan.how == BLOCKED else (ENDED,)
