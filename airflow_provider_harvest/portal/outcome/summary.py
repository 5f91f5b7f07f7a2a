"""The text about a harvest in a task log or an alert; called by the operators and the sensor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.portal.outcome.hints import hint_for
from airflow_provider_harvest.portal.outcome.since_last_harvest import TOLD
from airflow_provider_harvest.portal.statuses import ATTACHED, PREVIEWED, STARTED, TERMINAL_JOB_STATUSES, WAITED
from airflow_provider_harvest.portal.text.untrusted import plain
from airflow_provider_harvest.portal.text.words import count, spell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_harvest.portal.models import HarvestJob, ItemCounts
    from airflow_provider_harvest.portal.outcome.result import FailedItem, HarvestResult, ItemNumbers
    from airflow_provider_harvest.portal.statuses import How

#: Failed items that a summary names; the result dict holds more.
_SHOWN_ITEMS = 5
#: Characters of one item's or job's message, and of a reason, which may name ids that must not be lost.
_WIDTH, _REASON_WIDTH = 200, 500
_STATUS_WIDTH = 40
#: What udata's statuses mean to a person.
_MEANINGS = {
    "pending": "Not begun",
    "initializing": "Running",
    "initialized": "Running",
    "processing": "Running",
    "done": "Ended",
    "done-errors": "Ended with errors",
    "failed": "Failed",
}
#: Seconds after which a rate is meaningful.
_RATE_AFTER = 30.0
#: Lines that a failure message has at most: it is read on a phone at 3 a.m.
MAX_MESSAGE_LINES = 10


def progress_line(
    job: HarvestJob, before: ItemCounts | None = None, since: float = 0.0, left: float | None = None
) -> str:
    """Return how far a job is: ``Running (initialized): 120 records, 3 failed (+37, 12 a minute; about 9 min left)``.

    :param job: as just read.
    :param before: the counters at the line before, None at the first one.
    :param since: seconds since the line before.
    :param left: seconds that it will still take, as long as earlier ones took; None if unknown.
    """
    status = plain(job.status, _STATUS_WIDTH) or "unknown status"
    meaning = _MEANINGS.get(status)
    if meaning is None or job.counts is None:
        what = f"{meaning} ({status})" if meaning else status
    elif job.counts.total or status in TERMINAL_JOB_STATUSES:
        what = f"{meaning} ({status})"
    else:
        what = f"The portal is fetching the catalogue ({status})"
    if job.counts is None:
        return f"{what}."
    parts = [count(job.counts.total, "record")]
    parts += [f"{number:,} {name}" for name, number in _noteworthy(job.counts) if number]
    grown = job.counts.total - (before.total if before else 0)
    is_running = status not in TERMINAL_JOB_STATUSES
    notes = []
    if before and grown:
        tells_rate = is_running and since >= _RATE_AFTER and grown * 60 >= since
        notes.append(f"+{grown:,}" + (f", {grown * 60 / since:,.0f} a minute" if tells_rate else ""))
    if left is not None and is_running:
        notes.append(f"about {spell(max(left, 1.0))} left" if left > 0 else "longer than the harvests before it")
    return f"{what}: {', '.join(parts)}" + (f" ({'; '.join(notes)})" if notes else "")


def summary_lines(result: HarvestResult) -> list[str]:
    """Return the summary of a harvest for the task log, a line each.

    :param result: the result dict.
    """
    items, fates = result["items"], result["remote_ids"]
    which = "" if result["job_id"] is None else f" (job {result['job_id']})"
    after = "" if result["duration"] is None else f" after {spell(result['duration'])}"
    counts = [f"{items[status]:,} {status}" for status in ("done", "failed", "skipped")]
    counts = [count(items["total"], "item"), *counts, _archived(items)]
    lines = [f"{_what(result)}{which} ended {result['status']!r}{after}: {', '.join(counts)}."]
    if fates:
        mine = [f"{_how_many(fates, fate):,} {fate}" for fate in ("failed", "skipped", "archived", "missing")]
        lines.append(f"Of my records: {fates['done']:,} done, {', '.join(mine)}.")
    lines += changes_lines(result)
    lines += [f"Job error: {_line(error)}" for error in result["errors"]]
    lines += failed_item_lines(result["failed_items"], items["failed"])
    lines += [f"Skipped: {count(number, 'item')}: {_line(why)}" for why, number in _skip_reasons(result)]
    lines += [f"What to do: {advice}" for advice in advice_for(result)]
    if result["job_url"]:
        lines.append(f"See {result['job_url']}")
    kind = f" ({result['failure_kind']})" if result["failure_kind"] else ""
    return [
        *lines,
        " ".join(
            [f"Outcome: {result['outcome']}{kind}.", *(_line(reason, _REASON_WIDTH) for reason in result["reasons"])]
        ),
    ]


def changes_lines(result: HarvestResult) -> list[str]:
    """Return a line on what changed since the harvest before, none if nothing was compared or nothing changed.

    :param result: the result dict.
    """
    changes = result.get("changes") or {}
    told = [f"{changes[kind]:,} {kind.replace('_', ' ')}" for kind in TOLD if changes.get(kind)]
    return [f"Since the harvest before: {', '.join(told)}."] if told and changes["compared_with"] else []


def failed_item_lines(failed: Sequence[FailedItem], total: int, limit: int = _SHOWN_ITEMS) -> list[str]:
    """Return a line for each of the first failed items, and one that counts the rest.

    :param failed: of the result dict's ``failed_items``.
    :param total: how many there are in all.
    :param limit: how many are named.
    """
    lines = [
        f"{'Newly failing' if item.get('newly_failing') else 'Failed'}: {plain(item['remote_id']) or '(no id)'}: "
        f"{_line(item['message'] or 'no reason given')}"
        for item in failed[:limit]
    ]
    rest = total - len(lines)
    if lines and rest > 0:
        lines.append(f"... and {count(rest, 'more failed item')}.")
    return lines


def advice_for(result: HarvestResult) -> list[str]:
    """Return what to do about a result's errors and failed items, each advice once."""
    failed, _ = _that_matter(result)
    messages = [*result["errors"], *(item["message"] for item in failed)]
    advice = list(dict.fromkeys(hint.advice for message in messages if (hint := hint_for(message))))
    if not advice and result["failure_kind"]:
        advice.append(_advice_by_kind(result))
    return advice[:3]


