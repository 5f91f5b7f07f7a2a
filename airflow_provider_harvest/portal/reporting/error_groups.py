"""Groups the errors of a harvest by what they mean, with examples and who must act; fed item by item."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.portal.outcome.hints import hint_for
from airflow_provider_harvest.portal.text.untrusted import plain, web_link

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.models import HarvestItem

#: ``who`` of a group whose message is not known.
UNKNOWN = "unknown"
#: Examples that a group names.
MAX_EXAMPLES = 3
#: Most groups that are kept separately; the rest counts as one.
MAX_GROUPS = 50
_OTHERS = "(other messages)"
_WIDTH = 300

# What differs between two messages of one meaning, in this order: addresses, quoted words, ids, dates, paths, numbers.
_VARIABLE = tuple(
    (re.compile(pattern), sign)
    for pattern, sign in (
        (r"\b[a-z][a-z0-9+.-]*://[^\s'\"<>)\]]+", "<url>"),
        (r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,64}\.[\w.-]{1,64}", "<address>"),
        (r"\"[^\"]{0,300}\"|'[^']{0,300}'|«[^»]{0,300}»|“[^”]{0,300}”", "<name>"),
        (r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b|\b[0-9a-fA-F]{16,64}\b|0x[0-9a-fA-F]+", "<id>"),
        (r"\b\d{4}-\d{1,2}-\d{1,2}(?:[T ][\d:.]+(?:Z|[+-]\d\d:?\d\d)?)?\b|\b\d{1,2}/\d{1,2}/\d{2,4}\b", "<date>"),
        (r"(?<![\w<>/.])/[^\s'\"<>()\[\]]+", "<path>"),
        (r"(?<=: )\S+(?=$)", "<name>"),
        (r"(?<![-\w./:,])[-\w./:,]{0,64}?\d[-\w./:,]*", "<n>"),
    )
)


@dataclass
class ErrorGroup:
    """Errors that mean the same.

    :param title: what they mean, or their message without what differs between them.
    :param who: who must act: ``producer``, ``portal``, ``nobody`` or ``unknown``.
    :param advice: what to do; None if the message is not known.
    :param count: how many there are.
    :param examples: up to three: ``remote_id``, ``title``, ``url``, ``message``.
    """

    title: str
    who: str
    advice: str | None
    count: int = 0
    examples: list[dict[str, Any]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return the group as JSON."""
        return vars(self)


class ErrorGroups:
    """Takes errors one at a time, and keeps their groups only."""

    def __init__(self) -> None:
        self._groups: dict[str, ErrorGroup] = {}

    def add(self, message: str, remote_id: str | None = None, title: str | None = None, url: str | None = None) -> str:
        """Count an error, and return the title of its group.

        :param message: what the portal says.
        :param remote_id: of the record; None for an error of the job itself.
        :param title: of the dataset, if known.
        :param url: of the dataset or the record.
        """
        hint = hint_for(message)
        key = hint.name if hint else fingerprint(message)
        if key not in self._groups and len(self._groups) >= MAX_GROUPS:
            key, hint = _OTHERS, None
        group = self._groups.get(key)
        if group is None:
            who, advice = (hint.who, hint.advice) if hint else (UNKNOWN, None)
            group = self._groups[key] = ErrorGroup(key, who, advice)
        group.count += 1
        if len(group.examples) < MAX_EXAMPLES:
            group.examples.append(
                {
                    "remote_id": plain(remote_id) or None,
                    "title": plain(title) or None,
                    "url": web_link(url),
                    "message": plain(message, _WIDTH),
                }
            )
        return key

    def add_item(self, item: HarvestItem) -> None:
        """Count the errors of an item, as one."""
        if item.status == "failed" or item.errors:
            message = "; ".join(error.message for error in item.errors) or "no reason given"
            self.add(message, item.remote_id, item.dataset_title, item.dataset_url or item.remote_url)

    def result(self) -> list[ErrorGroup]:
        """Return the groups, the largest first."""
        return sorted(self._groups.values(), key=lambda group: (-group.count, group.title))


def fingerprint(message: str) -> str:
    """Return a message without what differs between two of the same meaning: ids, addresses, names, dates, numbers."""
    return _without_variables(plain(message, 400))


@functools.lru_cache(maxsize=256)  # most records of a broken harvest fail with the same words
def _without_variables(text: str) -> str:
    for pattern, sign in _VARIABLE:
        text = pattern.sub(sign, text)
    return plain(text, 160) or "no reason given"
