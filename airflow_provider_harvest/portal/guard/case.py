"""What a pass of the guard found: one case for each source, and all of them as a report."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow_provider_harvest.portal.guard.hold_and_release import contradicts, is_held
from airflow_provider_harvest.portal.sources.guard_note import Note, split

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from airflow_provider_harvest.portal.guard.archiving_forecast import Forecast
    from airflow_provider_harvest.portal.guard.hold_decision import Judgement
    from airflow_provider_harvest.portal.http.datasets import HarvestedRecord
    from airflow_provider_harvest.portal.models import HarvestJob, HarvestSource

#: Days after which a hold is reported again as waiting for a decision.
REMIND_DAYS = 14
#: Share of a held loss that may still be missing when its hold is lifted: catalogues lose a few records on any day.
MAX_LEFT = 0.1


def begun_of(job: HarvestJob) -> datetime:
    """Return when a job that has ended began; whatever was last seen before was not refreshed by it.

    :param job: as read; a time that it lacks is replaced by a later one: more records are then examined against it.
    """
    begun = job.created or job.started or job.ended
    assert begun is not None  # noqa: S101
    return begun


@dataclass
class Case:
    """What a pass found about one source.

    :param source: as the portal's list returns it.
    :param job: its newest job after which the portal archives; None if it could not be examined.
    :param judgement: of its loss.
    :param outlook: which runs archive what.
    :param if_released: the same if archiving were on; it differs for a source that is held.
    :param missing: the records that are on the portal and not in the job, without those accepted as lost.
    :param is_note_done: whether an accepted loss is over: nothing of it is on the portal any more.
    :param accepted: the records that are on the portal, not in the job, and accepted as lost.
    :param shows_none: whether the portal shows no record of the source at all; perhaps an odd answer, so nothing that
        would let the portal archive follows from it.
    :param is_partial: whether only records of the source's owner were read: it may have others elsewhere, so nothing
        follows from it that would let the portal archive.
    :param has_grown: whether a source that is held has lost more since, so that it would be held again after a release.
    :param unexamined: why nothing is known of the records of a source that is held; empty if they were examined.
    :param action: what was done: ``held``, ``held_more``, ``lifted``, ``expired``, ``tidied``; or ``cannot_hold`` and
        ``cannot_lift``; empty for nothing.
    :param why: a sentence on the action.
    """

    source: HarvestSource
    job: HarvestJob | None
    judgement: Judgement
    outlook: Forecast
    if_released: Forecast
    missing: tuple[HarvestedRecord, ...]
    is_note_done: bool = False
    accepted: tuple[HarvestedRecord, ...] = ()
    shows_none: bool = False
    is_partial: bool = False
    has_grown: bool = False
    unexamined: str = ""
    action: str = ""
    why: str = ""

    @property
    def begun(self) -> datetime:
        """When the job began, of a source that was examined."""
        assert self.job is not None  # noqa: S101
        return begun_of(self.job)

    @property
    def ended(self) -> datetime | None:
        """When the job ended; None if none is known."""
        return self.job.ended if self.job else None

    @property
    def must_hold(self) -> bool:
        """Whether the loss waits for a person; not if its hold has just expired, which accepted it."""
        return self.judgement.hold and self.action != "expired"

    @property
    def is_held(self) -> bool:
        """Whether the guard holds the source now."""
        return is_held(self.source)

    @property
    def note(self) -> Note | None:
        """The content of the guard's line in the source's description."""
        return split(self.source.description)[1]

    @property
    def is_back(self) -> bool:
        """Whether the loss for which the source is held is over: all of it is back, or all but a few as usual."""
        is_unknown = self.shows_none or self.is_partial or self.unexamined or self.awaits_harvest
        return self.note is not None and self.is_usual and not is_unknown

    @property
    def is_usual(self) -> bool:
        """Whether what is missing is an ordinary loss; of one that is held, a tenth may be missing still."""
        note = self.note
        if note is None or note.is_ahead:
            return not self.judgement.hold
        return not (self.judgement.hold or self.unexamined or len(self.missing) > note.count * MAX_LEFT)

    @property
    def contradicts_note(self) -> bool:
        """Whether that line is out of date, since a person has changed ``autoarchive``."""
        return contradicts(self.source)

    @property
    def awaits_harvest(self) -> bool:
        """Whether a guarded run holds the source ahead of a harvest that has not ended."""
        note = self.note
        return note is not None and note.is_ahead and (self.job is None or self.begun < note.at)

    def is_overdue(self, now: datetime) -> bool:
        """Whether a hold has waited so long that people are reminded."""
        note = self.note
        return self.is_held and note is not None and now - note.at >= timedelta(days=REMIND_DAYS)


@dataclass
class GuardReport:
    """What a pass found.

    :param portal: the portal's site.
    :param at: the portal's clock when the first page of the list was read: what is harvested later may be unknown.
    :param sources: how many sources were listed.
    :param cases: those of which something is missing, that are held, or whose next run archives without grace.
    :param exposed: by id, the sources whose next run archives at once what it does not find: a loss there cannot be
        held afterwards.
    :param not_examined: ids of the sources that were left out, since something of them could not be read.
    :param not_archiving: ids of the sources with ``autoarchive`` off that the guard does not hold; they are left out.
    :param not_holdable: by id, why a source that archives could not be held if it lost records; read in mode ``hold``.
    :param requests_failed: sentences on what could not be read.
    :param is_whole: whether records that a source has with another owner than its own were read, too.
    """

    portal: str
    at: datetime
    sources: int = 0
    cases: list[Case] = field(default_factory=list)
    exposed: dict[str, HarvestSource] = field(default_factory=dict)
    not_examined: set[str] = field(default_factory=set)
    not_archiving: list[str] = field(default_factory=list)
    not_holdable: dict[str, str] = field(default_factory=dict)
    requests_failed: list[str] = field(default_factory=list)
    is_whole: bool = True

    def leave_out(self, source_ids: Iterable[str], sentence: str) -> None:
        """Note that something could not be read, so that these sources are not examined.

        :param source_ids: their ids.
        :param sentence: which sources, and why.
        """
        self.not_examined.update(source_ids)
        self.requests_failed.append(sentence)
