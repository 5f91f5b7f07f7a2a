"""Recognizes names and addresses that hold a secret, so that none is shown; a leaf that everything may call."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

from airflow_provider_harvest.portal.text.untrusted import plain

_SECRET_WORDS = frozenset(
    {"apikey", "authorization", "bearer", "credential", "jeton", "mdp", "pass", "passphrase", "passwd", "password"}
    | {"pwd", "secret", "token"}
)
# Names of several words, however they are joined: api_key, apiKey, x-api-key, mot_de_passe.
_SECRET_COMPOUNDS = ("accesskey", "apikey", "motdepasse", "privatekey")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://[^\s<>\"']+", re.IGNORECASE)
_QUERY_OR_FRAGMENT = re.compile(r"[?#]")
# A host, perhaps a port, a path without @, and a query or a fragment: an @ in these belongs to a parameter.
_PLAIN_HOST = re.compile(r"[a-z][a-z0-9+.-]*://[\w.-]+(?::\d+)?/[^?#@]*[?#]", re.IGNORECASE)
_NAME_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def names_secret(name: str) -> bool:
    """Whether a parameter of this name usually holds a secret: ``apiKey``, ``auth_token``, ``mot_de_passe``."""
    words = [word.lower() for word in _NAME_PART.findall(name)]
    joined = "".join(words)
    return any(word in _SECRET_WORDS or word.rstrip("s") in _SECRET_WORDS for word in words) or any(
        compound in joined for compound in _SECRET_COMPOUNDS
    )


def secret_of_addresses(text: str) -> str | None:
    """Return what looks like a secret in a text that is an address, or has some in it; None if nothing does.

    :returns: words that do not repeat it: ``a user or password before its host``, ``the parameter 'token'``.
    """
    if "/" not in text:  # what most values are: no address, and none in it
        return None
    return next(filter(None, map(_secret_of, [text, *_ADDRESS.findall(text)])), None)


def _secret_of(address: str) -> str | None:
    try:
        parts = urlsplit(address)
    except ValueError:  # not a URL; the code that needs one reports it
        return None
    if not parts.netloc:
        return None
    if "@" in parts.netloc:
        return "a user or password before its host"
    for name, _ in (*parse_qsl(parts.query), *parse_qsl(parts.fragment)):  # parameters without value are left out
        if names_secret(name):
            return f"the parameter {name[:40]!r}"
    return None


def without_secrets(address: str) -> str:
    """Return an address as a message may show it, also a malformed one: no user, password, query or fragment."""
    before, at, after = address.rpartition("@")
    if at and not _PLAIN_HOST.match(address):
        scheme = re.match(r"[a-z]+://", before, re.IGNORECASE)
        address = f"{scheme[0] if scheme else ''}...@{after}"
    further = _QUERY_OR_FRAGMENT.search(address)
    return plain(f"{address[: further.start()]}{further[0]}..." if further else address, 120)
