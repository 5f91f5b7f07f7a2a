"""A list of which the portal cannot return some entries (500): all others are read, and those are named."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_harvest.exceptions import HarvestServerError
from airflow_provider_harvest.portal.http.paging import iter_pages
from airflow_provider_harvest.portal.http.unreadable_entries import (
    MAX_UNREADABLE,
    UnreadableEntry,
    WholeReader,
    may_be,
    unreadable_sentence,
)

SIZE = 500


class BrokenList:
    """A list whose pages fail if they hold a broken entry, as udata's do.

    :param count: entries, ``e1`` to ``e<count>``.
    :param broken: numbers of those that make a page fail.
    :param nameless: numbers of those that fail whatever is asked of them.
    :param status: of the response to a failing page.
    """

    def __init__(
        self, count: int, broken: set[int] | frozenset[int] = frozenset(), nameless: set[int] | None = None,
        status: int = 500,
    ) -> None:  # fmt: skip
        self.count, self.broken, self.nameless, self.status = count, broken, nameless or set(), status
        self.reads: list[tuple[int, int]] = []
        #: Numbers, from 0, of the requests that fail whatever they are for.
        self.down: set[int] = set()

    def __call__(self, page: int, size: int, mask: str | None) -> tuple[list[dict[str, Any]], int | None] | None:
        self.reads.append((page, size))
        if len(self.reads) - 1 in self.down:
            raise HarvestServerError("It fell over.", status_code=500)
        numbers = range((page - 1) * size + 1, min(page * size, self.count) + 1)
        if page > 1 and not numbers:
            return None
        if self.nameless & {*numbers} or (mask is None and self.broken & {*numbers}):
            raise HarvestServerError("It fell over.", status_code=self.status)
        return [{"id": f"e{number}"} for number in numbers], self.count

    def read(self, size: int = SIZE) -> tuple[list[str], list[UnreadableEntry]]:
        """The ids of what can be read, and what cannot."""
        reader = WholeReader(self)
        entries = list(iter_pages(lambda page: reader.read(page, size), size))
        broken = [entry for entry in entries if isinstance(entry, UnreadableEntry)]
        return [str(entry["id"]) for entry in entries if not isinstance(entry, UnreadableEntry)], broken


@pytest.mark.parametrize("size", [500, 20, 7])
@pytest.mark.parametrize("broken", [{1}, {350}, {1234}, {1, 2, 3}, {500, 501, 1234}], ids=str)
def test_all_others_are_read_and_the_broken_ones_named(broken: set[int], size: int) -> None:
    read, found = BrokenList(1234, broken).read(size)
    assert read == [f"e{number}" for number in range(1, 1235) if number not in broken]
    assert [(entry.position, entry["id"]) for entry in found] == [(number, f"e{number}") for number in sorted(broken)]


def test_a_list_without_faults_costs_nothing_more() -> None:
    portal = BrokenList(1234)
    portal.read()
    assert portal.reads == [(1, 500), (2, 500), (3, 500)]


def test_one_broken_source_of_350_costs_about_twenty_requests() -> None:
    portal = BrokenList(350, {349})
    assert len(portal.read()[0]) == 349
    assert len(portal.reads) <= 25


def test_what_the_portal_does_not_name_at_all_is_found_by_its_place() -> None:
    _, (found,) = BrokenList(10, {4}, nameless={4}).read()
    assert found == {}
    assert "entry 4 of its list" in unreadable_sentence(found)
    assert "it does not say which one" in unreadable_sentence(found)


@pytest.mark.parametrize("down", [{0}, {0, 2}, {0, 2, 4}, {0, 2, 3, 4, 5}], ids=str)
def test_an_entry_is_requested_once_more_before_it_counts_as_broken(down: set[int]) -> None:
    """The first page fails, then the first entry alone, then what is requested of it: the portal flaps."""
    portal = BrokenList(10)
    portal.down = down
    assert portal.read(10) == ([f"e{number}" for number in range(1, 11)], [])


def test_an_entry_that_is_not_named_counts_only_if_another_is_read() -> None:
    portal = BrokenList(10)
    portal.down = {0, *range(2, 99)}
    with pytest.raises(HarvestServerError):
        portal.read(10)


@pytest.mark.parametrize(
    "told, ident, expected",
    [({"id": "a"}, "a", True), ({"id": "a"}, "b", False), ({}, "a", True), ({"name": "n"}, "a", True)],
)
def test_what_is_not_named_may_be_the_one_that_is_searched_for(
    told: dict[str, Any], ident: str, expected: bool
) -> None:
    assert may_be(UnreadableEntry(1, told), ident) is expected


def test_a_portal_that_fails_as_a_whole_is_no_list_with_broken_entries() -> None:
    portal = BrokenList(1234, set(range(1, 1235)))
    with pytest.raises(HarvestServerError):
        portal.read()
    assert len(portal.reads) < 4 * MAX_UNREADABLE


def test_a_list_that_is_down_is_not_searched() -> None:
    everything = set(range(1, 1235))
    portal = BrokenList(1234, everything, nameless=everything)
    with pytest.raises(HarvestServerError):
        portal.read()
    assert len(portal.reads) == 3


@pytest.mark.parametrize("status", [502, 503, 504])
def test_an_outage_is_not_searched(status: int) -> None:
    portal = BrokenList(10, {4}, status=status)
    with pytest.raises(HarvestServerError):
        portal.read()
    assert portal.reads == [(1, 500)]
