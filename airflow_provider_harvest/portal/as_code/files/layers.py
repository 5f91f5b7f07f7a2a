"""Merge the layers that describe one source and check the result by the portals' rules; called by the reader."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.as_code.files import schema as layout
from airflow_provider_harvest.portal.as_code.files.config import expand, merge
from airflow_provider_harvest.portal.as_code.model import (
    FIELDS,
    Acceptance,
    Cron,
    DeclaredSource,
    InvalidDeclaration,
    Unscheduled,
    Window,
)
from airflow_provider_harvest.portal.cron import check_cron
from airflow_provider_harvest.portal.inputs import as_written, check_config, check_name, check_url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_harvest.portal.as_code.files.kinds import Path
    from airflow_provider_harvest.portal.as_code.files.yaml_document import Document


@dataclass(frozen=True)
class Layer:
    """A place in a file that describes a source: defaults, the source itself, one of its environments."""

    document: Document
    path: Path

    @property
    def values(self) -> Any:
        """The mapping there; an empty one if there is none."""
        value = self.document.value
        for part in self.path:
            value = (value or {}).get(part)
        return value if value is not None else {}

    def where(self, name: str) -> str:
        """Return file and line of one of its keys."""
        return self.document.where((*self.path, name))


def declared_source(key: str, where: str, layers: Sequence[Layer], *, has_environments: bool) -> DeclaredSource:
    """Return the description of a source that all layers give together.

    :param key: of the source.
    :param where: file and line at which it begins.
    :param layers: from the defaults to what is said for it alone; later ones win, and null takes back.
    :param has_environments: whether the files know environments: then an ``id`` must be given for one of them.
    :raises InvalidDeclaration: with all that is wrong.
    """
    said, lines = _overlaid(layers)
    problems: list[str] = []
    if has_environments and "id" in lines and layers[-2].values.get("id") is not None:
        told = layers[-2].where("id")
        problems.append(f"{told}: {key}: id differs from portal to portal: put it under environments, by name.")
    if "organization" in said and "owner" in said:
        problems.append(f"{lines['owner']}: {key}: organization and owner are both given: give one of them.")
    if "url" not in said and "id" not in said:
        problems.append(f"{where}: {key}: url is missing: without it, or the portal's id, the source cannot be found.")

    fields: dict[str, Any] = {}
    for name in FIELDS:
        if name in said:
            try:
                fields[name] = _field(name, said[name])
            except HarvestInvalidInput as error:
                problems.append(f"{lines[name]}: {key}: {error}")
    schedule = None
    try:
        schedule = _schedule(said.get("schedule"))
    except HarvestInvalidInput as error:
        problems.append(f"{lines['schedule']}: {key}: schedule: {error}")
    if problems:
        raise InvalidDeclaration(problems)
    ids = {name: as_written(said[name]) for name in ("organization", "owner", "id") if said.get(name)}
    return DeclaredSource(
        key=key,
        where=where,
        fields=fields,
        organization=ids.get("organization"),
        owner=ids.get("owner"),
        portal_id=ids.get("id"),
        schedule=schedule,
        validation=_acceptance(said.get("validation")),
        lines=lines,
        incomplete=tuple(said.get("incomplete") or ()),
    )


def _overlaid(layers: Sequence[Layer]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the resulting values, and the line of each."""
    said: dict[str, Any] = {}
    lines: dict[str, str] = {}
    for layer in layers:
        for name, value in layer.values.items():
            if name == "environments":
                continue
            lines[name] = layer.where(name)
            if value is None:
                said.pop(name, None)
                continue
            # A source of an organization is not of the user whom the defaults name, and the other way round.
            for other in {"organization": ("owner",), "owner": ("organization",)}.get(name, ()):
                if other not in layer.values:
                    said.pop(other, None)
            said[name] = merge(said.get(name), value) if name == "config" else value
    return said, {name: line for name, line in lines.items() if name in said}


def _field(name: str, value: Any) -> Any:
    if name == "name":
        return check_name(value)
    if name == "url":
        return check_url(value)
    if name == "config":
        return check_config(expand(value))
    if name == "backend" and not value.strip():
        raise HarvestInvalidInput("backend is empty.")
    return value.strip() if name == "backend" else value  # a description is kept unchanged


def _schedule(said: Any) -> Cron | Window | Unscheduled | None:
    if said is None:
        return None
    if isinstance(said, dict):
        start, end = said["window"].split("-")
        if start == end:
            raise HarvestInvalidInput("the window has no length; 00:00-24:00 is the whole day.")
        days = check_cron(f"0 0 * * {said.get('days', '*')}").split()[-1]
        return Window(_minute(start), _minute(end) or 24 * 60, days)
    if said.strip() == layout.NEVER:
        return Unscheduled()
    if re.fullmatch(r"[0-9:]+ *- *[0-9:]+", said.strip()):
        raise HarvestInvalidInput('a window is written as {window: "00:00-05:00"}.')
    return Cron(check_cron(said))


def _minute(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


def _acceptance(said: object) -> Acceptance | None:
    if said is None:
        return None
    comment = said.get("comment") if isinstance(said, dict) else None
    return Acceptance((comment or "").strip() or None)
