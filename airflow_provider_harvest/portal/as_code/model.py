"""The content of files of sources as frozen dataclasses; made by the reader, used by all other modules.

What a file does not say is absent here (``None``, or no such key in ``fields``), and is left alone on the portal.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.cron import InvalidCron, Schedule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Minutes of a day.
DAY = 24 * 60
#: Fields of a source that a file may set, in the order in which they are written and compared.
FIELDS = ("name", "url", "backend", "description", "config", "active", "autoarchive")


class InvalidDeclaration(HarvestInvalidInput):
    """Files of sources are invalid; no write was sent.

    :param problems: one sentence each, beginning with file and line; none repeats what may be a secret.
    """

    #: How many problems the message names; all are in ``problems``.
    SHOWN = 20

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        more = len(self.problems) - self.SHOWN
        shown = [*self.problems[: self.SHOWN], *([f"... and {more} more."] if more > 0 else [])]
        super().__init__("\n".join(shown))


@dataclass(frozen=True)
class Cron:
    """A source is harvested at these times.

    :param text: five fields by Celery's rules, checked, separated by single blanks.
    """

    text: str


@dataclass(frozen=True)
class Window:
    """A source is harvested once on each of these days, at a minute that :mod:`.windows` chooses.

    :param start: first minute of the day that may be chosen, 0 to 1439, on the portal's clock.
    :param end: first minute after ``start`` that may not, 1 to 1440; at or before ``start`` it is of the next day.
    :param days: the day of week of the cron, as in ``*`` or ``mon-fri``.
    """

    start: int
    end: int
    days: str = "*"

    @property
    def length(self) -> int:
        """How many minutes may be chosen."""
        return (self.end - self.start - 1) % DAY + 1

    def cron_at(self, offset: int) -> str:
        """Return the cron of the minute that is so many minutes after the start."""
        hour, minute = divmod((self.start + offset) % DAY, 60)
        return f"{minute} {hour} * * {self.days}"

    def offset_of(self, cron: str | None) -> int | None:
        """Return how many minutes after the start a cron fires, None if it is not one of this window's own."""
        try:
            schedule = Schedule.parse(cron or "")
        except InvalidCron:
            return None
        if len(schedule.hours) != 1 or len(schedule.minutes) != 1:
            return None
        offset = (schedule.hours[0] * 60 + schedule.minutes[0] - self.start) % DAY
        own = Schedule.parse(self.cron_at(offset))
        same_days = (schedule.days, schedule.months, schedule.weekdays) == (own.days, own.months, own.weekdays)
        return offset if same_days and offset < self.length else None


@dataclass(frozen=True)
class Unscheduled:
    """A source has no cron: the portal never harvests it by itself."""


@dataclass(frozen=True)
class Acceptance:
    """A source is accepted.

    :param comment: sent with the acceptance; it does not matter for a source that is accepted already.
    """

    comment: str | None = None


@dataclass(frozen=True)
class DeclaredSource:
    """The description of one source in one environment, as the files give it.

    :param key: its name in the files, which never changes; unique over all files.
    :param where: file and line at which it begins, as in ``sources.yaml:12``, for messages.
    :param fields: the given :data:`FIELDS`, checked; ``config`` in udata's own form and whole.
    :param organization: id or slug; None if not given.
    :param owner: id of a user; None if not given. Never both.
    :param portal_id: its id on the portal of this environment, if the file gives it.
    :param schedule: None if not given.
    :param validation: None if not given.
    :param lines: the place of each key, as in ``{"url": "sources.yaml:14"}``.
    :param incomplete: what the files lack of it, as an export writes it.
    """

    key: str
    where: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    organization: str | None = None
    owner: str | None = None
    portal_id: str | None = None
    schedule: Cron | Window | Unscheduled | None = None
    validation: Acceptance | None = None
    lines: Mapping[str, str] = field(default_factory=dict, compare=False)
    incomplete: tuple[str, ...] = ()

    def line_of(self, name: str) -> str:
        """Return file and line of one key, or of the source if that is not known."""
        return self.lines.get(name, self.where)


@dataclass(frozen=True)
class Declaration:
    """The content of files for one environment.

    :param sources: sorted by key, so that their order in the files does not matter.
    :param portal: site of the portal, such as ``https://www.data.gouv.fr``; None if not given.
    :param environment: its name; None if the files define no environments.
    :param managed_by: name that marks the sources of these files in their public description; None: no marker.
    """

    sources: tuple[DeclaredSource, ...] = ()
    portal: str | None = None
    environment: str | None = None
    managed_by: str | None = None
