"""Reading a paged list while it changes: every entry that stays is seen, and none twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_harvest.exceptions import HarvestProtocolError
from airflow_provider_harvest.portal.http.paging import MAX_STEPS_BACK, iter_pages
from tests.support.examples import examples

if TYPE_CHECKING:
    from collections.abc import Callable

SIZE = 3


class Listing:
    """A list of ids that a portal pages as udata does, and that changes before certain reads.

    :param count: how many entries it begins with: ``e1`` (newest) to ``e<count>``.
    :param changes: for the number of a read, from 1, what is done to the list before it.
    :param total: what is returned as the total; default: the truth.
    :param cap: the most entries that a page holds.
    """

    def __init__(
        self,
        count: int,
        changes: dict[int, Callable[[list[str]], object]] | None = None,
        total: Callable[[list[str]], int | None] = len,
        cap: int = SIZE,
    ) -> None:
        self.entries = [f"e{number}" for number in range(1, count + 1)]
        self.reads: list[int] = []
        self._changes = changes or {}
        self._total = total
        self._cap = cap

    def __call__(self, page: int) -> tuple[list[dict[str, Any]], int | None] | None:
        self.reads.append(page)
        self._changes.get(len(self.reads), lambda _: None)(self.entries)
        size = min(SIZE, self._cap)
        shown = self.entries[(page - 1) * size : page * size]
        if page > 1 and not shown:
            return None
        return [{"id": ident} for ident in shown], self._total(self.entries)

    def read(self) -> list[str]:
        """All that a reader gets."""
        return [entry["id"] for entry in iter_pages(self, SIZE)]


def e(*numbers: int) -> list[str]:
    return [f"e{number}" for number in numbers]


def add(*idents: str) -> Callable[[list[str]], object]:
    """Entries are added, the newest first."""
    return lambda entries: entries.__setitem__(slice(0, 0), idents)


def drop(*numbers: int) -> Callable[[list[str]], object]:
    """Entries vanish."""
    return lambda entries: [entries.remove(ident) for ident in e(*numbers)]


@pytest.mark.parametrize(
    "count, reads",
    [(0, [1]), (1, [1]), (3, [1]), (4, [1, 2]), (6, [1, 2]), (7, [1, 2, 3])],
)
def test_a_list_that_stays_takes_no_read_too_many(count: int, reads: list[int]) -> None:
    listing = Listing(count)
    assert listing.read() == e(*range(1, count + 1))
    assert listing.reads == reads


@pytest.mark.parametrize(
    "listing, reads",
    [
        pytest.param(Listing(7, total=lambda _: None), [1, 2, 3], id="no total"),
        pytest.param(Listing(6, total=lambda _: None), [1, 2, 3, 2], id="no total, and a full last page"),
        pytest.param(Listing(7, total=lambda _: 0), [1, 2, 3], id="a total that is too low"),
        pytest.param(Listing(5, total=lambda _: 99), [1, 2, 3, 2, 3, 2, 3, 2, 3], id="a total that is too high"),
        pytest.param(Listing(5, cap=2), [1, 2, 3], id="pages that are smaller than requested"),
    ],
)
def test_a_portal_that_counts_wrong_is_read_to_its_end(listing: Listing, reads: list[int]) -> None:
    assert listing.read() == listing.entries
    assert listing.reads == reads


def test_ids_that_are_no_strings_are_compared_as_well() -> None:
    pages: list[tuple[list[dict[str, Any]], int]] = [([{"id": 1}, {"id": [2]}], 3), ([{"id": [2]}, {"id": {}}], 3)]
    assert [entry["id"] for entry in iter_pages(lambda page: pages[page - 1] if page <= 2 else None, 2)] == [1, [2], {}]


def test_a_portal_that_ignores_page_numbers_is_not_read_forever() -> None:
    entries = [{"id": ident} for ident in e(1, 2, 3)]
    assert list(iter_pages(lambda page: (entries, None), SIZE)) == entries


@pytest.mark.parametrize(
    "count, changes, unread",
    [
        pytest.param(7, {2: add("new")}, (), id="one is added: the third comes again"),
        pytest.param(7, {2: add(*"abcd")}, (), id="more than a page is added"),
        pytest.param(7, {2: drop(1)}, (), id="one vanishes: the fourth slips onto page 1"),
        pytest.param(7, {3: drop(1)}, (), id="one vanishes, and with it the last page"),
        pytest.param(7, {3: drop(1, 2, 4)}, (), id="more vanish than the last page has"),
        pytest.param(8, {3: drop(1, 2, 4, 5)}, (), id="what was on the last page is on two others now"),
        pytest.param(7, {2: drop(1, 2, 3, 4)}, (4,), id="more than a page vanishes"),
        pytest.param(7, {2: drop(1), 3: drop(5)}, (), id="another one while that is made good"),
        pytest.param(7, {2: lambda x: (drop(2)(x), add("new")(x))}, (), id="one for another"),
    ],
)
def test_a_list_that_changes_meanwhile_hides_nothing(
    count: int, changes: dict[int, Callable[[list[str]], object]], unread: tuple[int, ...]
) -> None:
    read = Listing(count, changes).read()
    assert set(e(*range(1, count + 1))) - set(read) == set(e(*unread))
    assert len(read) == len(set(read))


@examples(300)
@given(st.data())
def test_whatever_happens_all_that_stay_are_read_once(data: st.DataObject) -> None:
    count = data.draw(st.integers(0, 12))
    changes: dict[int, Callable[[list[str]], object]] = {}
    doomed = data.draw(st.sets(st.integers(1, max(1, count)))) if count else set()
    for number in sorted(doomed):
        read = data.draw(st.integers(2, 6))
        earlier = changes.get(read, lambda _: None)
        changes[read] = lambda x, earlier=earlier, number=number: (earlier(x), drop(number)(x))  # type: ignore[misc]
    for number in range(data.draw(st.integers(0, 4))):
        read = data.draw(st.integers(2, 6))
        earlier = changes.get(read, lambda _: None)
        changes[read] = lambda x, earlier=earlier, number=number: (earlier(x), add(f"n{number}")(x))  # type: ignore[misc]
    got = Listing(count, changes).read()
    assert set(e(*range(1, count + 1))) - set(e(*doomed)) <= set(got)
    assert len(got) == len(set(got))


def test_an_entry_that_keeps_slipping_off_its_page_is_found_in_the_end() -> None:
    """Before each read of page 2 one of page 1 vanishes, and before each of page 1 another comes."""
    comings = {2 * n + 1: add(f"n{n}") for n in range(1, 7)}
    goings = {2 * n: lambda entries: entries.pop(0) for n in range(1, 7)}
    assert "e4" in Listing(4, {**comings, **goings}).read()


def test_items_have_no_id_and_are_never_taken_for_each_other() -> None:
    items = [{"remote_id": "same"}] * 7
    pages = {1: (items[:3], 7), 2: (items[3:6], 7), 3: (items[6:], 7)}
    assert len(list(iter_pages(pages.get, SIZE))) == 7


def test_a_list_that_never_stops_shrinking_is_given_up() -> None:
    shrinking = iter(range(10**6, 0, -1))
    fresh = iter(range(10**9))

    def read(_: int) -> tuple[list[dict[str, Any]], int]:
        return [{"id": next(fresh)} for _ in range(SIZE)], next(shrinking)

    with pytest.raises(HarvestProtocolError, match=f"shrank {MAX_STEPS_BACK + 1} times"):
        list(iter_pages(read, SIZE))


def test_items_that_end_before_their_total_are_no_whole_list() -> None:
    pages = {1: ([{"remote_id": "a"}] * 3, 7)}
    with pytest.raises(HarvestProtocolError, match="ended after 3 of 7 entries"):
        list(iter_pages(pages.get, SIZE))


@pytest.mark.parametrize("empty", [1, 2, 3])
def test_a_page_without_entries_before_the_total_is_read_again(empty: int) -> None:
    """udata has none: a front server with an old copy of the list may."""
    listing = Listing(7)

    def read(page: int) -> tuple[list[dict[str, Any]], int | None] | None:
        is_first = page not in listing.reads
        answer = listing(page)
        return ([], 7) if page == empty and is_first else answer

    assert sorted(entry["id"] for entry in iter_pages(read, SIZE)) == e(1, 2, 3, 4, 5, 6, 7)


def test_a_list_that_returns_nothing_of_its_total_is_no_empty_list() -> None:
    with pytest.raises(HarvestProtocolError, match="ended after 0 of 5 entries"):
        list(iter_pages(lambda _: ([], 5), SIZE))
