"""Checks of user input, made before anything is sent; called by the client, operators and sensor.

Each returns the value in the form to be used, or raises ``HarvestInvalidInput`` with a sentence that names the
argument, says what is wrong with it and what is wanted. What portals would do with such values was seen on udata
9.2.4 to 17.18.0: some respond with 500, some accept and publish it. No message repeats what may be a secret.
"""

from __future__ import annotations

import json
import math
import re
from datetime import datetime, timedelta, timezone
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pendulum

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.statuses import PENDING, REFUSED, VALIDATION_STATES
from airflow_provider_harvest.portal.text.secrecy import names_secret, secret_of_addresses, without_secrets
from airflow_provider_harvest.portal.text.untrusted import plain
from airflow_provider_harvest.portal.text.words import show_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from airflow_provider_harvest.portal.models import HarvestBackend

#: What a source may be fetched by: udata's default for ``URLS_ALLOWED_SCHEMES`` (17.18.0).
URL_SCHEMES = ("http", "https", "ftp", "ftps")
#: Longest name of a source. Up to 9.2.4 the response to a longer one is 500, later 400.
MAX_NAME_LENGTH = 255
#: What udata knows in a ``config``: two lists of ``{"key", "value"}`` and, ``features``, an object of booleans.
CONFIG_SECTIONS = ("filters", "features", "extra_configs")
#: What a filter may do. A backend reads everything but ``exclude`` as ``include``, so a misspelt one reverses it.
FILTER_TYPES = ("include", "exclude")

#: The types that a backend declares and JSON can hold; others (``date``, ``uuid``) are left to the portal.
_JSON_TYPES = {"string": str, "integer": int, "boolean": bool}

_OBJECT_ID = re.compile(r"[0-9a-f]{24}", re.IGNORECASE)
_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]*", re.IGNORECASE)
_ISO_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?P<zone>Z|[+-]\d\d(?::?\d\d)?)?", re.ASCII)


# --- names, addresses, states -----------------------------------------------------------------------------------------


def is_object_id(value: str) -> bool:
    """Whether a string has the form of an id (24 hexadecimal digits), and so cannot be distinguished from one."""
    return _OBJECT_ID.fullmatch(value) is not None


def as_written(ident: str) -> str:
    """Return an id as portals write it, in lower case; they also take it in upper case. A slug stays as it is.

    :param ident: an id or a slug.
    """
    return ident.lower() if is_object_id(ident) else ident


def check_id(value: object, what: str, *, slug: bool = True) -> str:
    """Return the id or slug of something on the portal, without surrounding blanks, and as the portal writes it.

    An invalid id in a path is not always a 404: up to 10.8.1 the response is 500, as if the portal were broken.

    :param value: what the user, or a task before, gave.
    :param what: the argument's name, for the message.
    :param slug: whether a slug will do (default True); jobs have none.
    """
    text = check_text(value, what)
    wanted = "an id (24 hexadecimal digits) or a slug" if slug else "an id (24 hexadecimal digits)"
    if text == "None":
        raise HarvestInvalidInput(f"{what} is 'None': the task or variable that it comes from returned nothing.")
    if "{{" in text:
        raise HarvestInvalidInput(f"{what} must be {wanted}, not a template that was not rendered: {show_value(text)}.")
    if "/" in text:
        raise HarvestInvalidInput(f"{what} must be {wanted} alone, without the address around it: {show_value(text)}.")
    if not (is_object_id(text) or (slug and _SLUG.fullmatch(text))):
        raise HarvestInvalidInput(f"{what} must be {wanted}, not {show_value(text)}.")
    return as_written(text)


def check_name(name: object) -> str:
    """Return the name of a source, without surrounding blanks.

    :param name: must hold a letter or digit, since the portal makes the slug from those: from ``///`` 17.18.0
        makes an empty one. To a number instead of a string 17.18.0 responds with 500.
    """
    text = check_text(name, "name")
    if not any(character.isalnum() for character in text):
        raise HarvestInvalidInput(
            f"name must hold a letter or a digit, since its address is made from it: {show_value(text)}."
        )
    if len(text) > MAX_NAME_LENGTH:
        raise HarvestInvalidInput(
            f"name must have at most {MAX_NAME_LENGTH} characters, not {len(text)}. It begins with {show_value(text)}."
        )
    return text


