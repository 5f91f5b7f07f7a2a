"""What happened to each remote id between two harvests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_harvest.portal.compare import diff
from airflow_provider_harvest.portal.compare.diff import compare_items, kind_of
from airflow_provider_harvest.portal.models import HarvestItem, HarvestMessage

if TYPE_CHECKING:
    from collections.abc import Iterator

KIND_BY_STATUSES = [
    # before      after       kind
    (None, "done", diff.NEW),
    (None, "skipped", diff.NEW),
    (None, "failed", diff.NEWLY_FAILING),
    (None, "archived", diff.NEWLY_ARCHIVED),
    ("done", "done", diff.UNCHANGED),
    ("done", "failed", diff.NEWLY_FAILING),
    ("done", "skipped", diff.CHANGED),
    ("done", "archived", diff.NEWLY_ARCHIVED),
    ("done", None, diff.VANISHED),
    ("failed", "failed", diff.STILL_FAILING),
    ("failed", "done", diff.FIXED),
    ("failed", "skipped", diff.CHANGED),
    ("failed", "archived", diff.NEWLY_ARCHIVED),
    ("failed", None, diff.VANISHED),
    ("skipped", "failed", diff.NEWLY_FAILING),
    ("skipped", None, diff.VANISHED),
    ("archived", "archived", diff.STILL_ARCHIVED),
    ("archived", "done", diff.NEW),
    ("archived", "failed", diff.NEWLY_FAILING),
    ("archived", None, diff.NO_LONGER_ARCHIVED),
    ("started", "done", diff.CHANGED),
    ("done", "a status of a later udata", diff.CHANGED),
]


def item(remote_id: str | None, status: str, *, title: str | None = None, message: str | None = None) -> HarvestItem:
    errors = (HarvestMessage(message),) if message else ()
    return HarvestItem(remote_id=remote_id, status=status, dataset_title=title, errors=errors)


@pytest.mark.parametrize("before, after, kind", KIND_BY_STATUSES)
def test_kind_of_a_change(before: str | None, after: str | None, kind: str) -> None:
    assert kind_of(before, after) == kind


def test_every_kind_has_a_meaning_and_a_case() -> None:
    assert {kind for _, _, kind in KIND_BY_STATUSES} == set(diff.KINDS)


def test_each_remote_id_is_counted_once_and_listed_unless_unchanged() -> None:
    before = [item(f"{place}", status) for place, (status, _, _) in enumerate(KIND_BY_STATUSES) if status]
    after = [item(f"{place}", status) for place, (_, status, _) in enumerate(KIND_BY_STATUSES) if status]
    comparison = compare_items(before, after)
    expected = {f"{place}": kind for place, (_, _, kind) in enumerate(KIND_BY_STATUSES) if kind != diff.UNCHANGED}
    assert {change.remote_id: change.kind for change in comparison.changes} == expected
    assert sum(comparison.counts.values()) == len(KIND_BY_STATUSES)


def test_a_failed_copy_is_not_hidden_by_a_good_one_of_the_same_id() -> None:
    for copies in (["done", "failed"], ["failed", "done"]):
        comparison = compare_items([item("a", "done")], [item("a", status) for status in copies])
        assert comparison.counts[diff.NEWLY_FAILING] == 1


@pytest.mark.parametrize("nameless", [None, "", "None"])
def test_items_without_an_id_match_nothing_and_are_counted(nameless: str | None) -> None:
    comparison = compare_items([item(nameless, "skipped")], [item(nameless, "skipped"), item(nameless, "failed")])
    assert comparison.changes == []
    assert comparison.without_id == (1, 2)
    assert not comparison.is_alike


def test_a_failed_item_gets_the_title_that_the_harvest_before_knew() -> None:
    comparison = compare_items([item("a", "done", title="Trees")], [item("a", "failed", message="Boom")])
    (change,) = comparison.changes
    assert (change.record.title, change.record.message) == ("Trees", "Boom")


def test_what_failed_or_was_archived_in_both_does_not_make_them_different() -> None:
    same = [item("a", "failed"), item("b", "archived"), item("c", "done")]
    comparison = compare_items(same, same)
    assert comparison.is_alike
    assert comparison.summary() == "no differences"
    assert len(comparison.changes) == 2


def test_both_lists_are_read_once_and_in_turn() -> None:
    read: list[str] = []

    def listed(name: str) -> Iterator[HarvestItem]:
        for number in range(3):
            read.append(name)
            yield item(f"{number}", "done")

    compare_items(listed("before"), listed("after"))
    assert read == ["before"] * 3 + ["after"] * 3
