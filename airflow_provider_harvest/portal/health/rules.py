"""What is wrong with one source, according to the portal's list and, if they were read, its last jobs."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import takewhile
from statistics import median
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.portal.health.findings import (
    DATASETS_ARCHIVED,
    FAILING,
    INACTIVE,
    ITEMS_SKIPPED,
    NEVER_RAN,
    OWNERLESS,
    PENDING_REVIEW,
    REFUSED_SCHEDULED,
    SHRUNK,
    SILENT,
    STUCK,
    Thresholds,
    Trouble,
)
from airflow_provider_harvest.portal.health.rhythm import silent_from
from airflow_provider_harvest.portal.health.shrinkage import items_of, losses
from airflow_provider_harvest.portal.sources.identity import normal_url
from airflow_provider_harvest.portal.statuses import ACCEPTED, DONE, DONE_ERRORS, FAILED, PENDING, REFUSED
from airflow_provider_harvest.portal.text.untrusted import plain
from airflow_provider_harvest.portal.text.words import day, spell
from airflow_provider_harvest.portal.waiting.dead_jobs import last_movement, why_stuck
from airflow_provider_harvest.portal.waiting.which_job import JobLimits

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from airflow_provider_harvest.portal.health.state import Items, Known, PassMemory
    from airflow_provider_harvest.portal.models import HarvestItem, HarvestJob, HarvestSource

#: Reasons to examine a source closely, the most urgent first.
NEWLY_FAILED, NEWLY_SKIPPED, RUNS, JUST_ENDED = "newly fail", "newly skip items", "run for long", "ended"
REASONS = (NEWLY_FAILED, NEWLY_SKIPPED, RUNS, JUST_ENDED)
#: What the sources of a portal are counted by; an inactive one is accepted, and switched off.
STATES = (ACCEPTED, PENDING, REFUSED, INACTIVE)
#: What the last examination of a running job found: the item that moved last, in a tuple since there may be none.
Movement = tuple["HarvestItem | None"]

_NOTE_WIDTH = 160
#: A state has times in whole seconds.
_ROUNDED = 0.5


@dataclass(frozen=True)
class Asked:
    """What a pass checks.

    :param checks: kinds of findings.
    :param limits: above which something is reported.
    :param memory: the previous pass.
    :param now: the portal's clock.
    """

    checks: Collection[str]
    limits: Thresholds
    memory: PassMemory
    now: datetime

    def lasts(self, since: datetime, days: float) -> bool:
        """Whether something has lasted for so many days; for zero days always, even if clocks differ by fractions."""
        return days == 0 or self.now - since >= timedelta(days=days)


@dataclass(frozen=True)
class Verdict:
    """What is known about one source.

    :param troubles: what is wrong with it.
    :param look_closer: why its jobs should be read, one of :data:`REASONS`; None if there is no need.
    :param needs_movement: whether only the item that moved last can show whether its job is stuck.
    :param needs_skip_reason: whether only the skipped items themselves can show why they were skipped.
    :param items: of its last whole harvest, for the next pass.
    """

    troubles: tuple[Trouble, ...] = ()
    look_closer: str | None = None
    needs_movement: bool = False
    needs_skip_reason: bool = False
    items: Items | None = None


def judge(
    source: HarvestSource,
    asked: Asked,
    history: Sequence[HarvestJob] | None = None,
    moved: Movement | None = None,
    skip_reason: str | None = None,
) -> Verdict:
    """Return what is known about a source.

    Only an accepted, active source is harvested, and so can fail: about another one only one thing is reported, that it
    waits, is refused or inactive.

    :param source: as the portal's list returns it.
    :param asked: what is checked.
    :param history: its newest jobs, newest first; None if they were not read.
    :param moved: the item of its running job that moved last; None if it was not read.
    :param skip_reason: what the portal reports about the records that it skipped; None if it was not read.
    """
    ownerless = tuple(_ownerless(source)) if OWNERLESS in asked.checks else ()
    state = source.validation.state
    if state == PENDING:
        found = _pending(source, asked)
    elif state == REFUSED:
        found = _refused(source)
    elif source.active is False:
        found = iter((Trouble(INACTIVE, None, "the portal's scheduler passes it over"),))
    else:
        verdict = _judge_harvested(source, asked, history, moved, skip_reason)
        return replace(verdict, troubles=(*verdict.troubles, *ownerless))
    return Verdict((*(trouble for trouble in found if trouble.kind in asked.checks), *ownerless))


def state_of(source: HarvestSource) -> str:
    """Return the state that a source is counted in: one of :data:`STATES`, or the portal's own word for another one."""
    state = source.validation.state or "unknown"
    return INACTIVE if state == ACCEPTED and source.active is False else state


