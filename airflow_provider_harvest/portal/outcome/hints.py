"""Pure: what a portal's message means and what to do about it, in one table; used by outcome and report.

udata answers free text, not codes, and texts change between releases: a hint may decide what is *said*, and
whether a failed harvest is worth another try, never whether a harvest was a success.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Hint:
    """What a kind of message means.

    :param pattern: searched in the portal's message.
    :param advice: what to do, a sentence.
    :param may_pass: whether the same catalogue may be readable later: a maintenance page, a cut or empty answer.
    :param remote_unreachable: whether the remote catalogue could not be reached, so that a later try may succeed.
    """

    pattern: re.Pattern[str]
    advice: str
    remote_unreachable: bool = False
    may_pass: bool = False


def _hint(pattern: str, advice: str, remote_unreachable: bool = False, may_pass: bool = False) -> Hint:
    return Hint(re.compile(pattern, re.IGNORECASE), advice, remote_unreachable, remote_unreachable or may_pass)


HINTS: tuple[Hint, ...] = (
    _hint(
        r"Redirect \(\d+\) not allowed",
        "The source's URL redirects, which udata refuses from 15.2 on: set the source to the final URL.",
    ),
    _hint(
        r"Item has another owner",
        "The dataset belongs to another organization on the portal: ask its team to transfer it, or drop the record.",
    ),
    _hint(
        r"Identifier .* already exists",
        "The catalogue lists this identifier twice: give each record its own dct:identifier.",
    ),
    _hint(r"missing identifier", "The record has no dct:identifier: add one to the catalogue."),
    _hint(r"missing title", "The record has no title: add one to the catalogue."),
    # Before the table's entry for unreachable servers, since requests wraps it into "Max retries exceeded".
    _hint(
        r"certificate verify failed|CERTIFICATE_VERIFY_FAILED",
        "The portal does not trust the certificate of the remote server: renew it there, with its whole chain.",
    ),
    _hint(r"max items reached", "The portal cut the harvest short at its own limit: ask its team to raise it."),
    _hint(
        r"\b(50[234]) Server Error|\b429 Client Error|Max retries exceeded|NewConnectionError|Connection refused"
        r"|Connection aborted|Connection reset|RemoteDisconnected|Read timed out|ConnectTimeout|timed out"
        r"|Temporary failure in name resolution|Name or service not known|Failed to resolve|No route to host",
        "The portal could not reach the remote catalogue: check that its server is up and lets the portal in.",
        remote_unreachable=True,
    ),
    # What the readers of XML, JSON and RDF say of an answer that is no catalogue; a position tells where it goes wrong.
    _hint(
        r"mismatched tag|<!doctype html|<html|undefined entity|Unable to guess format|Unsupported mime ?type.*html",
        "The source's URL answered with a web page instead of the catalogue, such as one for maintenance or a login, "
        "or the XML is broken: open the URL.",
        may_pass=True,
    ),
    _hint(
        r"no element found: line 1, column 0|Document is empty|empty (document|response|file)",
        "The source's URL answered with nothing: open it, and check what its server writes.",
        may_pass=True,
    ),
    _hint(
        r"no element found|unclosed token|Premature end|Unterminated string|IncompleteRead",
        "The catalogue ends before its end: its server cut the answer, or was writing it meanwhile.",
        may_pass=True,
    ),
    _hint(
        r"not well-formed \(invalid token\): line 1, column [0-3]\b|Start tag expected|BadGzipFile|Not a gzipped file",
        "The source's URL answered with something else than XML, such as JSON or a zipped file: give the source the "
        "URL of the catalogue itself, in the backend's format.",
        may_pass=True,
    ),
    _hint(
        r"not well-formed|syntax error: line",
        "The catalogue is not valid XML (the message names the place): correct it there.",
    ),
    _hint(
        r"Expecting value: line 1 column 1 \(char 0\)|JSONDecodeError",
        "The source's URL answered with something else than JSON, such as a web page or nothing: open the URL.",
        may_pass=True,
    ),
    _hint(r"\b404 Client Error", "The source's URL does not exist on the remote server: correct it."),
    _hint(
        r"\b40[13] Client Error",
        "The remote server refuses the portal: allow its address or user agent there.",
    ),
    _hint(
        r"\b500 Server Error|\bServer Error: ",
        "The remote server fails on this URL: open it in a browser and mend the catalogue's server.",
    ),
    _hint(
        r"URL not allowed|is private|is local|SSRF|not a public",
        "The portal refuses addresses of private networks: give the source a public URL.",
    ),
    _hint(
        r"ValidationError",
        "The record has a value that the portal refuses (named in the message): correct it in the catalogue.",
    ),
)


def hint_for(message: str) -> Hint | None:
    """Return the first hint whose pattern occurs in a message of the portal, None where none does."""
    return next((hint for hint in HINTS if hint.pattern.search(message)), None)


def says_may_pass(message: str) -> bool:
    """Whether a message of the portal is about something that a later harvest may not meet; unknown is no."""
    hint = hint_for(message)
    return hint is not None and hint.may_pass


def says_remote_unreachable(message: str) -> bool:
    """Whether a message of the portal says that the remote catalogue could not be reached; unknown is no."""
    hint = hint_for(message)
    return hint is not None and hint.remote_unreachable
