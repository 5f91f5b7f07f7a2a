"""Continue to read a list if a page fails with 500 because one of its entries is broken; used by the session.

udata does so if an entry refers to a deleted object, such as an owner that was removed from its database:
the whole page fails, and nothing names the entry. The page is read in smaller and smaller parts until it is found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import HarvestApiError, HarvestError, HarvestServerError
from airflow_provider_harvest.portal.text.secrecy import without_secrets
from airflow_provider_harvest.portal.text.untrusted import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    #: Reads a page by its number, from 1, its size and perhaps another mask: its entries and the list's total; None
    #: for a page beyond the last.
    Fetch = Callable[[int, int, "str | None"], "tuple[list[dict[str, Any]], int | None] | None"]

#: How many broken entries of one list are searched for: with more, the portal as a whole is at fault.
MAX_UNREADABLE = 20
#: Entries that are requested alone before a page is searched, if none was read yet: a list that is down responds with
#: 500 to them, too.
_TRIED_FIRST = (1, 2)
#: What is requested of a broken entry alone, the most useful first. A field that is not requested is not followed.
LEAN_MASKS = ("data{id,name,url,backend,description},total", "data{id,name},total", "data{id},total")


class UnreadableEntry(dict[str, Any]):
    """An entry that the portal cannot return completely: the fields that it does return, perhaps none.

    :param position: its place in the list, from 1.
    """

    def __init__(self, position: int, told: dict[str, Any]) -> None:
        super().__init__(told)
        self.position = position


def unreadable_sentence(entry: UnreadableEntry, path: str = "/harvest/sources/") -> str:
    """Return a sentence on an entry that the portal cannot return, and what to do.

    :param entry: as found.
    :param path: of the list.
    """
    told = {name: plain(str(entry[name])) for name in ("name", "id") if entry.get(name)}
    told |= {"url": without_secrets(str(entry["url"]))} if entry.get("url") else {}
    named = ", ".join(told.values())
    who = named or "it does not say which one"
    return (
        f"The portal responds with 500 to entry {entry.position} of its list {path} ({who}): "
        "something that it refers to may be gone. Ask the portal's team to repair or delete it."
    )


def may_be(entry: UnreadableEntry, ident: str) -> bool:
    """Whether an entry that cannot be read may be the one of an id: it is named so, or not at all."""
    return entry.get("id") is None or str(entry["id"]) == ident


class WholeReader:
    """Reads pages of one list, with a placeholder for each entry that cannot be read.

    A single 500 is no proof: one of several servers of a portal may be broken. An entry counts as unreadable if the
    portal returned less of it, or another entry, and then failed to return it again.

    :param fetch: reads a page.
    """

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._found: set[int] = set()
        self._has_read = False

    def read(self, page: int, size: int) -> tuple[list[dict[str, Any]], int | None] | None:
        """Return the entries of a page and the list's total; None for a page beyond the last.

        :param page: from 1.
        :param size: entries in a page.
        :raises HarvestServerError: as received, if the list is down, or if more than a few entries are broken.
        """
        try:
            answer = self._fetch(page, size, None)
        except HarvestServerError as error:
            if error.status_code != 500 or self._is_down():
                raise
            if size == 1:
                return [self._once_more(page, error)], None
        else:
            self._has_read = True
            return answer
        return self._in_parts(page, size)

    def _is_down(self) -> bool:
        """Whether the list as a whole fails, so that searching it would only add to the portal's troubles."""
        for position in () if self._has_read else _TRIED_FIRST:
            try:
                self._fetch(position, 1, LEAN_MASKS[-1])
            except HarvestServerError:
                continue
            self._has_read = True
            break
        return not self._has_read

    def _in_parts(self, page: int, size: int) -> tuple[list[dict[str, Any]], int | None] | None:
        parts = _smallest_factor(size)
        entries: list[dict[str, Any]] = []
        total: int | None = None
        for number in range(parts):
            answer = self.read((page - 1) * parts + number + 1, size // parts)
            if answer is None:
                return (entries, total) if entries else None
            entries += answer[0]
            total = answer[1] if answer[1] is not None else total
        return entries, total

    def _once_more(self, position: int, error: HarvestServerError) -> dict[str, Any]:
        """Return an entry that could not be read, or a placeholder if the portal works and still does not return it."""
        told = next(self._told(position), {})
        if not told and not self._reads_another(position):
            raise error
        try:
            answer = self._fetch(position, 1, None)
        except HarvestServerError as again:
            if again.status_code != 500:
                raise
        else:
            if answer and answer[0]:
                return answer[0][0]
            raise error  # the list has become shorter meanwhile
        self._found.add(position)
        if len(self._found) > MAX_UNREADABLE:
            raise error
        return UnreadableEntry(position, told)

    def _reads_another(self, position: int) -> bool:
        for other in _TRIED_FIRST:
            if other == position:
                continue
            try:
                answer = self._fetch(other, 1, LEAN_MASKS[-1])
            except HarvestServerError:
                continue
            return bool(answer and answer[0])
        return False

    def _told(self, position: int) -> Iterator[dict[str, Any]]:
        for mask in LEAN_MASKS:
            try:
                answer = self._fetch(position, 1, mask)
            except HarvestApiError:
                continue
            except HarvestError:
                return
            if answer and answer[0]:
                yield answer[0][0]


def _smallest_factor(number: int) -> int:
    return next(factor for factor in range(2, number + 1) if number % factor == 0)
