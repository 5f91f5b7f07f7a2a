"""What changed between two harvests, item by item, matched by remote id; fed by :mod:`.find_harvests`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_provider_harvest.portal.statuses import ARCHIVED, DONE, FAILED, SKIPPED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_provider_harvest.portal.models import HarvestItem

NEW, VANISHED = "new", "vanished"
NEWLY_FAILING, STILL_FAILING, FIXED = "newly_failing", "still_failing", "fixed"
NEWLY_ARCHIVED, STILL_ARCHIVED, NO_LONGER_ARCHIVED = "newly_archived", "still_archived", "no_longer_archived"
CHANGED, UNCHANGED = "changed", "unchanged"

#: Every kind of change with its meaning, those that matter most first. Each remote id is of exactly one kind.
KINDS: dict[str, str] = {
    NEWLY_FAILING: "failed, and did not fail before (a new record that fails has no status before)",
    STILL_FAILING: "failed, and failed before",
    NEWLY_ARCHIVED: "archived by this harvest: the catalogue has not listed it for longer than the portal's grace",
    VANISHED: "listed before, and neither listed nor archived now: archived later, unless it comes back",
    FIXED: "failed before, and done now",
    NEW: "not listed before (a status before of 'archived' means that it came back)",
    CHANGED: "another status than before, for records of no kind above",
    STILL_ARCHIVED: "archived, and archived before: the portal lists such items again in every job",
    NO_LONGER_ARCHIVED: "archived before, and not mentioned now: the portal's team deleted or restored it",
    UNCHANGED: "listed, with the same status as before",
}
#: Kinds that need action.
TROUBLE = (NEWLY_FAILING, STILL_FAILING, NEWLY_ARCHIVED, VANISHED)
#: Kinds that mean that two harvests differ.
DIFFERENCES = (NEWLY_FAILING, NEWLY_ARCHIVED, VANISHED, FIXED, NEW, CHANGED, NO_LONGER_ARCHIVED)

# Of the items of one job under one remote id, the status that counts: a failed copy is not hidden by a good one.
_WEIGHT = {ARCHIVED: 0, DONE: 1, SKIPPED: 2, FAILED: 4}


class ItemRecord(NamedTuple):
    """What is kept of one remote id in one harvest; small, since a catalogue may hold 100,000 of them."""

    status: str
    dataset_id: str | None = None
    title: str | None = None
    dataset_url: str | None = None
    remote_url: str | None = None
    message: str | None = None

    @classmethod
    def of(cls, item: HarvestItem) -> ItemRecord:
        """Return what is kept of an item."""
        message = "; ".join(error.message for error in item.errors) or None
        return cls(
            item.status or "unknown", item.dataset_id, item.dataset_title, item.dataset_url, item.remote_url, message
        )


@dataclass(frozen=True)
class ItemChange:
    """The change of one remote id.

    :param kind: one of :data:`KINDS`.
    :param remote_id: the id.
    :param before: its status in the earlier harvest, None if it was not in it.
    :param after: its status in the later harvest, None if it is not in it.
    :param record: as in the later harvest, else as in the earlier one.
    """

    kind: str
    remote_id: str
    before: str | None
    after: str | None
    record: ItemRecord


@dataclass
class Comparison:
    """What changed between two harvests.

    :param counts: how many remote ids there are of each kind.
    :param changes: those of every kind but ``unchanged``, in the order of :data:`KINDS`, then by remote id.
    :param without_id: how many items of the earlier and of the later harvest have no remote id and match nothing.
    """

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    changes: list[ItemChange] = field(default_factory=list)
    without_id: tuple[int, int] = (0, 0)

    def of(self, *kinds: str) -> list[ItemChange]:
        """Return the changes of some kinds."""
        return [change for change in self.changes if change.kind in kinds]

    @property
    def is_alike(self) -> bool:
        """Whether nothing differs; what failed or was archived in both harvests does not."""
        return not any(self.counts[kind] for kind in DIFFERENCES) and self.without_id[0] == self.without_id[1]

    def summary(self) -> str:
        """Return what differs, in a phrase such as ``3 new, 1 vanished``; ``no differences`` if there are none."""
        parts = [f"{self.counts[kind]:,} {kind.replace('_', ' ')}" for kind in DIFFERENCES if self.counts[kind]]
        if self.without_id[0] != self.without_id[1]:
            parts.append(f"items without an id {self.without_id[0]:,} -> {self.without_id[1]:,}")
        return ", ".join(parts) or "no differences"


def compare_items(before: Iterable[HarvestItem], after: Iterable[HarvestItem]) -> Comparison:
    """Compare the items of two harvests.

    Both are read once, the earlier one first; nothing of an item is kept twice.

    :param before: items of the earlier harvest.
    :param after: items of the later one.
    """
    earlier, nameless_before = _by_remote_id(before)
    later, nameless_after = _by_remote_id(after)
    result = Comparison(without_id=(nameless_before, nameless_after))
    for remote_id, record in later.items():
        _note(result, remote_id, earlier.pop(remote_id, None), record)
    for remote_id, record in earlier.items():
        _note(result, remote_id, record, None)
    order = {kind: place for place, kind in enumerate(KINDS)}
    result.changes.sort(key=lambda change: (order[change.kind], change.remote_id))
    return result


def kind_of(before: str | None, after: str | None) -> str:
    """Return the kind of change between two statuses of one remote id.

    :param before: None if the earlier harvest does not have it.
    :param after: None if the later one does not.
    """
    was_listed = before is not None and before != ARCHIVED
    if after is None:
        return VANISHED if was_listed else NO_LONGER_ARCHIVED
    if after == ARCHIVED:
        return STILL_ARCHIVED if before == ARCHIVED else NEWLY_ARCHIVED
    if after == FAILED:
        return STILL_FAILING if before == FAILED else NEWLY_FAILING
    if not was_listed:
        return NEW
    if before == after:
        return UNCHANGED
    return FIXED if (before, after) == (FAILED, DONE) else CHANGED


def counts_of(comparison: Comparison) -> dict[str, Any]:
    """Return the counts of a comparison as JSON, without what did not change."""
    return {kind: count for kind, count in comparison.counts.items() if kind != UNCHANGED}


def _by_remote_id(items: Iterable[HarvestItem]) -> tuple[dict[str, ItemRecord], int]:
    """Return the record of each remote id, and how many items have none (udata up to 9.x writes it as "None")."""
    records: dict[str, ItemRecord] = {}
    nameless = 0
    for item in items:
        if not item.remote_id or item.remote_id == "None":
            nameless += 1
            continue
        record, other = ItemRecord.of(item), records.get(item.remote_id)
        if other is None or _weight(record) > _weight(other):
            records[item.remote_id] = record
    return records, nameless


def _weight(record: ItemRecord) -> int:
    return _WEIGHT.get(record.status, 3)


def _note(result: Comparison, remote_id: str, before: ItemRecord | None, after: ItemRecord | None) -> None:
    kind = kind_of(before.status if before else None, after.status if after else None)
    result.counts[kind] += 1
    if kind == UNCHANGED:
        return
    record = after or before
    assert record is not None  # noqa: S101 - for the type checker: one of the two is given
    if before is not None and after is not None:  # a failed item often names no dataset: the earlier harvest did
        record = after._replace(
            dataset_id=after.dataset_id or before.dataset_id,
            title=after.title or before.title,
            dataset_url=after.dataset_url or before.dataset_url,
            remote_url=after.remote_url or before.remote_url,
        )
    result.changes.append(
        ItemChange(kind, remote_id, before.status if before else None, after.status if after else None, record)
    )
