"""How a CKAN catalogue responds to the actions that udata calls: the data sets of `dcat`; used by `catalogue`.

It is the remote of a harvest, never the portal: udata's own CKAN backend reads it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sandbox.dcat import INVALID_DATE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sandbox.dcat import Dataset

_DAY = "2024-03-01T10:00:00"


def answer(
    action: str, query: Mapping[str, Sequence[str]], datasets: tuple[Dataset, ...], max_rows: int
) -> tuple[int, bytes]:
    """The status and the body of the response to an action.

    :param action: Its name, such as ``package_list``.
    :param query: The query of its address.
    :param datasets: All that the catalogue holds. It lists one with an unreadable date, and cannot show it.
    :param max_rows: The rows that a search returns at most, however many are requested.
    """
    status, result = _result(action, query, datasets, max_rows)
    return status, json.dumps({"success": status == 200, "result": result}).encode()


def _result(
    action: str, query: Mapping[str, Sequence[str]], datasets: tuple[Dataset, ...], max_rows: int
) -> tuple[int, Any]:
    if action == "package_list":
        return 200, [_name(dataset) for dataset in datasets]
    if action == "package_search":
        rows = min(int(query.get("rows", ["10"])[0]), max_rows)
        tags = [term.removeprefix("tags:") for term in query.get("q", [""])[0].split(" AND ") if term]
        found = [{"name": _name(dataset)} for dataset in datasets if all(tag == dataset.keyword for tag in tags)]
        return 200, {"count": len(found), "results": found[:rows]}
    wanted = query.get("id", [""])[0]
    shown = next((dataset for dataset in datasets if _name(dataset) == wanted), None)
    if action != "package_show" or shown is None or shown.issued == INVALID_DATE:
        return 500, None
    return 200, _package(shown)


def _name(dataset: Dataset) -> str:
    """The name of a data set, which is not its id: udata takes the name for the remote id until it has seen the id."""
    return f"name-of-{dataset.slug}"


def _package(dataset: Dataset) -> dict[str, Any]:
    resource = {
        "id": f"{dataset.slug}-csv",
        "position": 0,
        "name": "Table",
        "description": "A table.",
        "format": "CSV",
        "mimetype": "text/csv",
        "size": None,
        "hash": "",
        "created": _DAY,
        "last_modified": _DAY,
        "url": f"https://data.example.org/{dataset.slug}.csv",
        "resource_type": "file",
    }
    return {
        "id": f"id-of-{dataset.identifier}",
        "name": _name(dataset),
        "title": dataset.title,
        "notes": dataset.description,
        "license_id": "lov2",
        "license_title": None,
        "tags": [{"id": dataset.keyword, "name": dataset.keyword}],
        "metadata_created": _DAY,
        "metadata_modified": _DAY,
        "organization": None,
        "resources": [resource],
        "private": False,
        "type": "dataset",
        "author": None,
        "author_email": None,
        "maintainer": None,
        "maintainer_email": None,
        "state": "active",
    }
