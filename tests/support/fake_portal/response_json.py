"""How an imitated portal writes what it returns: models as its API does, and bodies as bytes."""

from __future__ import annotations

import functools
import json
from dataclasses import fields
from datetime import datetime
from typing import Any


def as_json(value: Any) -> Any:
    """Return a model, or a field of one, as the API returns it."""
    if value is None or isinstance(value, (str, int, float, dict, list)):
        return value
    if isinstance(value, tuple):
        return [as_json(entry) for entry in value]
    if isinstance(value, datetime):
        return value.isoformat()
    kind: Any = type(value)
    return {name: as_json(getattr(value, name)) for name in _shown_fields(kind)}


@functools.cache
def _shown_fields(model: type[Any]) -> tuple[str, ...]:
    return tuple(each.name for each in fields(model) if each.name != "raw")


#: Twice as fast as ``json.dumps``: stories of days read thousands of lists.
_encode = json.JSONEncoder(check_circular=False, ensure_ascii=False, separators=(",", ":")).encode


def as_bytes(body: Any) -> bytes:
    """Return the body of a response as it is sent: JSON, unless it is a string or bytes."""
    if isinstance(body, bytes):
        return body
    text = "" if body is None else body if isinstance(body, str) else _encode(body)
    return text.encode("utf-8", "surrogatepass")  # a catalogue may hold halves of characters, which JSON can carry
