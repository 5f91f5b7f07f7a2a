"""The HTTP API of a portal of the sandbox, without any of the provider's own code."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox import Sandbox
    from tests.integration.conftest import NewCatalogue

_PATIENCE = 30.0  # seconds that anything here may take
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class PortalApi:
    """The API of a portal."""

    def __init__(self, portal: Sandbox) -> None:
        self._portal = portal

    def call(self, method: str, path: str, key: str | None = None, body: object = None) -> tuple[int, Any]:
        """The status and the JSON of the response."""
        request = urllib.request.Request(f"{self._portal.url}/api/1{path}", method=method)
        request.add_header("Content-Type", "application/json")
        if key:
            request.add_header("X-API-KEY", key)
        try:
            with _DIRECT.open(request, None if body is None else json.dumps(body).encode(), _PATIENCE) as response:
                content = response.read()
                return response.status, json.loads(content) if content else None
        except urllib.error.HTTPError as error:
            content = error.read()
            is_json = error.headers.get_content_type() == "application/json"
            return error.code, json.loads(content) if is_json else content.decode()

    def source_path(self, source_id: str, action: str = "") -> str:
        slash = "" if self._portal.generation == "A" else "/"
        return f"/harvest/source/{source_id}{action and '/'}{action}{slash}"

    def add_source(self, catalogue: NewCatalogue) -> str:
        """A source of the organization that nobody has accepted yet."""
        # Under the catalogue's name: up to 13.0.0 the second source of one name cannot be scheduled.
        body = {
            "name": catalogue.name,
            "url": catalogue.url,
            "backend": "dcat",
            "config": {},
            "active": True,
            "autoarchive": True,
        }
        body["organization"] = self._portal.organization.id
        status, source = self.call("POST", "/harvest/sources/", self._portal.keys.org_admin, body)
        assert status == 201, source
        return str(source["id"])

    def accept(self, source_id: str) -> int:
        path = self.source_path(source_id, "validate")
        return self.call("POST", path, self._portal.keys.admin, {"state": "accepted"})[0]

    def run(self, source_id: str, key: str | None = None) -> int:
        return self.call("POST", self.source_path(source_id, "run"), key or self._portal.keys.org_admin, {})[0]

    def jobs(self, source_id: str) -> list[dict[str, Any]]:
        return list(self.call("GET", f"/harvest/source/{source_id}/jobs/")[1]["data"])

    def items(self, job: dict[str, Any]) -> list[dict[str, Any]]:
        if isinstance(job["items"], list):
            return job["items"]
        return list(self.call("GET", f"/harvest/job/{job['id']}/items/?page_size=100")[1]["data"])
