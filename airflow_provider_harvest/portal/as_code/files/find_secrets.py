"""Find what looks like a secret in files of sources; called by the reader, export and plan.

A source's ``url``, ``config`` and ``description`` are public on the portal, and the files lie in a repository.
What is found is never repeated.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.portal.as_code.files.kinds import Problem
from airflow_provider_harvest.portal.text.secrecy import names_secret, secret_of_addresses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_harvest.portal.as_code.files.kinds import Path

# Patterns of secrets, whatever their name is: udata's own keys, which are signed tokens (the first part begins as
# JSON in base64 does) up to 15.4.1; a private key; the tokens that hosts of repositories issue.
_SHAPES = re.compile(
    r"\budata_[\w-]{40,}"
    r"|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]+"
    r"|eyJ[\w-]{16,}\.[\w-]{16,}\.[\w-]{20,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\b(?:gh[pousr]_|github_pat_|glpat-)\w{16,}"
)
# In prose and in comments: a name of a secret with a value.
_ASSIGNED = re.compile(r"""([\w-]{2,40})["']?\s*[=:]\s*["']?([^\s"',;<>{}\[\]]{8,})""", re.ASCII)

#: Keys whose names are those of sources and environments, not of values: a city-pass is not a password.
_NAMED_BY_USERS = (("sources",), ("environments",))
_KEEP = "Keep it in a connection of Airflow, or in an environment variable of the command line."


def secrets_in(value: object, path: Path = ()) -> Iterator[Problem]:
    """Yield what looks like a secret in a value as it was read from a file.

    :param value: any JSON value.
    :param path: its place in the file.
    """
    if isinstance(value, list):
        for number, entry in enumerate(value):
            yield from secrets_in(entry, (*path, number))
    elif isinstance(value, dict):
        for name, entry in value.items():
            # An entry of udata's lists has its name in "key".
            named = value["key"] if name == "value" and isinstance(value.get("key"), str) else name
            here = (*path, name)
            if path not in _NAMED_BY_USERS and names_secret(named) and entry and not isinstance(entry, bool):
                yield Problem(here, f"must not hold a secret, but is named {named[:40]!r}. {_KEEP}")
            else:
                yield from secrets_in(entry, here)
    elif isinstance(value, str):
        found = secret_of(value)
        if found:
            yield Problem(path, f"must not hold a secret: {found}. {_KEEP}")


def hidden(value: object) -> Any:
    """Return a value of a portal as plans may hold and show it: what looks like a secret is replaced by a digest of it.

    So a plan shows that it exists and whether it has changed, and never repeats it.

    :param value: any JSON value, such as the ``config`` of a source.
    """
    if isinstance(value, list):
        return [hidden(entry) for entry in value]
    if isinstance(value, dict):
        own = {name for (name, *below) in (problem.path for problem in secrets_in(value)) if not below}
        return {name: _digest(entry) if name in own else hidden(entry) for name, entry in value.items()}
    return _digest(value) if isinstance(value, str) and secret_of(value) else value


def config_without_secrets(config: dict[str, Any]) -> dict[str, Any]:
    """Return a configuration without its secrets: the entry, or the key, that holds one is left out whole.

    :param config: in udata's own form.
    """
    places = {problem.path[: _depth(config, problem.path)] for problem in secrets_in(config)}
    return dict(_without(config, places, ()))


def _depth(config: dict[str, Any], path: Path) -> int:
    """Return the part of a path that is left out: an entry of one of udata's lists, else the key itself."""
    section = config.get(str(path[0]))
    return min(len(path), 2 if isinstance(section, list) else len(path))


def _without(value: object, places: set[Path], here: Path) -> Any:
    if isinstance(value, dict):
        kept = {name: entry for name, entry in value.items() if (*here, name) not in places}
        return {name: _without(entry, places, (*here, name)) for name, entry in kept.items()}
    if isinstance(value, list):
        return [_without(entry, places, (*here, n)) for n, entry in enumerate(value) if (*here, n) not in places]
    return value


def _digest(value: object) -> str:
    return f"(hidden {hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:8]})"


def secret_of(text: str) -> str | None:
    """Return what in a string looks like a secret, in words that do not repeat it; None if nothing does."""
    if _SHAPES.search(text):
        return "it holds what looks like a token or a key"
    found = secret_of_addresses(text)
    return f"its address has {found}" if found else None


def secret_of_line(line: str) -> str | None:
    """Return what looks like a secret in a comment of a file."""
    for name, given in _ASSIGNED.findall(line):
        if names_secret(name) and not given.startswith(("$", "//")):
            return f"it gives a value to {name!r}"
    return secret_of(line)
