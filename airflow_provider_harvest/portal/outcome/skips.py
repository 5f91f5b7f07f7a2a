"""Judges the records that a portal skipped. Used by the verdict, read by :mod:`read_ended_job`.

udata skips a record that it cannot keep (without an identifier, for example) or that a source's filters leave out; the
job is ``done`` all the same, and a dataset whose record is skipped is archived some days later.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from airflow_provider_harvest.portal.text.untrusted import plain
from airflow_provider_harvest.portal.text.words import few

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from airflow_provider_harvest.portal.models import HarvestItem, HarvestJob, ItemCounts

#: Share of the done, failed and skipped items from which on it matters what earlier harvests skipped.
USUAL_RATIO = 0.5
#: Harvests that a new one is compared with.
_COMPARED = 10
#: Different reasons that are kept, and characters of each.
_REASONS, _WIDTH = 5, 200


@dataclass(frozen=True)
class Skips:
    """What is known of the items that a job skipped.

    :param reasons: how many were skipped for which reason of the portal's, the most common first.
    :param before: the counters of the harvests before it that read their whole catalogue, newest first.
    """

    reasons: dict[str, int] = field(default_factory=dict)
    before: tuple[ItemCounts, ...] = ()

    @property
    def words(self) -> str:
        """The reasons as part of a sentence."""
        return few([f"{reason} ({number:,})" for reason, number in self.reasons.items()], 3, total=len(self.reasons))


def reasons_of(skipped: Iterable[HarvestItem]) -> dict[str, int]:
    """Return how many items were skipped for which reason, the most common first.

    :param skipped: items that were skipped.
    """
    told = Counter(plain(item.errors[0].message, _WIDTH) if item.errors else "no reason given" for item in skipped)
    return dict(told.most_common(_REASONS))


def skips_much(counts: ItemCounts) -> bool:
    """Whether so many items were skipped that it matters what earlier harvests skipped."""
    return counts.skipped > USUAL_RATIO * counts.processed


def counts_before(whole: Iterable[HarvestJob], job: HarvestJob) -> tuple[ItemCounts, ...]:
    """Return the counters of the last harvests before one, newest first, ten at most.

    :param whole: jobs of its source that read the whole catalogue, newest first; no more of them are taken than needed.
    :param job: the harvest.
    """
    began = job.began_at
    older = (
        other.counts
        for other in whole
        if other.counts and other.id != job.id and (began is None or (other.began_at or 0.0) < began)
    )
    return tuple(islice(older, _COMPARED))


def lost_to_skips(counts: ItemCounts, before: Sequence[ItemCounts]) -> int | None:
    """Return how many items an earlier harvest had done if this one skips most and that one did not; else None.

    :param counts: of this job.
    :param before: of earlier ones, newest first.
    """
    if not skips_much(counts):
        return None
    return max((old.done for old in before if old.done > counts.done and not skips_much(old)), default=None)