#: What to do about a failure whose messages no hint fits, by its kind; ``empty`` depends on the counters, too.
_ADVICE_BY_KIND = {
    "timeout": "Preview again later, or with a longer timeout: the remote catalogue may be slow or large.",
    "unfinished": "Wait for the job to end, then judge it.",
    "unknown_status": "See the job on the portal, and update this package: it does not know this status.",
    "remote_unreachable": "Check that the remote catalogue's server is up and lets the portal in.",
    "unreadable": "Open the source's URL: it must return the whole catalogue in the backend's format.",
    "job": "See the job's errors on the portal, and open the source's URL: it must return the catalogue.",
    "remote_ids": "Find these records in the catalogue, and their reasons in the portal's job.",
    "items": "See the reasons of the failed records on the portal, correct these in the catalogue, or allow more.",
    "skipped": "See why the portal skips records: each needs its own dct:identifier, and the source's filters count.",
    "loss": "Check the catalogue. If the loss is right, raise max_drop_ratio or, after a guarded run, accept it: "
    "airflow-harvest guard release SOURCE_ID.",
    "job_errors": "See the job's errors on the portal, or set fail_on_job_errors=False if they do no harm.",
}


def _advice_by_kind(result: HarvestResult) -> str:
    kind, items = result["failure_kind"], result["items"]
    if kind != "empty":
        return _ADVICE_BY_KIND.get(kind or "", "See the job on the portal.")
    if items["done"]:
        return (
            "The catalogue has fewer records than min_done_items requires: compare it with an earlier harvest, or "
            "lower min_done_items."
        )
    if items["failed"] or items["skipped"]:
        return "No record was harvested: see on the portal why each failed or was skipped."
    if items["archived"]:
        return "The catalogue lists no record any more, so the portal archives what it held: open the source's URL."
    return (
        "The portal read the catalogue and found nothing to harvest in it: open the source's URL, or set "
        "min_done_items=0."
    )


