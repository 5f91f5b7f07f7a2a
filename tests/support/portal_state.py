"""What an imitated portal holds and returns, in the shape of each udata generation; all of its data is invented.

It imitates the responses that the client has to cope with, not udata: nothing is validated but what tests need.
"""

from __future__ import annotations

import itertools
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.portal.statuses import ITEM_STATUSES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

#: The key that every portal knows, of the form and length of a real one, and its user.
KEY = "key-" + "0123456789abcdef" * 5
USER = {"id": "5e0000000000000000000001", "first_name": "Uma", "last_name": "Tester", "roles": []}
ORGANIZATION = {"id": "5e00000000000000000000aa", "name": "City of Somewhere", "slug": "city-of-somewhere"}
DEFAULT_SCHEDULE = "0 0 * * *"
#: Of a source that waits for a review.
PENDING: dict[str, Any] = {
    "validation": {"state": "pending", "by": None, "on": None, "comment": None},
    "schedule": None,
}

Json = dict[str, Any]


@dataclass(frozen=True)
class Response:
    """A response before it is sent."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class PortalState:
    """The sources, jobs and users of a portal; tests change them at will, also while requests come.

    :param generation: whose shapes are returned, ``A`` to ``D``.
    :param now: the portal's clock, seconds since the epoch.
    """

    generation: str = "D"
    now: Callable[[], float] = time.time
    keys: dict[str, Json] = field(default_factory=lambda: {KEY: dict(USER)})
    backends: list[str] = field(default_factory=lambda: ["dcat", "ckan"])
    sources: dict[str, Json] = field(default_factory=dict)
    jobs: dict[str, Json] = field(default_factory=dict)
    #: Organizations that were created, in addition to the one of every test.
    organizations: list[Json] = field(default_factory=list)
    #: Ids of the sources whose harvest was requested and has not begun: what waits in the portal's queue.
    queue: list[str] = field(default_factory=list)
    manual_run: bool = True
    #: What a worker does with the queue before each response; None leaves it.
    worker: Callable[[PortalState], object] | None = None
    _numbers: Iterable[int] = field(default_factory=lambda: itertools.count(1))

    # --- what tests do to it ---------------------------------------------------------------------------------

    def add_source(self, name: str = "A catalogue", **fields: Any) -> str:
        """Add an accepted, active source, and return its id."""
        ident = self._new_id()
        self.sources[ident] = {
            "id": ident, "name": name, "url": f"https://catalogue.example/{ident}.xml", "backend": "dcat",
            "description": None, "config": {}, "created_at": self._time(), "active": True, "autoarchive": True,
            "validation": {"state": "accepted", "by": None, "on": None, "comment": None}, "owner": dict(USER),
            "organization": None, "deleted": None, "schedule": DEFAULT_SCHEDULE, **fields,
        }  # fmt: skip
        return ident

    def add_job(self, source_id: str, status: str = "initialized", **fields: Any) -> str:
        """Add a job that has begun, and return its id."""
        ident = self._new_id()
        now = self._time()
        self.jobs[ident] = {
            "id": ident, "source_id": source_id, "status": status, "created": now, "started": now, "ended": None,
            "errors": [], "items": [], **fields,
        }  # fmt: skip
        return ident

    def add_items(self, job_id: str, **counts: int) -> None:
        """Add items to a job: ``add_items(job, done=3, failed=1)``."""
        items = self.jobs[job_id]["items"]
        for status, count in counts.items():
            for _ in range(count):
                now = self._time()
                errors = [{"created_at": now, "message": "This record is broken", "details": None}]
                items.append({
                    "remote_id": f"record-{len(items) + 1}", "remote_url": None, "status": status, "created": now,
                    "started": now, "ended": now, "errors": errors if status == "failed" else [], "args": [],
                    "kwargs": {}, "logs": [], "dataset": None, "dataservice": None,
                })  # fmt: skip

    def end_job(self, job_id: str, status: str = "done", errors: Iterable[str] = ()) -> None:
        """End a job."""
        messages = [{"created_at": self._time(), "message": text, "details": None} for text in errors]
        self.jobs[job_id].update(status=status, ended=self._time(), errors=messages)

    def work(self, status: str | None = "done", **counts: int) -> list[str]:
        """Begin the harvests in the queue, and end them unless `status` is None; return the new jobs' ids."""
        begun = [self.add_job(source_id) for source_id in self.queue]
        self.queue.clear()
        for job_id in begun:
            self.add_items(job_id, **(counts or {"done": 2}))
            if status is not None:
                self.end_job(job_id, status)
        return begun

    # --- what it returns -------------------------------------------------------------------------------------

    def answer(self, method: str, path: str, query: dict[str, str], body: Any, key: str | None) -> Response:
        """Respond to a request as the portal's generation would."""
        if self.worker is not None and self.queue:
            self.worker(self)
        user = self.keys.get(key or "")
        if key is not None and user is None:
            return Response(401, {"message": "Invalid API token"})
        slash = "/" if self.generation != "A" else ""
        for pattern, methods in self._routes().items():
            expected = pattern if pattern.endswith("/") else pattern + slash
            found = re.fullmatch(expected.replace("{}", "([^/]+)"), path)
            if found and method in methods:
                secured = method != "GET" or "preview" in path or path == "/me/"
                if secured and user is None:
                    return Response(401, {"message": "Log in first"})
                if pattern.startswith("/harvest/source/{}") and "jobs" not in pattern and found[1] not in self.sources:
                    return self._unknown_source()
                return methods[method](*found.groups(), query=query, body=body, user=user)
            if found:
                return self._no_route(405)
            if slash and re.fullmatch(expected.replace("{}", "([^/]+)"), f"{path}/"):
                # By the name that the portal believes it has, as behind most proxies.
                return Response(308, None, {"Location": f"http://portal.internal:1/api/1{path}/"})
        return self._no_route(404 if method == "GET" else 405)

    def _routes(self) -> dict[str, dict[str, Callable[..., Response]]]:
        routes: dict[str, dict[str, Callable[..., Response]]] = {
            "/me/": {"GET": lambda user, **_: Response(200, {**user, "apikey": next(iter(self.keys))})},
            "/organizations/": {"POST": self._create_organization},
            "/organizations/{}/": {"GET": self._get_organization},
            "/harvest/backends": {"GET": self._list_backends},
            "/harvest/sources/": {"GET": self._list_sources, "POST": self._create},
            "/harvest/source/preview": {"POST": lambda **_: Response(200, self._preview())},
            "/harvest/source/{}": {"GET": self._get_source, "PUT": self._update, "DELETE": self._delete},
            "/harvest/source/{}/validate": {"POST": self._validate},
            "/harvest/source/{}/run": {"POST": self._run},
            "/harvest/source/{}/schedule": {"POST": self._schedule, "DELETE": self._unschedule},
            "/harvest/source/{}/preview": {"GET": lambda *_, **__: Response(200, self._preview())},
            "/harvest/source/{}/jobs/": {"GET": self._list_jobs},
            "/harvest/job/{}/": {"GET": self._get_job},
        }
        if self.generation in "CD":
            routes["/harvest/job/{}/items/"] = {"GET": self._list_items}
        return routes

    def _list_backends(self, **_: Any) -> Response:
        shapes = {"filters": [], "features": [], "extra_configs": []}
        return Response(200, [{"id": ident, "label": ident.upper(), **shapes} for ident in self.backends])

    def _get_organization(self, ident: str, **_: Any) -> Response:
        for known in (ORGANIZATION, *self.organizations):
            if ident in (known["id"], known["slug"]):
                return Response(200, dict(known))
        return self._not_found()

    def _create_organization(self, body: Json, **_: Any) -> Response:
        if not body.get("name") or not body.get("description"):
            return self._rejected(description="This field is required.")
        made = {"id": self._new_id(), "name": body["name"], "slug": body["name"].lower().replace(" ", "-")}
        self.organizations.append(made)
        return Response(201, dict(made))

    def _list_sources(self, query: dict[str, str], **_: Any) -> Response:
        wanted = [source for source in self.sources.values() if query.get("deleted") or not source["deleted"]]
        if owner := query.get("owner"):
            kinds = ("owner", "organization") if self.generation in "AB" else ("owner",)
            wanted = [s for s in wanted if owner in [(s[kind] or {}).get("id") for kind in kinds]]
        if (organization := query.get("organization")) and self.generation in "CD":
            wanted = [s for s in wanted if (s["organization"] or {}).get("id") == organization]
        return self._page([self._source(source) for source in reversed(wanted)], query)

    def _create(self, body: Json, user: Json, **_: Any) -> Response:
        missing = [name for name in ("name", "url", "backend") if not body.get(name)]
        if missing:
            return self._rejected(**dict.fromkeys(missing, "This field is required."))
        if body["backend"] not in self.backends:
            return self._rejected(backend="This backend does not exist.")
        known = {made["id"]: made for made in (ORGANIZATION, *self.organizations)}
        if body.get("organization") not in (None, *known):
            return self._rejected(organization="Unknown organization.")
        organization = dict(known[body["organization"]]) if body.get("organization") else None
        owner = None if organization else dict(user)
        validation = {"state": "pending", "by": None, "on": None, "comment": None}
        made = {**body, "owner": owner, "organization": organization, "validation": validation, "schedule": None}
        return Response(201, self._source(self.sources[self.add_source(**made)]))

    def _get_source(self, ident: str, **_: Any) -> Response:
        return Response(200, self._source(self.sources[ident]))

    def _update(self, ident: str, body: Json, **_: Any) -> Response:
        self.sources[ident].update(body)
        return self._get_source(ident)

    def _delete(self, ident: str, **_: Any) -> Response:
        self.sources[ident]["deleted"] = self._time()
        return Response(204)

    def _validate(self, ident: str, body: Json, **_: Any) -> Response:
        source = self.sources[ident]
        source["validation"] = {"state": body["state"], "by": None, "on": None, "comment": body.get("comment")}
        if body["state"] == "accepted":
            source["schedule"] = DEFAULT_SCHEDULE
            self.queue.append(ident)
        return self._get_source(ident)

    def _run(self, ident: str, **_: Any) -> Response:
        if not self.manual_run:
            return Response(400, {"message": "Cannot run source manually."})
        self.queue.append(ident)
        return self._get_source(ident)

    def _schedule(self, ident: str, body: Any, **_: Any) -> Response:
        self.sources[ident]["schedule"] = body
        return self._get_source(ident)

    def _unschedule(self, ident: str, **_: Any) -> Response:
        if self.sources[ident]["schedule"] is None:
            return Response(400, {"message": "This source has no schedule"})
        self.sources[ident]["schedule"] = None
        return Response(204)

    def _list_jobs(self, ident: str, query: dict[str, str], **_: Any) -> Response:
        if ident not in self.sources and self.generation != "A":
            return self._not_found()
        jobs = [self._job(job) for job in self.jobs.values() if job["source_id"] == ident]
        return self._page(jobs[::-1], query)

    def _get_job(self, ident: str, **_: Any) -> Response:
        job = self.jobs.get(ident)
        return Response(200, self._job(job)) if job else self._unknown_job(ident)

    def _list_items(self, ident: str, query: dict[str, str], **_: Any) -> Response:
        if ident not in self.jobs:
            return self._unknown_job(ident)
        items = self.jobs[ident]["items"]
        return self._page([item for item in items if query.get("status") in (None, item["status"])], query)

    # --- in the shape of its generation ----------------------------------------------------------------------

    def _source(self, source: Json) -> Json:
        jobs = [job for job in self.jobs.values() if job["source_id"] == source["id"]]
        last = {**self._job(jobs[-1]), "errors": [], "source": None} if jobs else None
        if last and self.generation in "AB":
            last["items"] = []
        shown = {**source, "last_job": last}
        return {**shown, "slug": f"slug-{source['id']}"} if self.generation in "CD" else shown

    def _job(self, job: Json) -> Json:
        shown = {name: value for name, value in job.items() if name != "source_id"}
        if self.generation in "AB":
            source = self.sources.get(job["source_id"])
            return {**shown, "source": source["name"] if source else None}
        counts = Counter(item["status"] for item in job["items"])
        by_status = {status: counts[status] for status in ITEM_STATUSES}
        items = {"href": f"/api/1/harvest/job/{job['id']}/items/", "total": len(job["items"]), "by_status": by_status}
        return {**shown, "items": items, "source": {"class": "HarvestSource", "id": job["source_id"]}}

    def _preview(self) -> Json:
        return {"id": None, "status": "done", "created": self._time(), "started": None, "ended": self._time(),
                "errors": [], "items": [], "source": None}  # fmt: skip

    def _page(self, entries: list[Json], query: dict[str, str]) -> Response:
        page, size = int(query.get("page", 1)), int(query.get("page_size", 20))
        shown = entries[(page - 1) * size : page * size]
        if page > 1 and not shown:
            return self._not_found()
        elsewhere = "http://portal.internal:1/never-follow"
        links = {"next_page": elsewhere if page * size < len(entries) else None, "previous_page": None}
        return Response(200, {"data": shown, "total": len(entries), "page": page, "page_size": size, **links})

    def _rejected(self, **errors: str) -> Response:
        if self.generation == "D":
            return Response(400, {"errors": errors, "message": "Some fields are wrong"})
        return Response(400, {"errors": {name: [text] for name, text in errors.items()}})

    def _unknown_source(self) -> Response:
        return self._broken() if self.generation == "A" else self._not_found()

    def _unknown_job(self, ident: str) -> Response:
        if self.generation == "D":
            return self._not_found()
        if self.generation == "C" and len(ident) != 24:
            return Response(400, {"errors": {}, "message": f"{ident!r} is no id"})
        return self._broken()

    def _not_found(self) -> Response:
        return Response(404, {"message": "The requested URL was not found on the server. Look elsewhere."})

    def _broken(self) -> Response:
        return Response(500, {"message": "Internal Server Error"})

    def _no_route(self, status: int) -> Response:
        page = f"<!doctype html>\n<html lang=en>\n<title>{status}</title>\n<h1>No such page</h1>"
        if self.generation == "A" or status == 405:
            return Response(status, page, {"Content-Type": "text/html; charset=utf-8"})
        return Response(status, {"error": "The requested URL was not found on the server.", "status": status})

    def _new_id(self) -> str:
        return f"{0x5F0000000000000000000000 + next(self._numbers):024x}"  # type: ignore[call-overload]

    def _time(self) -> str:
        return datetime.fromtimestamp(self.now(), tz=timezone.utc).isoformat()