def check_url(url: object) -> str:
    """Return the address of a catalogue, without surrounding blanks.

    Everybody can read it on the portal, so it must hold no password and no key; the portal itself would take and
    publish them (seen up to 17.18.0).

    :param url: http, https, ftp or ftps, with a host.
    """
    text = check_text(url, "url")
    shown = without_secrets(text)
    if any(character.isspace() or not character.isprintable() or character == "\\" for character in text):
        raise HarvestInvalidInput(
            f"url must hold no blanks, backslashes or control characters; escape them: {shown!r}."
        )
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:  # such as brackets that do not match, or port 99999; its text repeats the address
        raise HarvestInvalidInput(f"url must be an address with a valid host and port: {shown!r}.") from None
    if parts.scheme not in URL_SCHEMES or not host:
        allowed = ", ".join(f"{scheme}://" for scheme in URL_SCHEMES[:-1]) + f" or {URL_SCHEMES[-1]}://"
        raise HarvestInvalidInput(f"url must begin with {allowed} and a host: {shown!r}.")
    secret = secret_of_addresses(text)
    if secret:
        raise HarvestInvalidInput(
            f"url must hold no secret, but has {secret}: everybody can read it on the portal: {shown!r}."
        )
    return text


def check_backend(backend_id: object, backends: Iterable[HarvestBackend]) -> HarvestBackend:
    """Return the backend with this id from those of the portal.

    :param backend_id: such as ``dcat``.
    :param backends: all that the portal lists.
    """
    offered = {backend.id: backend for backend in backends}
    text = check_text(backend_id, "backend")
    if text in offered:
        return offered[text]
    close = get_close_matches(text.lower(), offered, n=1)
    guess = f" Did you mean {close[0]!r}?" if close else ""
    listed = f"it has {', '.join(sorted(offered))}" if offered else "it lists none"
    raise HarvestInvalidInput(
        f"backend {show_value(text)} does not exist on this portal, or is not enabled: {listed}.{guess}"
    )


def check_validation(state: object, comment: object = None) -> tuple[str, str | None]:
    """Return the state that a source is to get, and the comment (None if there is none).

    :param state: ``accepted`` or ``refused``. All releases take ``pending`` for a refusal, and 17.3.0 and 17.18.0
        take no state at all for one.
    :param comment: why; a refusal needs one (17.3.0 would take a refusal without).
    """
    if comment is not None and not isinstance(comment, str):
        raise HarvestInvalidInput(f"comment must be a string, not {type(comment).__name__}.")
    if state not in VALIDATION_STATES:
        why = " Portals take 'pending' for a refusal." if state == PENDING else ""
        raise HarvestInvalidInput(
            f"state must be {' or '.join(map(repr, VALIDATION_STATES))}, not {show_value(state)}.{why}"
        )
    comment = comment.strip() if comment else None
    if state == REFUSED and not comment:
        raise HarvestInvalidInput("comment is missing: a refusal needs one, so that the owner of the source knows why.")
    return state, comment or None


# --- times ------------------------------------------------------------------------------------------------------------


def as_seconds(value: object, what: str) -> float:
    """Return a length of time in seconds.

    :param value: seconds as int or float, or a ``timedelta``; zero or more, and finite.
    :param what: the argument's name, for the message.
    """
    if isinstance(value, timedelta):
        value = value.total_seconds()
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise HarvestInvalidInput(f"{what} must be seconds (a number) or a timedelta, not {show_value(value)}.")
    if not math.isfinite(value) or value < 0:
        raise HarvestInvalidInput(f"{what} must be a length of time of zero or more seconds, not {value}.")
    return float(value)


