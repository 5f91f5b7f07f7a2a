"""What an imitated portal holds and returns, in the shape of each udata generation; all of its data is invented.

It imitates the responses that the client has to cope with, not udata: nothing is validated but what tests need.
"""

from __future__ import annotations

import functools
import itertools
import re
import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.portal.statuses import ITEM_STATUSES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

#: The key that every portal knows, of the form and length of a real one, and its user.
KEY = "key-" + "0123456789abcdef" * 5
USER: dict[str, Any] = {"id": "5e0000000000000000000001", "first_name": "Uma", "last_name": "Tester", "roles": []}
ORGANIZATION = {"id": "5e00000000000000000000aa", "name": "City of Somewhere", "slug": "city-of-somewhere"}
DEFAULT_SCHEDULE = "0 0 * * *"
#: Of a source that waits for a review.
PENDING: dict[str, Any] = {
    "validation": {"state": "pending", "by": None, "on": None, "comment": None},
    "schedule": None,
}

Json = dict[str, Any]


#: The requests that a portal answers: for each path the name of what each method does. Paths of sources have no slash
#: at their end in generation A.
ROUTES: dict[str, dict[str, str]] = {
    "/me/": {"GET": "whoami"},
    "/organizations/": {"POST": "create_organization"},
    "/organizations/{}/": {"GET": "get_organization"},
    "/datasets/": {"GET": "list_datasets"},
    "/dataservices/": {"GET": "list_dataservices"},
    "/harvest/backends": {"GET": "list_backends"},
    "/harvest/sources/": {"GET": "list_sources", "POST": "create"},
    "/harvest/source/preview": {"POST": "preview"},
    "/harvest/source/{}": {"GET": "get_source", "PUT": "update", "DELETE": "delete"},
    "/harvest/source/{}/validate": {"POST": "validate"},
    "/harvest/source/{}/run": {"POST": "run"},
    "/harvest/source/{}/schedule": {"POST": "schedule", "DELETE": "unschedule"},
    "/harvest/source/{}/preview": {"GET": "preview"},
    "/harvest/source/{}/jobs/": {"GET": "list_jobs"},
    "/harvest/job/{}/": {"GET": "get_job"},
    "/harvest/job/{}/items/": {"GET": "list_items"},
}


