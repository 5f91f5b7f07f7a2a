"""Writes times, numbers and the words of others for people and programs; a leaf that everything may call.

All that a portal or a catalogue says is untrusted: it passes :func:`plain`, :func:`markdown` or :func:`web_link` before
a log, an exception, a message or a page. ``repr`` of a string (``{name!r}``) does as well as ``plain``.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
from datetime import datetime, timezone
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Lines that a message in Markdown has at most: it is read in a chat.
MAX_CHAT_LINES = 15


def spell(seconds: float) -> str:
    """Return a length of time as a person would say it: ``45 s``, ``12 min``, ``2 h``, ``21 h 55 min``, ``3 d 4 h``."""
    whole = round(max(0.0, seconds))
    if whole < 60:
        return f"{whole} s"
    minutes = round(whole / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def clock_time(epoch: float, now: float | None = None) -> str:
    """Return a time as ``03:00 UTC``, with the day if it is not the day of ``now``."""
    when = datetime.fromtimestamp(epoch, tz=timezone.utc)
    if now is not None and datetime.fromtimestamp(now, tz=timezone.utc).date() == when.date():
        return when.strftime("%H:%M UTC")
    return when.strftime("%a %d %b %H:%M UTC") if now is not None else when.strftime("%Y-%m-%d %H:%M UTC")


def day(when: datetime) -> str:
    """Return the day of a time, in UTC."""
    return when.astimezone(timezone.utc).strftime("%Y-%m-%d")


def iso(when: datetime | None) -> str | None:
    """Return a time as ISO 8601 in UTC, None if there is none."""
    return None if when is None else when.astimezone(timezone.utc).isoformat()


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun: ``1 source``, ``2,345 sources``.

    :param number: how many.
    :param noun: singular form.
    :param plural: plural form; default: ``noun`` with an ``s``.
    """
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def few(items: Sequence[str], shown: int = 5, *, separator: str = ", ", total: int | None = None) -> str:
    """Return the first of some strings, and how many more there are: ``a, b and 3 more``.

    :param items: what is listed, already clean.
    :param shown: how many are named, 5 by default.
    :param separator: between two of them.
    :param total: how many there are in all; default: as many as ``items``.
    """
    rest = (len(items) if total is None else total) - shown
    return separator.join(items[:shown]) + (f" and {rest:,} more" if rest > 0 else "")


def shorten(text: str, limit: int, *, middle: bool = False) -> str:
    """Return a string cut to ``limit`` characters, with an ellipsis in place of what is missing.

    :param text: what is cut.
    :param limit: characters at most.
    :param middle: whether the middle is left out instead of the end: the cause of a failed request is at its end.
    """
    if len(text) <= limit:
        return text
    if not middle:
        return f"{text[: limit - 1]}…"
    kept = max(2, limit - 3)
    return f"{text[: kept - kept // 2]} … {text[-(kept // 2) :]}"


#: Characters of a link at most, in what people read: browsers and chats refuse longer ones.
MAX_LINK = 2000
#: Characters that a line of a log window shows.
LOG_WIDTH = 110


def log_lines(text: str, width: int = LOG_WIDTH) -> list[str]:
    """Return a text as lines that fit a log window: broken between sentences, and between words within a long one.

    What continues a line is indented.

    :param text: one or several lines.
    :param width: characters of a line at most, unless a single word, such as an address, is longer; 110.
    """
    return [part for line in text.splitlines() for part in (_broken(line, width) if len(line) > width else [line])]


