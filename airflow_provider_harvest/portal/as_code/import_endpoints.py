"""Make a file of sources from a list of endpoints, in the format of the ecospheres scripts."""

from __future__ import annotations

from typing import Any

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.as_code.export import Export, file_text, free_key, take_defaults
from airflow_provider_harvest.portal.as_code.files import schema as layout


def from_endpoint_list(value: Any) -> Export:
    """Return a file of sources from a list of endpoints, as the ecospheres scripts keep it.

    :param value: what its YAML holds: ``harvests`` with ``backend``, perhaps a ``description`` of all, and
        ``endpoints``, each with ``name``, ``org``, ``url`` and perhaps ``prefix``, ``schedule`` and a ``description``
        of its own. A section ``api`` is not taken over: keys belong elsewhere.
    :raises HarvestInvalidInput: for another shape.
    """
    harvests = value.get("harvests") if isinstance(value, dict) else None
    endpoints = harvests.get("endpoints") if isinstance(harvests, dict) else None
    if not isinstance(harvests, dict) or not isinstance(endpoints, list):
        raise HarvestInvalidInput("The file has no list harvests.endpoints: only files with that list can be imported.")
    bodies: dict[str, dict[str, Any]] = {}
    left_out = ["api: the address and key of the portal."] if "api" in value else []
    left_out += _unknown("harvests", harvests, {"backend", "description", "endpoints"})
    for number, endpoint in enumerate(endpoints):
        if not isinstance(endpoint, dict) or not all(isinstance(endpoint.get(name), str) for name in ("name", "url")):
            raise HarvestInvalidInput(
                f"harvests.endpoints[{number}] must be a mapping with the strings 'name' and 'url'."
            )
        key = free_key(endpoint["name"], bodies)
        body = {"name": endpoint["name"], "url": endpoint["url"], "backend": harvests.get("backend")}
        body["description"] = endpoint.get("description", harvests.get("description"))
        if endpoint.get("prefix"):
            body["config"] = {"extra_configs": {"remote_url_prefix": endpoint["prefix"]}}
        body |= {"organization": endpoint.get("org"), "schedule": endpoint.get("schedule")}
        bodies[key] = {name: said for name, said in body.items() if said is not None}
        left_out += _unknown(key, endpoint, {"name", "url", "org", "prefix", "schedule", "description"})
    top: dict[str, Any] = {"version": layout.VERSION}
    defaults = take_defaults(bodies)
    if defaults:
        top["defaults"] = defaults
    return Export(file_text(top, bodies, left_out), len(bodies), tuple(left_out))


def _unknown(where: str, said: dict[str, Any], known: set[str]) -> list[str]:
    """Return a sentence about keys that are not imported, none if there are no such keys."""
    unknown = sorted(set(map(str, said)) - known)
    return [f"{where!r}, {', '.join(unknown)}: not known, so not imported."] if unknown else []
