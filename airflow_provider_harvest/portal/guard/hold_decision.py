"""Compare what is on a portal with what a harvest found, and decide whether archiving must wait for a person.

Sets are compared, not counts: of four real mass changes two kept or raised the number of datasets. The defaults were
chosen by replaying histories of real catalogues; docs/guard.md has the figures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.text.words import count

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Statuses of a job at whose end the portal archives; after ``failed`` it does not.
ARCHIVING_STATUSES = ("done", "done-errors")
#: Share of a catalogue that may not go even if it is fewer than ``min_lost`` records, but more than one.
_HALF = 0.5


@dataclass(frozen=True)
class LossThresholds:
    """Thresholds above which a loss is held.

    :param max_lost_ratio: share of the records that one run may lose; default 0.06. Real catalogues lose up to 5 % in
        a day, and the smallest known mass change is 8 %.
    :param max_weekly_ratio: share that may be missing altogether, over all runs since the records were last seen;
        default 0.12, and never less than ``max_lost_ratio``. It finds a creeping loss before the portal archives the
        first records.
    :param max_lost: number of records that one run may lose, whatever the share; default 2,000. None: no limit.
    :param min_lost: smaller losses are passed over unless at least half of the catalogue is gone (more, if a larger
        share may be lost); default 3.
    :param small_catalogue: catalogues with fewer records than this are judged by ``small_ratio``; default 20.
    :param small_ratio: share that a small catalogue may lose; default 0.25.
    """

    max_lost_ratio: float = 0.06
    max_weekly_ratio: float = 0.12
    max_lost: int | None = 2000
    min_lost: int = 3
    small_catalogue: int = 20
    small_ratio: float = 0.25

    def __post_init__(self) -> None:
        for name in ("max_lost_ratio", "max_weekly_ratio", "small_ratio"):
            _check(name, getattr(self, name), 0 < _number(getattr(self, name)) <= 1, "a share above 0, up to 1")
        for name in ("min_lost", "small_catalogue"):
            _check(name, getattr(self, name), _number(getattr(self, name)) >= 0, "a number from 0 on")
        if self.max_lost is not None:
            _check("max_lost", self.max_lost, _number(self.max_lost) >= 1, "a number from 1 on, or None")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any] | None, base: LossThresholds | None = None) -> LossThresholds:
        """Return thresholds with some of their values replaced.

        :param values: by the names above; None changes nothing.
        :param base: what is changed; default: the defaults.
        :raises HarvestInvalidInput: for an unknown name or an invalid value.
        """
        if values is not None and not isinstance(values, Mapping):
            raise HarvestInvalidInput(f"thresholds must be an object of names and numbers, not {values!r:.60}.")
        known = {entry.name for entry in fields(cls)}
        unknown = sorted(map(str, set(values or ()) - known))
        if unknown:
            raise HarvestInvalidInput(f"thresholds may have {', '.join(sorted(known))}, not {', '.join(unknown)}.")
        return replace(base or cls(), **dict(values or {}))


@dataclass(frozen=True)
class Judgement:
    """The result of a comparison.

    :param hold: whether archiving must wait for a person.
    :param reasons: sentences on why; empty if nothing is held.
    :param before: number of records that there were.
    :param lost: those of them that are missing now.
    :param new: number of records that were not there before.
    """

    hold: bool
    reasons: list[str]
    before: int = 0
    lost: frozenset[str] = field(default=frozenset(), repr=False)
    new: int = 0

    @property
    def share(self) -> float:
        """The share of the records that is missing, 0 to 1."""
        return len(self.lost) / self.before if self.before else 0.0


def judge(
    before: Iterable[str] | Mapping[str, Any] | None,
    now: Iterable[str] | None,
    thresholds: LossThresholds | Mapping[str, Any] | None = None,
    *,
    status: str = "done",
) -> Judgement:
    """Decide whether a harvest lost so much that archiving must wait for a person.

    Losing nothing never holds, whatever is new: growth is not a reason. Losing everything always does. A job that
    failed never holds, as the portal archives nothing after it; nor does a first harvest, which has nothing to lose.

    A record without an identifier (None, an empty string) matches nothing and is left out on both sides.

    :param before: the remote ids that a source has on the portal, or those of yesterday's catalogue; any iterable, None
        if there are none yet. A mapping gives for each id when it was last seen (any value that distinguishes runs,
        such as a date): then the loss of each run and the loss of all of them are judged by limits of their own.
    :param now: the remote ids of the newest job, whatever their status except ``archived``; None if they are unknown.
    :param thresholds: above which a loss is held; an object of the same names changes the defaults.
    :param status: status of the job; default ``done``.
    :returns: the judgement. Its reasons name the numbers.
    :raises HarvestInvalidInput: for invalid thresholds, if one of both is not a collection of ids, or if a mapping has
        values that distinguish no runs, such as lists.
    """
    limits = thresholds if isinstance(thresholds, LossThresholds) else LossThresholds.from_dict(thresholds)
    known = _ids(before, "before")
    runs_of = _runs(before)
    found = _ids(now, "now")
    if now is None or status not in ARCHIVING_STATUSES or not known:
        return Judgement(hold=False, reasons=[], before=len(known))
    lost = frozenset(known - found)
    new = len(found - known)
    runs = Counter(runs_of.get(ident) for ident in lost)
    reasons = _reasons(len(known), len(lost), max(runs.values(), default=0), limits)
    if reasons and new:
        reasons.append(_about_new(len(lost), new, len(known), len(found)))
    return Judgement(hold=bool(reasons), reasons=reasons, before=len(known), lost=lost, new=new)


def _ids(given: Iterable[str] | None, name: str) -> set[str]:
    """Return identifiers as a set, without those that are none."""
    if isinstance(given, (str, bytes)):
        raise HarvestInvalidInput(f"{name} must be a collection of ids, not one string: give a list or a set.")
    try:
        return set(given or ()) - {None, ""}
    except TypeError:
        raise HarvestInvalidInput(f"{name} must be a collection of ids, not {given!r:.60}.") from None


def _runs(before: object) -> Mapping[str, Any]:
    """Return in which run each record was last seen; empty if that is not given."""
    if not isinstance(before, Mapping):
        return {}
    for day in before.values():
        try:
            hash(day)
        except TypeError:
            raise HarvestInvalidInput(
                f"before must give for each id when it was last seen, such as '2026-11-26', not {day!r:.60}."
            ) from None
    return before


def _reasons(before: int, lost: int, in_one_run: int, limits: LossThresholds) -> list[str]:
    """Return the reasons for which a loss is held, as sentences.

    :param before: records that there were.
    :param lost: those that are missing.
    :param in_one_run: those that went missing in the worst run.
    """
    if not lost:
        return []
    if lost == before:
        return [f"All {before:,} records are gone." if before > 1 else "The only record is gone."]
    share = lost / before
    told = f"{lost:,} of {before:,} records {'is' if lost == 1 else 'are'} missing ({_share(share)})"
    one_run = limits.small_ratio if before < limits.small_catalogue else limits.max_lost_ratio
    if limits.max_lost is not None and in_one_run >= limits.max_lost:
        return [f"{told}; one run may lose fewer than {limits.max_lost:,}."]
    if lost < limits.min_lost:
        is_half = lost >= 2 and share >= max(_HALF, one_run)
        return [f"{told}, half of the catalogue or more."] if is_half else []
    if before < limits.small_catalogue:
        return [f"{told}; a catalogue this small may lose {_percent(one_run)}."] if share >= one_run else []
    if in_one_run >= limits.min_lost and in_one_run / before >= one_run:
        worst = f", {in_one_run:,} of them since one run" if in_one_run < lost else ""
        return [f"{told}{worst}; one run may lose {_percent(one_run)}."]
    all_runs = max(limits.max_weekly_ratio, one_run)
    if share >= all_runs:
        return [
            (
                f"{told}, little by little ({in_one_run:,} at most in one run); "
                f"all runs together may lose {_percent(all_runs)}."
            )
        ]
    return []


def _about_new(lost: int, new: int, before: int, found: int) -> str:
    changed = " The identifiers may have changed." if new >= lost / 2 else ""
    told = count(new, "record is", "records are")
    return f"{told} new, so that the catalogue went from {before:,} to {found:,}.{changed}"


def _share(share: float) -> str:
    """Return a share below 1 as percents, never rounded up to all."""
    return f"{min(share, 0.999):.1%}" if share >= 0.001 else f"{share:.1g}"


def _percent(share: float) -> str:
    return f"less than {share:.3g}" if share < 0.001 else f"less than {100 * share:.3g}%"


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else float("nan")


def _check(name: str, value: object, is_right: bool, what: str) -> None:
    if not is_right:
        raise HarvestInvalidInput(f"{name} must be {what}, not {value!r:.60}.")
