"""Converts a source's ``config`` between its readable form and udata's own; checks it against what a portal offers.

Called by the reader, the export and the plan. A section in udata's own form (a list of entries) is left as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.as_code.model import InvalidDeclaration
from airflow_provider_harvest.portal.inputs import FILTER_TYPES, check_backend, check_config

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from airflow_provider_harvest.portal.as_code.model import Declaration
    from airflow_provider_harvest.portal.models import HarvestBackend


def expand(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration in udata's own form.

    :param config: as a file has it; its shape has been checked. A section that is null is left out.
    """
    expanded: dict[str, Any] = {}
    for section, value in config.items():
        if section == "filters" and isinstance(value, dict):
            expanded[section] = [entry for key, wanted in value.items() for entry in _filter_entries(key, wanted)]
        elif section == "features" and isinstance(value, list):
            expanded[section] = dict.fromkeys(value, True)
        elif section == "extra_configs" and isinstance(value, dict):
            expanded[section] = [{"key": key, "value": wanted} for key, wanted in value.items()]
        elif value is not None or section not in ("filters", "features", "extra_configs"):
            expanded[section] = value
    return expanded


def _filter_entries(key: str, wanted: object) -> Iterator[dict[str, Any]]:
    if isinstance(wanted, dict):
        for kind in wanted:
            for value in _listed(wanted[kind]):
                yield {"key": key, "value": value, "type": kind}
    else:
        for value in _listed(wanted):
            yield {"key": key, "value": value}


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


def shorten(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration in the readable form; a section that it cannot express stays in udata's own.

    :param config: in udata's own form.
    """
    makers = {"filters": _short_filters, "features": _short_features, "extra_configs": _short_extra_configs}
    shortened = {}
    for section, value in config.items():
        short = makers[section](value) if section in makers else None
        same = short is not None and _identical(expand({section: short}).get(section), value)
        shortened[section] = short if same else value
    return shortened


def _identical(left: object, right: object) -> bool:
    """Whether two JSON values are the same, order of keys apart; 1, 1.0 and true are not."""
    return bool(left == right) and repr(_sorted(left)) == repr(_sorted(right))


def _sorted(value: object) -> Any:
    if isinstance(value, dict):
        return sorted((key, _sorted(entry)) for key, entry in value.items())
    return [_sorted(entry) for entry in value] if isinstance(value, list) else value


def _short_filters(value: object) -> dict[str, Any] | None:
    by_key: dict[str, Any] = {}
    for entry in _entries(value):
        kind = entry.get("type")
        if not isinstance(entry["value"], (str, int, float)):  # a bool is an int
            return None
        if kind in FILTER_TYPES:
            _add(by_key.setdefault(entry["key"], {}), kind, entry["value"])
        else:
            _add(by_key, entry["key"], entry["value"])
    return by_key or None


def _short_features(value: Any) -> list[str] | None:
    is_list = isinstance(value, dict) and value and all(set_to is True for set_to in value.values())
    return list(value) if is_list else None


def _short_extra_configs(value: object) -> dict[str, Any] | None:
    return {entry["key"]: entry["value"] for entry in _entries(value)} or None


def _entries(value: Any) -> list[dict[str, Any]]:
    fit = isinstance(value, list) and all(
        isinstance(entry, dict) and isinstance(entry.get("key"), str) and "value" in entry for entry in value
    )
    return value if fit else []


def _add(target: Any, key: str, value: Any) -> None:
    """Add a value under a key that may have values; a misfit is found when the result is expanded again."""
    if not isinstance(target, dict):
        return
    if key in target and not isinstance(target[key], dict):
        target[key] = [*_listed(target[key]), value]
    elif key not in target:
        target[key] = value


def merge(below: Mapping[str, Any] | None, above: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration whose sections replace those of the defaults, each as a whole.

    :param below: the defaults.
    :param above: what a source says; a section that is null takes the defaults' section away.
    """
    merged = {**(below or {}), **above}
    return {section: value for section, value in merged.items() if value is not None or section not in (below or {})}


def check_declaration(declaration: Declaration, backends: Iterable[HarvestBackend]) -> None:
    """Check what files say against what a portal offers.

    :param declaration: as it was read.
    :param backends: all that the portal lists.
    :raises InvalidDeclaration: for backends that the portal does not have, and entries of ``config`` that they do not
        know.
    """
    offered = list(backends)
    problems = []
    for source in declaration.sources:
        name = "backend"
        try:
            if "backend" in source.fields:
                backend = check_backend(source.fields["backend"], offered)
                name = "config"
                check_config(source.fields.get("config", {}), backend)
        except HarvestInvalidInput as error:
            problems.append(f"{source.line_of(name)}: {source.key}: {error}")
    if problems:
        raise InvalidDeclaration(problems)