def as_switch(value: object, what: str, wanted: str = "True or False") -> bool:
    """Return a switch; a string such as ``"False"``, which Python takes for true, is refused unless it says which.

    :param value: a bool, ``"true"`` or ``"false"`` in any case, as a template renders one.
    :param what: the argument's name, for the message.
    :param wanted: what it may be, for the message.
    :raises HarvestInvalidInput: for any other value.
    """
    if isinstance(value, bool):
        return value
    read = {"true": True, "false": False}.get(str(value).strip().lower())
    if read is None:
        raise HarvestInvalidInput(f"{what} must be {wanted}, not {show_value(value)}.")
    return read


def as_count(value: object, what: str) -> int:
    """Return a whole number from 0 on.

    :param value: what the user gave.
    :param what: the argument's name, for the message.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise HarvestInvalidInput(f"{what} must be a whole number from 0 on, not {show_value(value)}.")
    return value


def as_datetime(value: Any, what: str) -> datetime:  # noqa: ANN401  # dateutil, pendulum and datetime fit
    """Return an instant as an aware datetime in UTC.

    A time without zone is refused, not guessed: taken wrongly, a job of yesterday would count as today's.

    :param value: an aware ``datetime``, or an ISO string with a zone, such as what ``{{ ts }}`` renders to.
    :param what: the argument's name, for the message.
    """
    example = "for example 2026-05-04T06:00:00+00:00"
    parsed = value
    if isinstance(value, str):
        match = _ISO_TIME.fullmatch(value.strip())
        try:
            parsed = pendulum.parse(value.strip()) if match and match["zone"] else None
        except ValueError:  # such as 30 February
            match = None
        if match is None:
            raise HarvestInvalidInput(
                f"{what} must be a time in ISO form with a zone, {example}, not {show_value(value)}."
            )
    elif not isinstance(value, datetime):
        raise HarvestInvalidInput(
            f"{what} must be a datetime or an ISO string with a zone, {example}, not {show_value(value)}."
        )
    if parsed is None or parsed.utcoffset() is None:
        raise HarvestInvalidInput(f"{what} has no time zone: {show_value(str(value))}. Add one, {example}.")
    try:
        return datetime.fromtimestamp(parsed.timestamp(), tz=timezone.utc)
    except (OverflowError, ValueError):
        raise HarvestInvalidInput(f"{what} is out of range: {show_value(str(value))}.") from None


# --- the configuration of a source ------------------------------------------------------------------------------------


def check_config(config: object, backend: HarvestBackend | None = None) -> dict[str, Any]:
    """Return a copy of a source's configuration, as plain JSON values.

    :param config: ``{}`` for none.
    :param backend: if given, the keys of the three sections must be among those that it declares.
    :raises HarvestInvalidInput: if the portal would refuse it, respond with 500 (``features`` as a list up to
        17.3.0, a key like ``$a`` on 9.2.4), take it and fail every item (``extra_configs: null``, all releases),
        ignore it (``filter``), or publish a secret.
    """
    if not isinstance(config, dict):
        raise HarvestInvalidInput(f"config must be a dict, {{}} for none, not {type(config).__name__}.")
    try:
        copied: dict[str, Any] = json.loads(json.dumps(config, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise HarvestInvalidInput(f"config must hold JSON values only: {error}.") from None
    for path, name, value in _named_values(copied, "config"):
        _check_value(path, name, value)
    for key in copied:
        close = get_close_matches(key.lower(), CONFIG_SECTIONS, n=1, cutoff=0.85)
        if close and key not in CONFIG_SECTIONS:
            raise HarvestInvalidInput(f"config has the key {key!r}, which no portal reads. Did you mean {close[0]!r}?")
    for section in ("filters", "extra_configs"):
        if section in copied:
            _check_entries(copied[section], section, backend)
    if "features" in copied:
        _check_features(copied["features"], backend)
    return copied


def _check_entries(entries: object, section: str, backend: HarvestBackend | None) -> None:
    where = f"config.{section}"
    if not isinstance(entries, list):
        raise HarvestInvalidInput(
            f'{where} must be a list such as [{{"key": "...", "value": "..."}}], not {_kind(entries)}.'
        )
    for number, entry in enumerate(entries):
        here = f"{where}[{number}]"
        if not isinstance(entry, dict) or not isinstance(entry.get("key"), str) or "value" not in entry:
            raise HarvestInvalidInput(f'{here} must be an object with "key" (a string) and "value".')
        kind = entry.get("type") or FILTER_TYPES[0]
        if section == "filters" and kind not in FILTER_TYPES:
            raise HarvestInvalidInput(f"{here} must have the type {' or '.join(map(repr, FILTER_TYPES))}, or none.")
        declared = _declared(section, entry["key"], here, backend)
        json_type = _JSON_TYPES.get(str(declared.get("type"))) if declared else None
        if declared and json_type and not isinstance(entry["value"], json_type):
            raise HarvestInvalidInput(
                f"{here} ({plain(entry['key'])}) must have a value of type {declared['type']}, "
                f"not {_kind(entry['value'])}."
            )


def _check_features(features: object, backend: HarvestBackend | None) -> None:
    if not isinstance(features, dict):
        raise HarvestInvalidInput(f'config.features must be an object such as {{"name": true}}, not {_kind(features)}.')
    for key, value in features.items():
        if not isinstance(value, bool):
            raise HarvestInvalidInput(f"config.features.{key} must be true or false, not {_kind(value)}.")
        _declared("features", key, "config.features", backend)


def _declared(section: str, key: str, here: str, backend: HarvestBackend | None) -> dict[str, Any] | None:
    """Return what the backend declares for a key; None if the portal does not return it (``extra_configs`` up to
    9.2.3)."""
    declarations: Sequence[dict[str, Any]] | None = getattr(backend, section) if backend else None
    if backend is None or declarations is None:
        return None
    keys = {str(declaration["key"]): declaration for declaration in declarations}
    if key not in keys:
        close = get_close_matches(key, keys, n=1)
        guess = f" Did you mean {close[0]!r}?" if close else ""
        known = f"it knows {', '.join(plain(name, 40) for name in sorted(keys))}" if keys else "it knows none"
        raise HarvestInvalidInput(
            f"{here} has the key {key!r}, which the backend {backend.id} does not know: {known}.{guess}"
        )
    return keys[key]


def _check_value(path: str, name: str, value: object) -> None:
    if ".$" in path:
        raise HarvestInvalidInput(f"{path} has a key that begins with $; portals cannot store such keys.")
    if names_secret(name) and value and not isinstance(value, bool):
        raise HarvestInvalidInput(
            f"{path} must not hold a secret, but is named {name!r}: everybody can read config on the portal."
        )
    secret = secret_of_addresses(value) if isinstance(value, str) else None
    if secret:
        raise HarvestInvalidInput(
            f"{path} must hold no secret, but its address has {secret}: everybody can read config on the portal."
        )


def _named_values(value: object, path: str, name: str = "") -> Iterator[tuple[str, str, Any]]:
    """Yield each value with the path to it and its name; the name of an entry's value is its "key"."""
    yield path, name, value
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _named_values(item, f"{path}[{number}]")
    elif isinstance(value, dict):
        for key, item in value.items():
            named = str(value["key"]) if key == "value" and "key" in value else key
            yield from _named_values(item, f"{path}.{key}", named)


def _kind(value: object) -> str:
    return "null" if value is None else type(value).__name__


# --- shared -----------------------------------------------------------------------------------------------------------


def check_text(value: object, what: str) -> str:
    """Return a string without surrounding blanks; refuse a value that is not a string, or is blank.

    A whole number is taken as its digits: a DAG that renders native objects makes one of a slug or name of digits.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if value is None:
        raise HarvestInvalidInput(f"{what} is missing (None).")
    if not isinstance(value, str):
        raise HarvestInvalidInput(
            f"{what} must be a string, not {type(value).__name__}. A template gives that if the DAG has "
            "render_template_as_native_obj=True and the rendered string reads as one."
        )
    if not value.strip():
        raise HarvestInvalidInput(f"{what} is empty.")
    return value.strip()
