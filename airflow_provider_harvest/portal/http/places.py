"""Where the settings of a client come from, for its messages: what to do is said in the words of who set it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Places:
    """Where a user sets what a client is made of.

    :param site: the portal's address.
    :param key: the API key.
    :param verify: the path of a CA bundle.
    """

    site: str
    key: str
    verify: str


#: Of a script that makes a client by itself.
ARGUMENTS = Places("the argument site", "the argument api_key", "the argument verify")
#: Of an Airflow connection.
CONNECTION = Places("the connection's host", "the connection's password", "'verify' in the connection's extra")


def at_start(words: str) -> str:
    """Return a place as a sentence begins with it."""
    return words[:1].upper() + words[1:]