def catalogue_key(source: HarvestSource) -> str | None:
    """Return what two sources of the same catalogue have in common; None for one that is not harvested.

    The same address with other filters is another catalogue: many sources may draw on one CKAN portal.
    """
    if source.validation.state == REFUSED or source.active is False or not source.url.strip():
        return None
    # A part behind "#" never reaches the server; whether it makes two sources is no question here.
    key = normal_url(source.url.partition("#")[0])
    config: Any = source.config
    filters = config.get("filters") if isinstance(config, dict) else config
    return f"{key} {json.dumps(filters, sort_keys=True)}" if filters else key


def slim(source: HarvestSource) -> HarvestSource:
    """Return a source without the response that it was made from."""
    last_job = replace(source.last_job, raw={}) if source.last_job else None
    return replace(source, raw={}, config={}, last_job=last_job)


def _ownerless(source: HarvestSource) -> Iterator[Trouble]:
    if source.organization is None and source.owner is None:
        detail = "belongs to no organization and no user (its organization was deleted, most likely): delete it"
        yield Trouble(OWNERLESS, None, detail)


# --- sources that the portal does not harvest ---------------------------------------------------------------------


def _pending(source: HarvestSource, asked: Asked) -> Iterator[Trouble]:
    since = source.created_at or asked.now
    if asked.lasts(since, asked.limits.pending_days):
        waits = spell((asked.now - since).total_seconds())
        yield Trouble(PENDING_REVIEW, since, f"has waited {waits} for the portal's team")


def _refused(source: HarvestSource) -> Iterator[Trouble]:
    if source.schedule:
        detail = f"refused, and still harvested by its cron {plain(source.schedule)}: unschedule it"
        yield Trouble(REFUSED_SCHEDULED, source.validation.on, detail)


# --- sources that it does -------------------------------------------------------------------------------------------


def _judge_harvested(
    source: HarvestSource,
    asked: Asked,
    history: Sequence[HarvestJob] | None,
    moved: Movement | None,
    skip_reason: str | None,
) -> Verdict:
    jobs = history or ([source.last_job] if source.last_job else [])
    last = next((job for job in jobs if job.has_ended), None)
    known = asked.memory.known(FAILING, source.id)
    stuck, needs_movement = _stuck(jobs, asked.memory.known(STUCK, source.id), asked, history is not None, moved)
    failing = _failing(jobs, last, known, asked)
    troubles = [
        *_never_ran(source, jobs, asked),
        *failing,
        *stuck,
        *_silent(source, jobs, last, asked, history is not None),
        *losses(source.id, jobs, asked.limits, asked.memory, asked.now, skip_reason),
    ]
    newly_skips = skip_reason is None and ITEMS_SKIPPED in asked.checks and _newly_skips(source.id, troubles, asked)
    look_closer = None
    if history is None and jobs:
        newly_fails = bool(failing) and known is None and FAILING in asked.checks
        look_closer = (
            NEWLY_FAILED if newly_fails else NEWLY_SKIPPED if newly_skips else _why_look_closer(jobs[0], asked)
        )
    items = next((items for job in jobs if (items := items_of(job))), asked.memory.items.get(source.id))
    found = tuple(trouble for trouble in troubles if trouble.kind in asked.checks)
    return Verdict(found, look_closer, needs_movement and STUCK in asked.checks, newly_skips, items)


def _newly_skips(source_id: str, troubles: Sequence[Trouble], asked: Asked) -> bool:
    return asked.memory.known(ITEMS_SKIPPED, source_id) is None and any(
        trouble.kind == ITEMS_SKIPPED for trouble in troubles
    )


def _why_look_closer(job: HarvestJob, asked: Asked) -> str | None:
    """Return why a job that is not known to fail should be read: it may be stuck, or its counters are unknown."""
    if not job.has_ended:
        may_be_stuck = {STUCK, SILENT} & set(asked.checks) and _age(job, asked) > _patience(asked.limits)
        return RUNS if may_be_stuck else None
    losses_matter = job.status in (DONE, DONE_ERRORS) and {SHRUNK, ITEMS_SKIPPED, DATASETS_ARCHIVED} & set(asked.checks)
    ratio_matters = job.status == DONE_ERRORS and asked.limits.max_failed_ratio > 0 and FAILING in asked.checks
    if job.counts is None and (losses_matter or ratio_matters) and asked.memory.ended_since(job.ended):
        return JUST_ENDED
    return None


def _never_ran(source: HarvestSource, jobs: Sequence[HarvestJob], asked: Asked) -> Iterator[Trouble]:
    since = source.validation.on or source.created_at
    if not jobs and since is not None and asked.lasts(since, asked.limits.never_ran_days):
        yield Trouble(NEVER_RAN, since, f"accepted on {day(since)}, and the portal has no job of it")


