"""Decides whether a harvest is a success, from its ended job; no other place decides it.

Called by the operators and the sensor, on the worker, whichever way they waited.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.inputs import as_count, as_switch
from airflow_provider_harvest.portal.outcome.hints import says_may_pass, says_remote_unreachable
from airflow_provider_harvest.portal.outcome.skips import Skips, lost_to_skips
from airflow_provider_harvest.portal.statuses import FAILED, FAILURE, PREVIEW_TIMEOUT, SUCCESS, TERMINAL_JOB_STATUSES
from airflow_provider_harvest.portal.text.untrusted import plain
from airflow_provider_harvest.portal.text.words import count, few, shorten, show_value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_provider_harvest.portal.models import HarvestItem, HarvestJob, HarvestMessage, ItemCounts
    from airflow_provider_harvest.portal.statuses import FailureKind, OutcomeName

#: What a record's fate is called when it occurs more than once in a job: the worst counts.
_WORST_FIRST = ("failed", "skipped", "archived", "done")

#: Characters of one error of a job, and of one record's id, in a reason.
_MESSAGE_WIDTH, _ID_WIDTH = 300, 120
#: Ids that a sentence names at most.
_NAMED = 5


@dataclass(frozen=True)
class OutcomePolicy:
    """The criteria for a successful harvest. Plain data: it is passed as JSON.

    :param max_failed_items: how many items may fail; None (default) sets no such limit if a ratio is given,
        else it means 0.
    :param max_failed_ratio: how many of the done, failed and skipped items may fail, 0 to 1; None sets no such
        limit. All limits that are given must hold.
    :param min_done_items: how many items must be done, 1 by default. Archived and skipped ones never count.
    :param fail_on_job_errors: whether errors of the job itself fail it although it is done (default True): "max
        items reached" is a truncated harvest whose remainder may be archived.
    :param remote_ids: judge these records only: each must be done. The other limits then do not apply; a failed
        job is a failure all the same.
    :param max_skipped_items: how many items may be skipped; None (default) sets no such limit. A record without an
        identifier is skipped, and its dataset is archived later.
    :param max_skipped_ratio: how many of the done, failed and skipped items may be skipped, 0 to 1. None, without
        ``max_skipped_items`` either, allows half, and more if each of the last ten harvests skipped more than half:
        a source whose filters leave most records out is as it always was, a catalogue that lost its identifiers is
        not.
    :param max_drop_ratio: how many fewer items may be done than in the best of the last ten harvests that read their
        whole catalogue, as a share of its done ones, 0 to 1; None (default) sets no such limit.
    """

    max_failed_items: int | None = None
    max_failed_ratio: float | None = None
    min_done_items: int = 1
    fail_on_job_errors: bool = True
    remote_ids: tuple[str, ...] | None = None
    max_skipped_items: int | None = None
    max_skipped_ratio: float | None = None
    max_drop_ratio: float | None = None

    @classmethod
    def create(
        cls,
        max_failed_items: int | None = None,
        max_failed_ratio: float | None = None,
        min_done_items: int = 1,
        fail_on_job_errors: bool = True,
        remote_ids: Iterable[str] | None = None,
        max_skipped_items: int | None = None,
        max_skipped_ratio: float | None = None,
        max_drop_ratio: float | None = None,
    ) -> OutcomePolicy:
        """Return a policy from what a user gave.

        :raises HarvestInvalidInput: for a negative number, a ratio outside 0 to 1, or an invalid list of ids.
        """
        for name, number in (("max_failed_items", max_failed_items), ("max_skipped_items", max_skipped_items)):
            if number is not None and not _is_count(number):
                raise HarvestInvalidInput(f"{name} must be a whole number from 0 on, or None, not {number!r}.")
        ratios = {"max_failed_ratio": max_failed_ratio, "max_skipped_ratio": max_skipped_ratio}
        for name, share in {**ratios, "max_drop_ratio": max_drop_ratio}.items():
            if share is not None and not _is_share(share):
                raise HarvestInvalidInput(f"{name} must be a number from 0 to 1, or None, not {share!r}.")
        as_count(min_done_items, "min_done_items")
        ids = None if remote_ids is None else _checked_ids(remote_ids)
        return cls(
            max_failed_items,
            max_failed_ratio,
            min_done_items,
            as_switch(fail_on_job_errors, "fail_on_job_errors"),
            ids,
            max_skipped_items,
            max_skipped_ratio,
            max_drop_ratio,
        )

    @classmethod
    def of(cls, task: object) -> OutcomePolicy:
        """Return the policy of an object that has each criterion as an attribute: an operator, a sensor or a trigger.

        :raises HarvestInvalidInput: as by :meth:`create`.
        """
        return cls.create(**{criterion.name: getattr(task, criterion.name) for criterion in fields(cls)})

    @property
    def failed_limit(self) -> int | None:
        """How many items may fail, None without such a limit."""
        if self.max_failed_items is None and self.max_failed_ratio is None:
            return 0
        return self.max_failed_items

    @property
    def limits_skips(self) -> bool:
        """Whether a user said how many items may be skipped; else earlier harvests say what is usual."""
        return self.max_skipped_items is not None or self.max_skipped_ratio is not None


@dataclass(frozen=True)
class Outcome:
    """A verdict: ``success`` or ``failure``, its kind, the reasons as sentences, and the fate of requested records."""

    outcome: OutcomeName
    failure_kind: FailureKind | None = None
    reasons: tuple[str, ...] = ()
    remote_ids: dict[str, Any] | None = None

    @property
    def is_success(self) -> bool:
        """Whether the job meets the criteria."""
        return self.outcome == SUCCESS


def judge(
    job: HarvestJob, policy: OutcomePolicy, items: Sequence[HarvestItem] = (), skips: Skips | None = None
) -> Outcome:
    """Judge whether a job meets the criteria; anything unclear is a failure.

    :param job: the job as read after its end, or a preview.
    :param policy: the criteria.
    :param items: all its items; needed if the policy names ``remote_ids``, else unused.
    :param skips: why items were skipped, and what earlier harvests skipped; None if that is not known.
    """
    found = _end_reasons(job)
    fates: dict[str, Any] | None = None
    if policy.remote_ids is not None:
        fates = fates_of(policy.remote_ids, items)
        found.extend(("remote_ids", reason) for reason in _remote_id_reasons(fates, items, job))
    elif job.counts is None:
        found.append(("unfinished", "The portal did not return the counters of the items."))
    else:
        found.extend(_count_reasons(job.counts, policy, skips or Skips()))
        if policy.fail_on_job_errors and job.errors and job.status != FAILED:
            found.append(("job_errors", f"The job reports errors although it is {job.status!r}: {_words(job.errors)}"))
    if not found:
        return Outcome(SUCCESS, remote_ids=fates)
    reasons = [reason for kind, reason in found if not _follows(kind, found[0][0])]
    return Outcome(FAILURE, found[0][0], tuple(reasons), fates)


def fates_of(remote_ids: Sequence[str], items: Sequence[HarvestItem]) -> dict[str, Any]:
    """Return the fate of the requested records: ``{done: n, failed: [], skipped: [], archived: [], missing: []}``.

    A record that stayed pending or started in an ended job (a duplicate identifier up to 7.0.7) has failed.
    """
    seen: dict[str, set[str]] = {}
    for item in items:
        if item.remote_id is not None:
            known = item.status in _WORST_FIRST
            seen.setdefault(item.remote_id, set()).add(str(item.status) if known else FAILED)
    fates: dict[str, Any] = {"done": 0, "failed": [], "skipped": [], "archived": [], "missing": []}
    for remote_id in remote_ids:
        statuses = seen.get(remote_id)
        if statuses is None:
            fates["missing"].append(remote_id)
            continue
        fate = next(status for status in _WORST_FIRST if status in statuses)
        if fate == "done":
            fates["done"] += 1
        else:
            fates[fate].append(remote_id)
    return fates


def _end_reasons(job: HarvestJob) -> list[tuple[FailureKind, str]]:
    """Return what is wrong with how the job itself ended, whatever its items."""
    if job.status == PREVIEW_TIMEOUT:
        late = "The portal did not finish the preview in time: its remote catalogue may be slow or down."
        return [(PREVIEW_TIMEOUT, late)]
    if not job.has_ended:
        return [("unfinished", f"The job has not ended: it is {job.status!r}.")]
    if job.status not in TERMINAL_JOB_STATUSES:
        return [("unknown_status", f"The job ended as {job.status!r}, which is not a status of udata.")]
    if job.status != FAILED:
        return []
    unreachable = any(says_remote_unreachable(error.message) for error in job.errors)
    words = _words(job.errors) or "the portal gives no reason"
    may_pass = any(says_may_pass(error.message) for error in job.errors)
    kind: FailureKind = "remote_unreachable" if unreachable else "unreadable" if may_pass else "job"
    return [(kind, f"The job failed: {words}")]


def _count_reasons(counts: ItemCounts, policy: OutcomePolicy, skips: Skips) -> list[tuple[FailureKind, str]]:
    found: list[tuple[FailureKind, str]] = []
    if policy.failed_limit is not None and counts.failed > policy.failed_limit:
        allowed = f"{policy.failed_limit:,}" if policy.failed_limit else "none"
        found.append(("items", f"{count(counts.failed, 'item')} failed; {allowed} may."))
    # A little more, since 0.29 * 100 is less than 29 in binary.
    if policy.max_failed_ratio is not None and counts.failed > policy.max_failed_ratio * counts.processed + 1e-9:
        share = f"({counts.failed / counts.processed:.1%}); {policy.max_failed_ratio:.1%} may."
        found.append(("items", f"{counts.failed:,} of {count(counts.processed, 'item')} failed {share}"))
    found.extend(("skipped", reason) for reason in _skip_reasons(counts, policy, skips))
    found.extend(("loss", reason) for reason in _drop_reasons(counts, policy, skips))
    unfinished = counts.pending + counts.started + counts.other
    if unfinished:
        found.append(("items", f"{count(unfinished, 'item')} did not end although the job did."))
    if counts.done < policy.min_done_items:
        others = (("failed", counts.failed), ("skipped", counts.skipped), ("archived", counts.archived))
        told = ", ".join(f"{number:,} {status}" for status, number in others if number)
        rest = f" ({told})" if told else ""
        found.append(
            ("empty", f"{count(counts.done, 'item')} harvested{rest}; at least {policy.min_done_items:,} must be.")
        )
    return found


def _drop_reasons(counts: ItemCounts, policy: OutcomePolicy, skips: Skips) -> Iterator[str]:
    best = max((old.done for old in skips.before), default=0)
    if policy.max_drop_ratio is not None and best - counts.done > policy.max_drop_ratio * best + 1e-9:
        share = f"{(best - counts.done) / best:.1%} fewer; {policy.max_drop_ratio:.1%} may be."
        yield f"{count(counts.done, 'item')} done, and {best:,} in one of the last ten harvests: {share}"


def _skip_reasons(counts: ItemCounts, policy: OutcomePolicy, skips: Skips) -> Iterator[str]:
    why = f": {skips.words}" if skips.reasons else ""
    if policy.max_skipped_items is not None and counts.skipped > policy.max_skipped_items:
        yield f"{count(counts.skipped, 'item')} skipped{why}; at most {policy.max_skipped_items:,} may be."
    if policy.max_skipped_ratio is not None and counts.skipped > policy.max_skipped_ratio * counts.processed + 1e-9:
        share = f"({counts.skipped / counts.processed:.1%}){why}; {policy.max_skipped_ratio:.1%} may be."
        yield f"{counts.skipped:,} of {count(counts.processed, 'item')} skipped {share}"
    lost = None if policy.limits_skips else lost_to_skips(counts, skips.before)
    if lost is not None:
        which = "All" if counts.skipped == counts.processed else f"{counts.skipped:,} of"
        yield (
            f"{which} {count(counts.processed, 'item')} skipped{why}. An earlier harvest had {lost:,} done, and "
            "the portal archives what is skipped from now on. If this is right, set max_skipped_ratio=1."
        )


def _remote_id_reasons(fates: dict[str, Any], items: Sequence[HarvestItem], job: HarvestJob) -> list[str]:
    if job.status == FAILED and not items:
        return []  # nothing was read, so nothing is known about single records
    missing = "not reached" if job.status == FAILED else "not in the catalogue that was harvested"
    words = {
        "failed": "failed",
        "skipped": "skipped by the portal",
        "archived": "archived, so no longer in the catalogue that was harvested",
        "missing": missing,
    }
    asked = fates["done"] + sum(len(fates[fate]) for fate in words)
    # The messages of failed ones are in the result's failed_items.
    why = {i.remote_id: i.errors[0].message for i in items if i.remote_id and i.errors and i.status == "skipped"}
    reasons = [
        f"Of my {count(asked, 'record')}, {len(fates[fate]):,} {words[fate]}: {_listed(fates[fate], why)}."
        for fate in words
        if fates[fate]
    ]
    if len(fates["missing"]) < asked or job.status == FAILED:
        return reasons
    present = list(dict.fromkeys(item.remote_id for item in items if item.remote_id))[:3]
    there = f"it holds, for example, {_listed(present)}" if present else "it holds no items"
    nothing = f"None of my {count(asked, 'record')} ({_listed(fates['missing'])}) occurs in the job; {there}."
    return [f"{nothing} A remote id is the dct:identifier of a DCAT record, or the id of a CKAN package."]


def _listed(ids: Sequence[str], why: Mapping[str, str] | None = None) -> str:
    shown = [shorten(repr(i), _ID_WIDTH) + (f" ({plain(why[i])})" if why and i in why else "") for i in ids[:_NAMED]]
    return few(shown, _NAMED, total=len(ids))


def _words(errors: Sequence[HarvestMessage]) -> str:
    shown = [plain(error.message, _MESSAGE_WIDTH, middle=True) for error in errors[:3]]
    return few(shown, 3, separator="; ", total=len(errors))


def _follows(kind: str, main: str) -> bool:
    """Whether a reason only repeats the main one: a failed job is empty, too."""
    return kind == "empty" and main in ("job", "remote_unreachable", "unreadable", "unfinished", PREVIEW_TIMEOUT)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_share(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1


def _checked_ids(remote_ids: object) -> tuple[str, ...]:
    """Return the ids that a user, or a task before, gave, each once."""
    if isinstance(remote_ids, (str, bytes)) or not isinstance(remote_ids, Iterable):
        raise HarvestInvalidInput(
            f"remote_ids must be a list of ids, such as ['my-dataset'], not {show_value(remote_ids)}."
        )
    ids = list(remote_ids)
    wrong = [i for i in ids if isinstance(i, bool) or not isinstance(i, (str, int)) or not str(i).strip()]
    if wrong:
        raise HarvestInvalidInput(
            f"remote_ids holds {show_value(wrong[0])}, not an id: give strings, such as 'my-dataset'. (In a DAG that "
            "renders native objects a string like '1.0' becomes a number.)"
        )
    if not ids:
        raise HarvestInvalidInput("remote_ids is an empty list, which would judge nothing: give ids, or None.")
    return tuple(dict.fromkeys(str(remote_id) for remote_id in ids))