def _broken(line: str, width: int) -> list[str]:
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    parts: list[str] = []
    for sentence in _SENTENCES.split(line):
        if parts and len(parts[-1]) + 1 + len(sentence) <= width:
            parts[-1] += f" {sentence}"
            continue
        parts += textwrap.wrap(
            sentence,
            width,
            initial_indent=indent if parts else "",
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
    return parts


_SENTENCES = re.compile(r"(?<=[.:]) (?=[A-Z])")


# --- what a portal or a catalogue says --------------------------------------------------------------------------------

# Escape sequences of terminals: OSC and its kin (titles, links), CSI (colours, cursor), and the short ones. Lengths are
# bounded, and an opening ends the one before it, so that a string full of openings costs no more than its length.
_TERMINAL = re.compile(
    r"(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x90\x98\x9c-\x9f]{0,4096}(?:\x07|\x1b\\|\x9c)"
    r"|(?:\x1b\[|\x9b)[0-?]{0,64}[ -/]{0,8}[@-~]"
    r"|\x1b[ -/]{0,8}[0-~]"
)
_FOLDED = frozenset({"Cc", "Zl", "Zp", "Zs"})
#: The two joiners of Arabic, Indian scripts and emoji are invisible, but neither reorder nor hide anything.
_JOINERS = "\u200c\u200d"
#: A string that is cut is cleaned only near its ends: a message of megabytes costs no more than a long one.
_MARGIN = 8192


def plain(text: object, limit: int | None = 200, *, middle: bool = False) -> str:
    """Return what a portal or a catalogue says as one line that is safe in a log, an exception and a message.

    A name, an identifier or an error message may hold anything: line breaks that forge a log line, escape sequences
    that a terminal obeys, marks that reverse the reading order, halves of characters that no log can encode. Line
    breaks and other control characters become a blank; escape sequences and invisible marks are left out.

    :param text: as the portal returned it; None gives an empty string.
    :param limit: characters at most, 200 by default; None cuts nothing.
    :param middle: whether the middle is left out of a longer text instead of its end.
    """
    raw = "" if text is None else str(text)
    if limit is not None and len(raw) > 2 * _MARGIN + limit:
        raw = f"{raw[: _MARGIN + limit]} {raw[-_MARGIN:]}"
    line = raw if raw.isprintable() else "".join(map(_visible, _TERMINAL.sub(" ", raw)))
    line = " ".join(line.split())
    return line if limit is None else shorten(line, limit, middle=middle)


def markdown(text: object, limit: int | None = 200, *, middle: bool = False) -> str:
    """Return the same for a chat: its own signs of markup are shown as they are, and ``@`` calls nobody.

    :param text: as the portal returned it.
    :param limit: characters at most before the signs are escaped, 200 by default; None cuts nothing.
    :param middle: as for :func:`plain`.
    """
    return _MARKUP.sub(r"\\\1", plain(text, limit, middle=middle)).replace("@", "@\u200b").replace("\\<!", "\\<\u200b!")


def markdown_link(text: object, url: object, limit: int | None = 80) -> str:
    """Return a Markdown link, or only the text if the address is not an http(s) one, or longer than any page's.

    :param text: as the portal returned it.
    :param url: target of the link.
    :param limit: characters of the text at most, 80 by default.
    """
    target = web_link(url)
    shown = markdown(text, limit)
    if target is None or len(target) > MAX_LINK:
        return shown
    return f"[{shown}]({_LINK_SIGNS.sub(lambda sign: f'%{ord(sign[0]):02X}', target)})"


def web_link(url: object) -> str | None:
    """Return an address if it is safe as a link, None otherwise: http or https, a host, no user, no odd characters.

    :param url: as the portal or a catalogue said it.
    """
    if not isinstance(url, str) or not url.isprintable() or "\\" in url or any(map(str.isspace, url)):
        return None
    try:
        parts = urlsplit(url)
        named = parts.hostname
        _ = parts.port  # raises ValueError if it is not a number
    except ValueError:
        return None
    return url if parts.scheme.lower() in ("http", "https") and named and "@" not in parts.netloc else None


_MARKUP = re.compile(r"([\\`*_\[\]<>#|~])")
_LINK_SIGNS = re.compile(r'[()<>|`"]')


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category in _FOLDED:
        return " "
    if category == "Cs":
        return "\ufffd"
    return "" if category == "Cf" and character not in _JOINERS else character


# --- what looks like a secret, in data that everybody can read -------------------------------------------------------

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