def _failing(
    jobs: Sequence[HarvestJob], last: HarvestJob | None, known: Known | None, asked: Asked
) -> tuple[Trouble, ...]:
    if last is None:  # running, and what came before is unknown: as it was at the previous pass
        return (Trouble(FAILING, known.since, "the harvest before failed", known.note),) if jobs and known else ()
    if not _is_failure(last, known, asked):
        return ()
    ended = [job for job in jobs if job.has_ended]
    row = list(takewhile(lambda job: _is_failure(job, known, asked), ended))
    note = _note(last) or (known.note if known and last.status == FAILED else "")  # it is the note of such a job
    since = known.since if known else row[-1].ended
    return (Trouble(FAILING, since, f"{_how_failed(last)}{': ' if note else ''}{note}", note),)


def _is_failure(job: HarvestJob, known: Known | None, asked: Asked) -> bool:
    """Whether an ended job failed, or more of its items than may; by the status alone if it has no counters."""
    if job.status == FAILED or not job.has_known_end:
        return True
    counts, ratio = job.counts, asked.limits.max_failed_ratio
    if counts is not None and counts.processed:
        return counts.failed > ratio * counts.processed
    if job.status != DONE_ERRORS:
        return False
    # Within the tolerance, as far as an earlier pass found: a job that ended before it was checked then.
    seen_before = asked.memory.at is not None and not asked.memory.ended_since(job.ended)
    return known is not None or not (ratio > 0 and seen_before)


def _how_failed(job: HarvestJob) -> str:
    if job.status == FAILED:
        return "the last harvest failed"
    if not job.has_known_end:
        return f"the last harvest ended in the unknown status {job.status!r}"
    if job.counts is not None and job.counts.failed:
        return f"{job.counts.failed:,} of {job.counts.processed:,} items failed in the last harvest"
    return "items failed in the last harvest"


def _note(job: HarvestJob) -> str:
    return shortened(job.errors[0].message) if job.errors else ""


def shortened(message: str) -> str:
    """Return a message of the portal as one line that is short enough for the state of a pass."""
    return plain(message, _NOTE_WIDTH, middle=True)


def _stuck(
    jobs: Sequence[HarvestJob], known: Known | None, asked: Asked, was_read: bool, moved: Movement | None
) -> tuple[tuple[Trouble, ...], bool]:
    """Return whether the running job is stuck, and whether that needs a closer examination."""
    if not jobs or jobs[0].has_ended:
        return (), False
    job, age = jobs[0], _age(jobs[0], asked)
    if not was_read:  # as it was at the previous pass, if that is the same job
        if known is None or age + _ROUNDED < (asked.now - known.since).total_seconds():
            return (), False
        return (Trouble(STUCK, known.since, "nothing in its job had moved"),), False
    durations = [job.duration for job in jobs if job.status in (DONE, DONE_ERRORS) and job.duration is not None]
    usual = median(durations) if durations else None
    if age <= _patience(asked.limits) or (usual is not None and age <= asked.limits.stuck_factor * usual):
        return (), False
    has_items = job.counts is None or job.counts.total > 0
    if has_items and moved is None:
        return (), True
    newest = moved[0] if moved else None
    last_sign = last_movement(job, newest) or asked.now
    limits = JobLimits(stall_timeout=asked.limits.stall_timeout, first_item_timeout=asked.limits.first_item_timeout)
    if why_stuck(job, last_sign.timestamp(), newest is not None, asked.now.timestamp(), limits) is None:
        return (), False
    takes = f", and its jobs usually take {spell(usual)}" if usual is not None else ""
    still = spell((asked.now - last_sign).total_seconds())
    detail = f"job {job.id} runs for {spell(age)}{takes}; nothing has moved for {still}"
    return (Trouble(STUCK, last_sign, detail),), False


def _age(job: HarvestJob, asked: Asked) -> float:
    begun = job.started or job.created
    return (asked.now - begun).total_seconds() if begun else 0.0


def _patience(limits: Thresholds) -> float:
    """Seconds below which no job can be stuck."""
    return min(limits.stall_timeout, limits.first_item_timeout)


def _silent(
    source: HarvestSource, jobs: Sequence[HarvestJob], last: HarvestJob | None, asked: Asked, was_read: bool
) -> Iterator[Trouble]:
    if not source.schedule or not jobs:
        return
    if last is None and not was_read:  # running, and what came before is unknown: as it was at the previous pass
        if known := asked.memory.known(SILENT, source.id):
            yield Trouble(SILENT, known.since, f"no harvest has ended since {day(known.since)}; one is running")
        return
    reference = last or jobs[-1]
    begun = reference.started or reference.created
    from_when = silent_from(source.schedule, begun, asked.limits.silent_periods) if begun else None
    if from_when is None or asked.now < from_when:
        return
    since = reference.ended or begun
    what = f"no harvest has ended since {day(since)}" if since and last else "none of the last harvests has ended"
    runs = asked.limits.silent_periods
    yield Trouble(SILENT, since, f"{what}; its cron {plain(source.schedule)} was due {runs} times or more")
