"""How data that travels between two versions of this package is read: plans, events, and what a task remembers."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any


def known_fields(kind: type[Any], data: Any) -> dict[str, Any]:
    """Return the fields of a JSON object that a dataclass has, for its constructor.

    A newer version may have written fields that this one does not know, and an older one may lack some: the former are
    dropped, the latter keep their defaults, and so does a null if the default is another value.

    :param kind: the dataclass.
    :param data: what was read; anything but an object counts as an empty one.
    """
    if not isinstance(data, dict):
        return {}
    defaults = {f.name: None if f.default is MISSING and f.default_factory is MISSING else f for f in fields(kind)}
    return {
        name: value
        for name, value in data.items()
        if name in defaults and (value is not None or _is_null(defaults[name]))
    }


def _is_null(field: Any) -> bool:
    """Whether a field may be null: it has no default, or null is its default."""
    return field is None or field.default is None