@dataclass(frozen=True)
class Response:
    """A response before it is sent."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@functools.lru_cache(maxsize=2048)
def find_route(generation: str, path: str) -> tuple[str, tuple[str, ...]] | None:
    """Return the pattern of a path and what fills its gaps; None if a portal of the generation has no such path."""
    for pattern in ROUTES:
        slash = "" if generation == "A" or pattern.endswith("/") else "/"
        if pattern.endswith("/items/") and generation in "AB":
            continue
        found = re.fullmatch(f"{pattern}{slash}".replace("{}", "([^/]+)"), path)
        if found:
            return pattern, found.groups()
    return None


def request_name(generation: str, method: str, path: str) -> str:
    """Return what a request does, such as ``list_jobs``; method and path if the portal has no such request."""
    route = find_route(generation, path)
    return (ROUTES[route[0]].get(method) if route else None) or f"{method} {path}"


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
    #: What each backend can be configured by.
    backend_fields: Json = field(default_factory=lambda: {"filters": [], "features": [], "extra_configs": []})
    sources: dict[str, Json] = field(default_factory=dict)
    jobs: dict[str, Json] = field(default_factory=dict)
    #: What was harvested and lives on the portal; it belongs to whom its source belongs to.
    datasets: list[Json] = field(default_factory=list)
    #: By a dataset's id whose it is, if it is not the owner of its source.
    keepers: dict[str, Json] = field(default_factory=dict)
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
        ident = fields.pop("id", None) or self._new_id()
        self.sources[ident] = {
            "id": ident, "name": name, "url": f"https://catalogue.example/{ident}.xml", "backend": "dcat",
            "description": None, "config": {}, "created_at": self._time(), "active": True, "autoarchive": True,
            "validation": {"state": "accepted", "by": None, "on": None, "comment": None}, "owner": dict(USER),
            "organization": None, "deleted": None, "schedule": DEFAULT_SCHEDULE, **fields,
        }  # fmt: skip
        return ident

    def add_job(self, source_id: str, status: str = "initialized", **fields: Any) -> str:
        """Add a job that has begun, and return its id."""
        ident = fields.pop("id", None) or self._new_id()
        now = self._time()
        self.jobs[ident] = {
            "id": ident, "source_id": source_id, "status": status, "created": now, "started": now, "ended": None,
            "errors": [], "items": [], **fields,
        }  # fmt: skip
        return ident

    def add_items(self, job_id: str, **counts: int) -> None:
        """Add items to a job: ``add_items(job, done=3, failed=1)``."""
        items, now = self.jobs[job_id]["items"], self._time()
        for status, count in counts.items():
            for _ in range(count):
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
        route = find_route(self.generation, path)
        if route is None:
            if self.generation != "A" and find_route(self.generation, f"{path}/"):
                # By the name that the portal believes it has, as behind most proxies.
                return Response(308, None, {"Location": f"http://portal.internal:1/api/1{path}/"})
            return self._no_route(404 if method == "GET" else 405)
        pattern, gaps = route
        name = ROUTES[pattern].get(method)
        if name is None:
            return self._no_route(405)
        if (method != "GET" or name in ("preview", "whoami")) and user is None:
            return Response(401, {"message": "Log in first"})
        if pattern.startswith("/harvest/source/{}") and name != "list_jobs" and gaps[0] not in self.sources:
            return self._unknown_source()
        handle: Callable[..., Response] = getattr(self, f"_{name}")
        return handle(*gaps, query=query, body=body, user=user)

    def _whoami(self, user: Json, **_: Any) -> Response:
        return Response(200, {**user, "apikey": next(iter(self.keys))})

    def _preview(self, *_: str, **__: Any) -> Response:
        job = {"id": None, "status": "done", "created": self._time(), "started": None, "ended": self._time()}
        return Response(200, {**job, "errors": [], "items": [], "source": None})

    def _list_backends(self, **_: Any) -> Response:
        known = [{"id": ident, "label": ident.upper(), **self.backend_fields} for ident in self.backends]
        return Response(200, known)

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

    def _list_datasets(self, query: dict[str, str], **_: Any) -> Response:
        wanted = self.datasets
        for kind in ("organization", "owner"):
            if whose := query.get(kind):
                wanted = [one for one in wanted if (self._keeper_of(one)[kind] or {}).get("id") == whose]
        return self._page(wanted, query)

    def _keeper_of(self, dataset: Json) -> Json:
        return self.keepers.get(dataset["id"]) or self.sources[dataset["harvest"]["source_id"]]

    def _list_dataservices(self, query: dict[str, str], **_: Any) -> Response:
        return self._page([], query)

    def _list_sources(self, query: dict[str, str], **_: Any) -> Response:
        wanted = [source for source in self.sources.values() if query.get("deleted") or not source["deleted"]]
        if owner := query.get("owner"):
            kinds = ("owner", "organization") if self.generation in "AB" else ("owner",)
            wanted = [s for s in wanted if owner in [(s[kind] or {}).get("id") for kind in kinds]]
        if (organization := query.get("organization")) and self.generation in "CD":
            wanted = [s for s in wanted if (s["organization"] or {}).get("id") == organization]
        newest = self._newest_jobs()
        return self._page(wanted[::-1], query, lambda source: self._source(source, newest.get(source["id"])))

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
        named = {"id": body["owner"].lower()} if body.get("owner") else dict(user)  # ids are written in lower case
        owner = None if organization else named
        validation = {"state": "pending", "by": None, "on": None, "comment": None}
        made = {**body, "owner": owner, "organization": organization, "validation": validation, "schedule": None}
        return Response(201, self.shown(self.add_source(**made)))

    def _get_source(self, ident: str, **_: Any) -> Response:
        return Response(200, self.shown(ident))

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
        jobs = [job for job in self.jobs.values() if job["source_id"] == ident]
        return self._page(jobs[::-1], query, self._job)

    def _get_job(self, ident: str, **_: Any) -> Response:
        job = self.jobs.get(ident)
        return Response(200, self._job(job)) if job else self._unknown_job(ident)

    def _list_items(self, ident: str, query: dict[str, str], **_: Any) -> Response:
        if ident not in self.jobs:
            return self._unknown_job(ident)
        items = self.jobs[ident]["items"]
        return self._page([item for item in items if query.get("status") in (None, item["status"])], query)

    # --- in the shape of its generation ----------------------------------------------------------------------

    def shown(self, source_id: str) -> Json:
        """Return a source as the API shows it."""
        return self._source(self.sources[source_id], self._newest_jobs().get(source_id))

    def _newest_jobs(self) -> dict[str, Json]:
        """Return the newest job of each source."""
        return {job["source_id"]: job for job in self.jobs.values()}

    def _source(self, source: Json, newest: Json | None) -> Json:
        last = {**self._job(newest), "errors": [], "source": None} if newest else None
        if last and self.generation in "AB":
            last["items"] = []
        shown = {**source, "last_job": last}
        return {**shown, "slug": f"slug-{source['id']}"} if self.generation in "CD" else shown

    def _job(self, job: Json) -> Json:
        shown = job.copy()
        del shown["source_id"]
        if self.generation in "AB":
            source = self.sources.get(job["source_id"])
            return {**shown, "source": source["name"] if source else None}
        by_status = dict.fromkeys(ITEM_STATUSES, 0)
        for item in job["items"]:
            if item["status"] in by_status:
                by_status[item["status"]] += 1
        items = {"href": f"/api/1/harvest/job/{job['id']}/items/", "total": len(job["items"]), "by_status": by_status}
        return {**shown, "items": items, "source": {"class": "HarvestSource", "id": job["source_id"]}}

    def _page(
        self, entries: list[Json], query: dict[str, str], show: Callable[[Json], Json] = lambda entry: entry
    ) -> Response:
        page, size = int(query.get("page", 1)), int(query.get("page_size", 20))
        shown = [show(entry) for entry in entries[(page - 1) * size : page * size]]
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

    def is_id(self, ident: str) -> bool:
        """Return whether an id has the form of one."""
        return len(ident) == 24

    def _unknown_job(self, ident: str) -> Response:
        if self.generation == "D":
            return self._not_found()
        if self.generation == "C" and not self.is_id(ident):
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
