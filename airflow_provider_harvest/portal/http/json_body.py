"""Decodes the body of a response, so that each value of it can be stored, logged and sent on; used by the transport.

Anybody names a source, and may put a NUL character into the name. PostgreSQL, where Airflow 3 keeps XComs as JSON,
refuses that, half a character, and a number that JSON does not define: each task that returns a list of all would fail.
"""

from __future__ import annotations

import json
import re
from typing import Any

#: How what cannot be stored is written in a body; also the halves of whole characters, which are put together first.
#: Two patterns, since one that begins with fixed bytes is searched ten times faster than one of alternatives.
_ESCAPED = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_RAW_HALF = re.compile(rb"\xed[\xa0-\xbf]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
#: NaN and Infinity become strings: no field of udata's is one. `json.loads` makes a decoder for each call.
_DECODER = json.JSONDecoder(parse_constant=str)


def decoded(content: bytes) -> tuple[Any, bool]:
    """Return the JSON value of a body, None for an empty one, and whether it was JSON.

    :param content: the body.
    """
    if not content.strip():
        return None, True
    try:
        value = _DECODER.decode(content.decode(json.detect_encoding(content), "surrogatepass"))
        may_hold_some = _ESCAPED.search(content) or _RAW_HALF.search(content)
        return (_storable(value) if may_hold_some else value), True
    except (ValueError, RecursionError):
        return None, False


def _storable(value: object) -> object:
    """Return a value in which the replacement character is in place of each unstorable one."""
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_storable(entry) for entry in value]
    if isinstance(value, dict):
        return {_storable(key): _storable(entry) for key, entry in value.items()}
    return value
