"""The compared values of a source in a normal form; called by the plan and the apply."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.portal.as_code import ownership_marker
from airflow_provider_harvest.portal.as_code.files.find_secrets import hidden
from airflow_provider_harvest.portal.as_code.model import FIELDS
from airflow_provider_harvest.portal.inputs import CONFIG_SECTIONS, FILTER_TYPES
from airflow_provider_harvest.portal.sources import guard_note

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from airflow_provider_harvest.portal.models import HarvestSource


def values_of(source: HarvestSource) -> dict[str, Any]:
    """Return what files decide about a source, as JSON values: the fields of a PUT, ``validation`` and ``schedule``.

    The guard's line is no part of the description, and the ``autoarchive`` of a source that the guard holds is missing:
    neither is planned, compared or written, whenever the hold came. :func:`as_sent` puts the line back.

    A secret in a field is hidden: it is public on the portal, and must not be in logs as well.

    :param source: as read, alone or from a list.
    """
    values = {name: normal(name, getattr(source, name)) for name in FIELDS}
    text, described = ownership_marker.split(values["description"])[0], values["description"]
    values = {name: hidden(value) for name, value in values.items()}
    values["description"] = ownership_marker.keep(hidden(text), described)
    if guard_note.is_held(source):
        del values["autoarchive"]
    return {**values, "validation": source.validation.state, "schedule": normal("schedule", source.schedule)}


def as_sent(source: HarvestSource, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return planned values of a source as they are sent: with what a plan does not hold of its description.

    That is the guard's line, and a text with a secret that the plan keeps as it is, and only knows by its digest.

    :param source: as the portal has it.
    :param fields: planned values by name.
    """
    sent = dict(fields)
    if "description" in sent:
        text, _, _ = ownership_marker.split(normal("description", source.description))
        if ownership_marker.split(sent["description"])[0] == hidden(text):
            sent["description"] = ownership_marker.keep(text, sent["description"])
    return guard_note.heeding_guard(source, sent)


def normal(name: str, value: Any) -> Any:
    """Return the value of a field in the one form in which it is compared.

    :param name: one of those that :func:`values_of` returns.
    """
    if name == "config":
        return canonical_config(value)
    if name in ("active", "autoarchive"):
        return bool(value)
    if name == "schedule":
        return " ".join(value.split()) if value else None
    if name in ("name", "url"):
        return (value or "").strip()
    if name == "description":
        description, _ = guard_note.split(value)
        text = ownership_marker.split(description)[0] or ""
        # The marker comes last. Half a line break at the end would be taken for a part of the line breaks before it.
        return ownership_marker.keep(text.rstrip("\r"), description)
    return value or None


def canonical_config(config: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return a configuration in which the order of filters and extra_configs, and empty sections, do not matter.

    A filter without a type includes; a backend reads it so.
    """
    canonical = {key: value for key, value in (config or {}).items() if value or key not in CONFIG_SECTIONS}
    for section in ("filters", "extra_configs"):
        entries = canonical.get(section)
        if isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries):
            canonical[section] = sorted((_without_default(entry) for entry in entries), key=_sort_key)
    return canonical


def _without_default(entry: dict[str, Any]) -> dict[str, Any]:
    is_default = (entry.get("type") or FILTER_TYPES[0]) == FILTER_TYPES[0]
    return {key: value for key, value in entry.items() if key != "type" or not is_default}


def _sort_key(entry: dict[str, Any]) -> str:
    return json.dumps([str(entry.get("key")), entry], sort_keys=True, default=str)


# --- as people read it ------------------------------------------------------------------------------------------------


def leaves(name: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield what differs in a field, with the path that people know it by, such as ``config.remote_url_prefix``.

    :param name: one of those that :func:`values_of` returns.
    :param old: value before.
    :param new: value after.
    """
    if name != "config":
        yield name, old, new
        return
    before, after = _flat(old or {}), _flat(new or {})
    for path in sorted({*before, *after}):
        one, other = before.get(path, []), after.get(path, [])
        if _exact(one) == _exact(other):
            continue
        readable = _readable(one), _readable(other)
        # What reads alike is shown as it is: nothing and null, or two entries and one with a list of two.
        yield path, *(readable if readable[0] != readable[1] else (one, other))


def _flat(config: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return all values that a configuration has under each path that people know."""
    flat: dict[str, list[Any]] = defaultdict(list)
    for section, content in config.items():
        if section in ("filters", "extra_configs") and isinstance(content, list):
            prefix = "config.filters" if section == "filters" else "config"
            for entry in content:
                flat[f"{prefix}.{entry.get('key')}" if isinstance(entry, dict) else prefix].append(entry)
        elif section == "features" and isinstance(content, dict):
            for key, value in content.items():
                flat[f"config.features.{key}"].append({"key": key, "value": value})
        else:
            flat[f"config.{section}"].append({"key": section, "value": content})
    return flat


def _exact(entries: list[Any]) -> str:
    """Return entries so that True differs from 1, as it does for a portal."""
    return json.dumps(entries, sort_keys=True, default=str)


def _readable(entries: list[Any]) -> Any:
    values = [_entry_value(entry) for entry in entries]
    return values if len(values) > 1 else next(iter(values), None)


def _entry_value(entry: object) -> Any:
    if not isinstance(entry, dict) or set(entry) - {"key", "value", "type"}:
        return entry
    if entry.get("type") not in (None, *FILTER_TYPES) or str(entry.get("value")).startswith("not "):
        return entry
    return f"not {entry.get('value')}" if entry.get("type") == "exclude" else entry.get("value")