def failure_message(result: HarvestResult, next_chance: str | None = None) -> str:
    """Return the message of a task that failed on a harvest's outcome, in at most ten lines.

    :param result: the result dict.
    :param next_chance: a sentence on when the portal harvests again and whether Airflow retries, None if there is none.
    """
    first, *more = [_line(reason, _REASON_WIDTH) for reason in result["reasons"]]
    head = [f"{_what(result)} does not meet the criteria. {first}", *(f"Also: {reason}" for reason in more[:2])]
    head += changes_lines(result)
    advice = [f"What to do: {text}" for text in advice_for(result)[:2]]
    tail = [f"See {result['job_url']}"] if result["job_url"] else []
    tail += [next_chance] if next_chance else []
    room = MAX_MESSAGE_LINES - len(head) - len(advice) - len(tail)
    shown = failed_item_lines(*_that_matter(result), limit=min(_SHOWN_ITEMS, room - 1))
    return "\n".join([*head, *shown, *advice, *tail])


def continues(how: How | None, job_url: str | None) -> bool:
    """Return whether a harvest continues when its wait is stopped: udata has no way to cancel one.

    :param how: what the result would say; ``blocked`` and None mean that nothing was requested yet.
    :param job_url: page of the job that the wait is for; None if it is not known.
    """
    return how in (STARTED, ATTACHED) or (how == WAITED and job_url is not None)


def after_stop(how: How | None, job_url: str | None, *, has_ended: bool = False) -> str:
    """Return what happens to a harvest when its wait is stopped, as one or two sentences.

    :param how: as for :func:`continues`.
    :param job_url: as for :func:`continues`.
    :param has_ended: whether the harvest has ended and was about to be judged; default False.
    """
    if has_ended:
        return f"The harvest has ended. See {job_url}" if job_url else "The harvest has ended."
    if continues(how, job_url):
        where = f"See {job_url}" if job_url else "Its job was not yet known."
        return f"The harvest continues: udata cannot cancel one. {where}"
    if how == WAITED:
        return "No harvest was requested; those that the portal starts by itself are not affected."
    return "No harvest was requested."


def _that_matter(result: HarvestResult) -> tuple[list[FailedItem], int]:
    """Return the failed items that the verdict is about, and their number: those in ``remote_ids``, if given."""
    fates = result["remote_ids"]
    if not fates:
        return result["failed_items"], result["items"]["failed"]
    return [item for item in result["failed_items"] if item["remote_id"] in fates["failed"]], _how_many(fates, "failed")


def _how_many(fates: dict[str, Any], fate: str) -> int:
    """Return how many requested records have a fate; a result names only the first of them."""
    return int((fates.get("counts") or {}).get(fate, len(fates[fate])))


def _skip_reasons(result: HarvestResult) -> list[tuple[str, int]]:
    """Return why items were skipped; results from before 0.2.0 do not say."""
    return list((result.get("skip_reasons") or {}).items())


def _what(result: HarvestResult) -> str:
    what = "Preview" if result["how"] == PREVIEWED else "Harvest"
    return f"{what} of {result['source_name']!r}" if result["source_name"] else what


def _archived(items: ItemNumbers) -> str:
    new = items.get("newly_archived")
    told = f" ({new:,} of them new since the previous job)" if items["archived"] and new is not None else ""
    return f"{items['archived']:,} archived{told}"


def _noteworthy(counts: ItemCounts) -> list[tuple[str, int]]:
    return [("failed", counts.failed), ("skipped", counts.skipped), ("archived", counts.archived)]


def _line(text: str, width: int = _WIDTH) -> str:
    return plain(text, width, middle=True)
