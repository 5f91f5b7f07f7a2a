"""Makes what a portal or a catalogue says safe to show; a leaf that everything may call.

All of it is untrusted: it passes :func:`plain`, :func:`markdown` or :func:`web_link` before a log, an exception, a
message or a page. ``repr`` of a string (``{name!r}``) does as well as ``plain``.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import urlsplit

from airflow_provider_harvest.portal.text.words import shorten

#: Characters of a link at most, in what people read: browsers and chats refuse longer ones.
MAX_LINK = 2000

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
    if (limit is None or len(raw) <= limit) and " " not in raw and raw.isprintable():
        return raw  # an id, a status: most of what a portal returns
    if limit is not None and len(raw) > 2 * _MARGIN + limit:
        raw = f"{raw[: _MARGIN + limit]} {raw[-_MARGIN:]}"
    line = raw if raw.isprintable() else "".join(map(_visible, _TERMINAL.sub(" ", raw)))
    line = " ".join(line.split())
    return line if limit is None else shorten(line, limit, middle=middle)


def markdown(text: object, limit: int | None = 200) -> str:
    """Return the same for a chat: its own signs of markup are shown as they are, and ``@`` calls nobody.

    :param text: as the portal returned it.
    :param limit: characters at most before the signs are escaped, 200 by default; None cuts nothing.
    """
    return _MARKUP.sub(r"\\\1", plain(text, limit)).replace("@", "@\u200b").replace("\\<!", "\\<\u200b!")


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
    # Of all white space only the blank is printable.
    if not isinstance(url, str) or not url.isprintable() or "\\" in url or " " in url:
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
