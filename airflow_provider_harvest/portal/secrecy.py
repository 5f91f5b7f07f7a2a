"""Detects what looks like a secret in data that will be public; called by the checks of input.

A source's ``url`` and ``config`` are public on the portal, to readers without a key, in every release.
"""

from __future__ import annotations

import re

from airflow_provider_harvest.portal.words import plain

_WORDS = frozenset(
    {"apikey", "authorization", "bearer", "credential", "jeton", "mdp", "pass", "passphrase", "passwd", "password"}
    | {"pwd", "secret", "token"}
)
# Names of several words, however they are joined: api_key, apiKey, x-api-key, mot_de_passe.
_COMPOUNDS = ("accesskey", "apikey", "motdepasse", "privatekey")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def names_secret(name: str) -> bool:
    """Whether a parameter of this name usually holds a secret: ``apiKey``, ``auth_token``, ``mot_de_passe``."""
    words = [word.lower() for word in _WORD.findall(name)]
    joined = "".join(words)
    return any(word in _WORDS or word.rstrip("s") in _WORDS for word in words) or any(
        compound in joined for compound in _COMPOUNDS
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
