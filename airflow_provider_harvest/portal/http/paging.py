"""Reads a paged list to its end, whatever happens to the list meanwhile; used by the session only."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import HarvestProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_provider_harvest.exceptions import HarvestNotFound

    #: Reads a page by its number, from 1: its entries and the list's total; None for a page beyond the last.
    ReadPage = Callable[[int], "tuple[list[dict[str, Any]], int | None] | None"]

#: How often a list may shrink while it is read before that counts as a fault of the portal.
MAX_STEPS_BACK = 100
#: How often a promised page may be missing, without anything new to show for it, before the total counts as a lie.
MAX_GONE = 3


def iter_pages(read: ReadPage, page_size: int) -> Iterator[dict[str, Any]]:
    """Yield the entries of all pages, each once.

    udata cuts pages by position, newest first. An entry that is added meanwhile pushes the others on to the next
    page: compared by ``id``, nothing is yielded twice. One that vanishes pulls them back to a page that was read
    already: if the total shrinks, or an announced page is gone or has no entries, that page is read again.

    :param read: reads a page.
    :param page_size: entries requested in a page; the portal may return fewer.
    :raises HarvestProtocolError: if the list never stops shrinking, or if a list without ids, or one of which nothing
        is returned, ends before its total.
    """
    seen: set[str] = set()
    ends = [0]  # how many entries there are up to the end of each page
    last_total: int | None = None
    gone = 0  # how often a promised page was not there since the last new entry
    page, steps_back = 1, 0
    while steps_back <= MAX_STEPS_BACK:
        answer = read(page)
        entries, total = answer or ([], None)
        if not entries and ends[page - 1] < (total or 0):
            # udata has no such page: as if it were missing. A front server may return an old copy of the list.
            answer, last_total, total = None, total, None
        new = [entry for entry in entries if str(entry.get("id")) not in seen]
        seen.update(str(entry["id"]) for entry in new if entry.get("id") is not None)
        yield from new
        gone = (gone if not new else 0) + (not answer)
        back = _pages_back(page, total, last_total, ends) if answer else int(gone <= MAX_GONE)
        may_repeat = page == 1 or bool(seen)  # without ids (items, which never vanish) entries would come twice
        is_short = not answer and last_total is not None and ends[page - 1] < last_total
        if is_short and not seen and not (back and may_repeat):
            raise HarvestProtocolError(
                f"A list of the portal ended after {ends[page - 1]:,} of {last_total:,} entries: try again."
            )
        last_total = total if answer else last_total
        if back and may_repeat:
            page, steps_back = max(1, page - back), steps_back + 1
            continue
        ends[page:] = [ends[page - 1] + len(entries)]
        if not _has_more(ends[page], total, len(entries), page_size, bool(new)):
            return
        page += 1
    raise HarvestProtocolError(
        f"A list of the portal shrank {steps_back} times while it was read, so that entries may be missing: try again."
    )


def is_beyond_last(error: HarvestNotFound, page: int) -> bool:
    """Whether a 404 is udata's response to a page beyond the last; a proxy's is not the end of a list.

    :param page: from 1; the first is there in any list, also an empty one.
    """
    return page > 1 and not error.is_page


def _pages_back(page: int, total: int | None, last_total: int | None, ends: list[int]) -> int:
    """Return how many pages the entries may have moved back by since the last page was read."""
    if page == 1 or total is None or last_total is None:
        return 0
    return math.ceil(max(0, last_total - total) / max(1, ends[1]))


def _has_more(end: int, total: int | None, count: int, page_size: int, any_new: bool) -> bool:
    """Whether another page is to be expected: by the total, and beyond it while full pages bring new entries.

    :param end: entries up to the end of this page.
    :param count: entries of this page; fewer than requested do not mean the end, as a portal may cap its pages.
    """
    if total is not None and end < total:
        return count > 0
    return (total is None or end > total) and count >= page_size and any_new
