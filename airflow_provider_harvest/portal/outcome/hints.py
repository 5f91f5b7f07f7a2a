"""Table of portal messages with their meaning and what to do; used by outcome and report.

udata returns free text, not codes, and it changes between releases: a hint may decide what is *said*, and
whether a failed harvest is worth another try, never whether a harvest was a success.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from airflow_provider_harvest.portal.text.words import shorten

#: Who must act.
PRODUCER, PORTAL, NOBODY = "producer", "portal", "nobody"
#: Characters of a message that are searched: its beginning, and its end, which names the cause.
_SEARCHED = 2000


@dataclass(frozen=True)
class Hint:
    """What a kind of message means.

    :param pattern: searched in the portal's message, in lower case.
    :param advice: what to do, a sentence.
    :param may_pass: whether the same catalogue may be readable later: a maintenance page, an incomplete or empty
        response.
    :param remote_unreachable: whether the remote catalogue could not be reached, so that a later try may succeed.
    :param name: what went wrong, in a few words: the heading of all such messages in a report.
    :param who: who must act: ``producer``, ``portal`` (its team) or ``nobody`` (it passes by itself).
    :param words: a message without any of these does not match; checked first, since the pattern takes much longer.
    """

    pattern: re.Pattern[str]
    advice: str
    remote_unreachable: bool = False
    name: str = ""
    who: str = PRODUCER
    may_pass: bool = False
    words: tuple[str, ...] = ()

    def matches(self, text: str) -> bool:
        """Whether the pattern occurs in a text in lower case."""
        return any(word in text for word in self.words) and self.pattern.search(text) is not None


def _hint(
    name: str,
    pattern: str,
    advice: str,
    *,
    remote_unreachable: bool = False,
    may_pass: bool = False,
    who: str = PRODUCER,
) -> Hint:
    # Without IGNORECASE, which takes six times as long: messages are searched in lower case, too.
    expression, words = re.compile(pattern.lower()), words_of(pattern.lower())
    return Hint(expression, advice, remote_unreachable, name, who, remote_unreachable or may_pass, words)


def words_of(pattern: str) -> tuple[str, ...]:
    """Return of each alternative of a pattern the longest string that every match of it contains.

    :param pattern: a regular expression whose groups do not nest; only its groups may hold alternatives in turn.
    """
    without = re.sub(r"\\.|\[[^]]*\]", "\0", pattern)  # escapes and sets of characters
    without = re.sub(r"\([^()]*\)", "\0", without)
    return tuple(max(re.split(r".[?*+]|[\0.]", one), key=len) for one in without.split("|"))


HINTS: tuple[Hint, ...] = (
    _hint(
        "The source's URL redirects",
        r"Redirect \(\d+\) not allowed",
        "The source's URL redirects, which udata refuses from 15.2 on: set the source to the final URL.",
    ),
    _hint(
        "The dataset belongs to another owner",
        r"Item has another owner",
        "The dataset belongs to another organization on the portal: ask its team to transfer it, or drop the record.",
        who=PORTAL,
    ),
    _hint(
        "The same identifier twice",
        r"Identifier .* already exists",
        "The catalogue lists this identifier twice: give each record its own dct:identifier.",
    ),
    _hint(
        "A record without an identifier",
        r"missing identifier",
        "The record has no dct:identifier: add one to the catalogue.",
    ),
    _hint("A record without a title", r"missing title", "The record has no title: add one to the catalogue."),
    # Before the table's entry for unreachable servers, since requests wraps it into "Max retries exceeded".
    _hint(
        "The certificate is not trusted",
        r"certificate verify failed|CERTIFICATE_VERIFY_FAILED|WRONG_VERSION_NUMBER",
        "The portal does not trust the certificate of the remote server: renew it there, with its whole chain.",
    ),
    _hint(
        "Cut short at the portal's own limit",
        r"max items reached",
        "The portal cut the harvest short at its own limit: ask its team to raise it.",
        who=PORTAL,
    ),
    _hint(
        "The remote server could not be reached",
        r"\b(50[234]) Server Error|\b429 Client Error|Max retries exceeded|NewConnectionError|Connection refused"
        r"|Connection aborted|Connection reset|RemoteDisconnected|Read timed out|ConnectTimeout|timed out"
        r"|Temporary failure in name resolution|Name or service not known|Failed to resolve|No route to host",
        "The portal could not reach the remote catalogue: check that its server is up and lets the portal in.",
        remote_unreachable=True,
        who=NOBODY,
    ),
    # Messages of the parsers of XML, JSON and RDF for a response that is not a catalogue; a position is
    # where parsing stops.
    _hint(
        "A web page instead of the catalogue",
        r"mismatched tag|<!doctype html|<html|undefined entity|Unable to guess format|Unsupported mime ?type.*html",
        "The source's URL returned a web page instead of the catalogue, such as one for maintenance or a login, "
        "or the XML is broken: open the URL.",
        may_pass=True,
    ),
    _hint(
        "An empty response instead of the catalogue",
        r"no element found: line 1, column 0|Document is empty|empty (document|response|file)",
        "The source's URL returned nothing: open it, and check what its server sends.",
        may_pass=True,
    ),
    _hint(
        "The catalogue is cut short",
        r"no element found|unclosed token|Premature end|Unterminated string|IncompleteRead",
        "The catalogue is incomplete: its server cut the response, or was writing it at that time.",
        may_pass=True,
    ),
    _hint(
        "Not the catalogue but something else",
        r"not well-formed \(invalid token\): line 1, column [0-3]\b|Start tag expected|BadGzipFile|Not a gzipped file",
        "The source's URL returned something other than XML, such as JSON or a zipped file: give the source the "
        "URL of the catalogue itself, in the backend's format.",
        may_pass=True,
    ),
    _hint(
        "The catalogue is not valid XML",
        r"not well-formed|syntax error: line",
        "The catalogue is not valid XML (the message names the place): correct it there.",
    ),
    _hint(
        "Not JSON but something else",
        r"Expecting value: line 1 column 1 \(char 0\)|JSONDecodeError",
        "The source's URL returned something other than JSON, such as a web page or nothing: open the URL.",
        may_pass=True,
    ),
    _hint(
        "The URL does not exist",
        r"\b404 Client Error",
        "The source's URL does not exist on the remote server: correct it.",
    ),
    _hint(
        "The remote server refuses the portal",
        r"\b40[13] Client Error|Authorization Error",
        "The remote server refuses the portal: allow its address or user agent there.",
    ),
    _hint(
        "The remote server fails",
        r"\b500 Server Error|\bServer Error: ",
        "The remote server fails on this URL: open it in a browser and repair the catalogue's server.",
    ),
    _hint(
        "An address that the portal may not read",
        r"URL not allowed|is private|is local|SSRF|not a public",
        "The portal refuses addresses of private networks: give the source a public URL.",
    ),
    _hint(
        "A date that cannot be read",
        r"cannot parse date|Unknown string format|is out of range|DateField only accepts",
        "The record has a date that cannot be read (see the message): correct it in the catalogue, as in 2026-11-26.",
    ),
    _hint(
        "The catalogue cannot be read: not the XML or JSON that was expected",
        r"syntax error|not well-formed|no element found|unclosed token|mismatched tag|Expecting value|Extra data: line"
        r"|Document is empty|returned HTML|Unsupported mime type|XMLSyntaxError|JSONDecodeError|RDF.*(?:format|parse)",
        "The source's URL returns something other than the catalogue, or a part of it: open it in a browser, and "
        "correct the URL, the backend or the catalogue.",
    ),
    _hint(
        "A fault of the portal's own software",
        r"E11000|duplicate key|NotUniqueError|KeyError|AttributeError|TypeError|object has no attribute|StopIteration"
        r"|OperationError|NoneType|iso-19139-to-dcat-ap",
        "The portal's software fails on this record: send its team the message and the record.",
        who=PORTAL,
    ),
    _hint(
        "A value that the portal refuses",
        r"Validation ?Error",
        "The record has a value that the portal refuses (named in the message): correct it in the catalogue.",
    ),
)


def hint_for(message: str) -> Hint | None:
    """Return the first hint whose pattern occurs in a message of the portal, None if none does."""
    return _hint_in(shorten(message, _SEARCHED, middle=True).lower())


@functools.lru_cache(maxsize=256)  # most records of a broken harvest fail with the same words
def _hint_in(text: str) -> Hint | None:
    return next((hint for hint in HINTS if hint.matches(text)), None)


def says_may_pass(message: str) -> bool:
    """Whether a message of the portal is about a fault that may pass; False for an unknown message."""
    hint = hint_for(message)
    return hint is not None and hint.may_pass


def says_remote_unreachable(message: str) -> bool:
    """Whether a message of the portal says that the remote catalogue could not be reached; False if unknown."""
    hint = hint_for(message)
    return hint is not None and hint.remote_unreachable
