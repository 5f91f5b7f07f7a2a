"""Filters of the list of sources, which releases call by different names or ignore; used by the client only.

udata ignores parameters that it does not know, and then lists everything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.portal.text.response_values import block

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_provider_harvest.portal.http.dialect import Dialect

#: A name that no source has.
_NO_NAME = "no-source-is-called-6f1d2a9c"


def of_organization(
    dialect: Dialect,
    organization: str,
    pages: Callable[[dict[str, Any]], Iterator[dict[str, Any]]],
    page_size: int,
) -> Iterator[dict[str, Any]]:
    """Yield the listed sources of an organization, each once.

    The filter is called ``organization`` from 17.0 on, and is ignored before: then sources of others come, and if
    there are more than a page of them, ``owner`` is the filter. From 17.3 on that one lists no organization's.

    :param dialect: what is known of the portal's release; learns which filter it takes.
    :param organization: its id.
    :param pages: yields the listed sources for further query parameters.
    :param page_size: sources in one request.
    """
    seen: set[str] = set()
    names = ("owner", "organization") if dialect.filters_by_owner else ("organization", "owner")
    for name in names:
        read, foreign = 0, 0
        for read, entry in enumerate(pages({name: organization}), 1):
            if block(entry.get("organization")).get("id") != organization:
                foreign += 1
            elif str(entry.get("id")) not in seen:
                seen.add(str(entry.get("id")))
                yield entry
            if foreign and read >= page_size and name == "organization":
                break  # it is ignored, and the next page would take another request
        else:
            if read and name == "organization":
                dialect.filters_by_owner = foreign > 0
            if read or name == "organization":
                return
            continue
        dialect.filters_by_owner = True


def ignores_search(dialect: Dialect, found_by: Callable[[str], object]) -> bool:
    """Whether ``q`` is ignored, as before 10.3: one request for a name that no source has shows it.

    :param dialect: what is known of the portal's release; learns whether it searches.
    :param found_by: requests one source that a search finds, and returns the decoded response.
    """
    if not dialect.searches:
        answer = found_by(_NO_NAME)
        dialect.searches = isinstance(answer, dict) and not answer.get("total")
    return not dialect.searches
