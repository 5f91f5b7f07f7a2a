"""Recognizes names and addresses that hold a secret, so that none is shown; a leaf that everything may call."""

from __future__ import annotations

import re

from airflow_provider_harvest.portal.text.untrusted import plain

_SECRET_WORDS = frozenset(
    {"apikey", "authorization", "bearer", "credential", "jeton", "mdp", "pass", "passphrase", "passwd", "password"}
    | {"pwd", "secret", "token"}
)
# Names of several words, however they are joined: api_key, apiKey, x-api-key, mot_de_passe.
_SECRET_COMPOUNDS = ("accesskey", "apikey", "motdepasse", "privatekey")
_NAME_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def names_secret(name: str) -> bool:
    """Whether a parameter of this name usually holds a secret: ``apiKey``, ``auth_token``, ``mot_de_passe``."""
    words = [word.lower() for word in _NAME_PART.findall(name)]
    joined = "".join(words)
    return any(word in _SECRET_WORDS or word.rstrip("s") in _SECRET_WORDS for word in words) or any(
        compound in joined for compound in _SECRET_COMPOUNDS
    )


def without_secrets(address: str) -> str:
    """Return an address as a message may show it, also a malformed one: no user, password or query."""
    before, at, after = address.rpartition("@")
    if at:
        scheme = re.match(r"[a-z]+://", before, re.IGNORECASE)
        address = f"{scheme[0] if scheme else ''}...@{after}"
    shown, query, _ = address.partition("?")
    shown = f"{shown}?..." if query else shown
    return plain(shown, 120)
