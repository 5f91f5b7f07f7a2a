"""What the job system of the benchmarks responds, in the words of udata, Airbyte, dbt Cloud and plain HTTP.

Called by :mod:`benchmarks.job_system` only. All of its data is invented; job number ``i`` is that of source ``i``.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any
from urllib.parse import parse_qsl

#: Who owns every source.
_ORGANIZATION = {"id": "5e00000000000000000000aa", "name": "City of Somewhere", "slug": "city-of-somewhere"}
_MASK_TOKENS = re.compile(r"[{},]|[^{},\s]+")
NOT_FOUND = (404, b'{"message": "There is no such thing."}')


def source_id(number: int) -> str:
    """Return the id of a source in udata's form."""
    return f"5{number:023x}"


def job_id(number: int) -> str:
    """Return the id of a source's job in udata's form."""
    return f"6{number:023x}"


@dataclass
class Jobs:
    """The jobs of the system, all begun at the same time.

    :param count: How many there are.
    :param begun: When they began, in seconds since the epoch.
    :param rest: When those end that are not in ``ends``; by default never.
    :param ends: When each ends, by its number.
    """

    count: int = 0
    begun: float = 0.0
    rest: float = math.inf
    ends: dict[int, float] = field(default_factory=dict)

    def ended(self, number: int, now: float) -> float | None:
        """Return when a job ended, None while it runs."""
        end = self.ends.get(number, self.rest)
        return end if end <= now else None


def answer(jobs: Jobs, path: str, query: str, mask: str | None, now: float) -> tuple[int, bytes]:
    """Respond to a GET request.

    :param path: Its path, without the query.
    :param mask: Its ``X-Fields`` header.
    :param now: Seconds since the epoch.
    :returns: Status and body.
    """
    parts = path.strip("/").split("/")
    match parts:
        case ["status", number]:  # what HttpSensor waits for: it continues while the response is 404
            return NOT_FOUND if jobs.ended(int(number), now) is None else (200, b"{}")
        case ["api", "public", "v1", "jobs", number]:
            body: Any = _airbyte_job(jobs, int(number), now)
        case ["api", "v2", "accounts", _, "runs", number]:
            body = _dbt_run(jobs, int(number), now)
        case ["api", "1", "harvest", *rest]:
            return _udata(jobs, rest, dict(parse_qsl(query)), mask, now)
        case _:
            return NOT_FOUND
    return 200, json.dumps(body).encode()


def _airbyte_job(jobs: Jobs, number: int, now: float) -> dict[str, Any]:
    ended = jobs.ended(number, now)
    return {
        "jobId": number,
        "status": "running" if ended is None else "succeeded",
        "jobType": "sync",
        "startTime": _time(jobs.begun),
        "connectionId": f"00000000-0000-0000-0000-{number:012x}",
    }


def _dbt_run(jobs: Jobs, number: int, now: float) -> dict[str, Any]:
    ended = jobs.ended(number, now)
    status = {"code": 200, "is_success": True, "user_message": "Success!", "developer_message": ""}
    return {"status": status, "data": {"id": number, "account_id": 1, "status": 3 if ended is None else 10}}


# --- udata ---------------------------------------------------------------------------------------------------


def _udata(jobs: Jobs, parts: list[str], query: dict[str, str], mask: str | None, now: float) -> tuple[int, bytes]:
    match parts:
        case ["backends"]:
            body: Any = [{"id": "dcat", "label": "DCAT", "filters": [], "features": [], "extra_configs": []}]
        case ["sources"]:
            body = _page(query, jobs.count, lambda number: _source(jobs, number, now))
        case ["source", ident]:
            body = _source(jobs, int(ident[1:], 16), now)
        case ["source", ident, "jobs"]:
            body = _page(query, 1, lambda _: _job(jobs, int(ident[1:], 16), now))
        case ["job", ident, *rest] if ident == "x" or rest not in ([], ["items"]):
            return NOT_FOUND
        case ["job", ident, "items"]:
            body = _page(query, _items(jobs, int(ident[1:], 16), now), lambda number: _item(jobs, number))
        case ["job", ident]:
            body = _job(jobs, int(ident[1:], 16), now)
        case _:
            return NOT_FOUND
    return 200, json.dumps(masked(body, parse_mask(mask)) if mask else body).encode()


def _page(query: dict[str, str], total: int, entry: Any) -> dict[str, Any]:
    page, size = int(query.get("page", 1)), int(query.get("page_size", 20))
    numbers = range((page - 1) * size, min(page * size, total))
    more = f"/?page={page + 1}" if page * size < total else None
    return {
        "data": [entry(number) for number in numbers],
        "total": total,
        "page": page,
        "page_size": size,
        "next_page": more,
    }


def _source(jobs: Jobs, number: int, now: float) -> dict[str, Any]:
    ident = source_id(number)
    return {
        "id": ident, "name": f"Catalogue {number}", "slug": f"catalogue-{number}", "description": None,
        "url": f"https://catalogue.example/{number}.xml", "backend": "dcat", "config": {}, "active": True,
        "autoarchive": True, "created_at": _time(jobs.begun - 864000), "deleted": None, "owner": None,
        "organization": _ORGANIZATION, "schedule": "0 0 * * *",
        "validation": {"state": "accepted", "by": None, "on": _time(jobs.begun - 864000), "comment": None},
        "last_job": {**_job(jobs, number, now), "source": None},
    }  # fmt: skip


def _job(jobs: Jobs, number: int, now: float) -> dict[str, Any]:
    ended = jobs.ended(number, now)
    items = _items(jobs, number, now)
    return {
        "id": job_id(number), "status": "initialized" if ended is None else "done", "created": _time(jobs.begun),
        "started": _time(jobs.begun), "ended": None if ended is None else _time(ended), "errors": [],
        "source": source_id(number), "items": {"total": items, "by_status": {"done": items}},
    }  # fmt: skip


def _items(jobs: Jobs, number: int, now: float) -> int:
    """How many items a job has got to: one a second."""
    return int((jobs.ended(number, now) or now) - jobs.begun)


def _item(jobs: Jobs, number: int) -> dict[str, Any]:
    at = _time(jobs.begun + number)
    return {"remote_id": str(number), "status": "done", "created": at, "started": at, "ended": at, "errors": []}


def _time(when: float) -> str:
    return datetime.fromtimestamp(when, tz=timezone.utc).isoformat(timespec="milliseconds")


# --- X-Fields ------------------------------------------------------------------------------------------------

_masks: dict[str, Any] = {}


def parse_mask(mask: str) -> dict[str, Any]:
    """Return an ``X-Fields`` mask as nested dicts; an empty one takes all."""
    if mask not in _masks:
        root: dict[str, Any] = {}
        stack, last = [root], ""
        for token in _MASK_TOKENS.findall(mask):
            if token == "{":
                stack.append(stack[-1][last])
            elif token == "}":
                stack.pop()
            elif token != ",":
                last = token
                stack[-1][token] = {}
        _masks[mask] = root
    return dict(_masks[mask])


def masked(value: Any, mask: dict[str, Any]) -> Any:
    """Return what a mask leaves of a value."""
    if isinstance(value, list):
        return [masked(entry, mask) for entry in value]
    if not mask or not isinstance(value, dict):
        return value
    return {name: masked(value.get(name), inner) for name, inner in mask.items()}
