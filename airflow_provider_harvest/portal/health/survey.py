"""Passes over all sources of a portal: which requests that takes, and in which order; called as ``examine()``.

One request for each page of the list, which has the last job of every source; then the last jobs of the few sources
for which that is not enough.
"""

from __future__ import annotations

import heapq
import logging
import zlib
from collections import Counter
from dataclasses import replace
from datetime import datetime, timezone
from itertools import islice
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import (
    HarvestError,
    HarvestInvalidInput,
    HarvestNotFound,
    HarvestProtocolError,
    HarvestServerError,
)
from airflow_provider_harvest.portal.health.archiving_findings import Foreseen, as_before
from airflow_provider_harvest.portal.health.findings import (
    DATASETS_ARCHIVED,
    DUPLICATE_URL,
    VANISHING,
    Card,
    Finding,
    HealthReport,
    Thresholds,
    Trouble,
    chosen_checks,
    ordered,
)
from airflow_provider_harvest.portal.health.overview import Overview
from airflow_provider_harvest.portal.health.rules import (
    JUST_ENDED,
    REASONS,
    STATES,
    Asked,
    Verdict,
    catalogue_key,
    judge,
    shortened,
    slim,
    state_of,
)
from airflow_provider_harvest.portal.health.shrinkage import items_of
from airflow_provider_harvest.portal.health.state import Known, PassMemory, recall, remember
from airflow_provider_harvest.portal.http.job_reads import PAGE_SIZE, RECENT_JOBS
from airflow_provider_harvest.portal.http.unreadable_entries import unreadable_sentence
from airflow_provider_harvest.portal.inputs import check_backend
from airflow_provider_harvest.portal.sources.listing import SourceFilter, clocked
from airflow_provider_harvest.portal.sources.writes import organization_of
from airflow_provider_harvest.portal.text.words import few

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.health.state import Items
    from airflow_provider_harvest.portal.http.unreadable_entries import UnreadableEntry
    from airflow_provider_harvest.portal.models import HarvestJob, HarvestSource

log = logging.getLogger(__name__)

#: Reads beyond the list that a pass makes at most by default.
MAX_DETAIL_REQUESTS = 100

_FIELDS = (
    "name,url,backend,active,deleted,schedule,created_at,validation{state,on},"
    "last_job{id,status,created,started,ended,items{total,by_status}}"
)
#: Jobs that are read of a source: up to 16.x each comes with all its items' statuses.
_FEW_JOBS = 5
#: Skipped items whose reasons are counted.
_FEW_SKIPPED = 100
#: Other sources of the same catalogue, and sources that cannot be read, that a report names.
_NAMED = 3


def examine(
    client: HarvestClient,
    selection: SourceFilter | None = None,
    thresholds: Thresholds | None = None,
    previous: dict[str, Any] | None = None,
    now: float | None = None,
    *,
    checks: tuple[str, ...] | None = None,
    max_detail_requests: int = MAX_DETAIL_REQUESTS,
    page_size: int = PAGE_SIZE,
) -> HealthReport:
    """Find what is wrong on a portal. Needs no key.

    :param client: of the portal.
    :param selection: which sources; default: all.
    :param thresholds: above which a condition is reported.
    :param previous: the ``state`` of the previous pass's report, which decides what is new; None if there is none.
    :param now: seconds since the epoch that times are compared with; default: the portal's own clock.
    :param checks: the checks to make, of :data:`~.findings.CHECKS`; default: all.
    :param max_detail_requests: reads beyond the list at most; what they leave out is said.
    :param page_size: sources in one request.
    :returns: the report; its ``state`` is for the next pass.
    :raises HarvestInvalidInput: for invalid arguments.
    :raises HarvestError: if the portal's list cannot be read. A source whose jobs cannot be read is left out.
    """
    selection = selection or SourceFilter()
    memory, why_useless = recall(previous, client.site, str(selection))
    if why_useless:
        log.info("%s", why_useless)
    survey = _Survey(client, selection, thresholds or Thresholds(), memory, chosen_checks(checks))
    survey.read_list(now, page_size, max_detail_requests)
    survey.look_closer(max_detail_requests)
    survey.foresee(max_detail_requests)
    return survey.report()


class _Survey:
    """One pass. What it keeps of a source that is well is its card and two numbers."""

    def __init__(
        self,
        client: HarvestClient,
        selection: SourceFilter,
        limits: Thresholds,
        memory: PassMemory,
        checks: tuple[str, ...],
    ) -> None:
        self._client = client
        self._selection = selection
        self._limits = limits
        self._memory = memory
        self._checks = checks
        self._asked = Asked(checks, limits, memory, datetime.now(timezone.utc))
        self._organization: str | None = None
        self._sources = 0
        self._overview = Overview()
        self._states: Counter[str] = Counter()
        self._items: dict[str, Items] = {}
        self._troubled: dict[str, tuple[Card, tuple[Trouble, ...]]] = {}
        self._waiting: dict[str, list[tuple[int, str, HarvestSource]]] = {reason: [] for reason in REASONS}
        self._wanting: Counter[str] = Counter()
        self._examined: Counter[str] = Counter()
        self._unreadable = 0
        self._broken: list[UnreadableEntry] = []
        self._requests = 0
        self._stopped_by: HarvestError | None = None
        self._ended: list[str] = []
        self._newest: dict[str, HarvestJob] = {}
        self._left_out = frozenset(memory.left_out)
        self._foreseen = Foreseen(uncompared=list(memory.uncompared))
        self._cards: dict[str, Card] = {}

    # --- the list ------------------------------------------------------------------------------------------------

    def read_list(self, now: float | None, page_size: int, room: int) -> None:
        """Read the portal's list, and judge each source by it.

        :param room: how many sources are kept for a closer examination, for each reason.
        """
        twins: dict[str, list[Card]] = {}
        at, listed = clocked(self._client, self._listed(page_size))
        self._asked = replace(self._asked, now=datetime.fromtimestamp(at if now is None else now, tz=timezone.utc))
        for source in listed:
            self._sources += 1
            self._states[state_of(source)] += 1
            self._overview.add(source)
            card = Card.of(source, self._client.site)
            if VANISHING in self._checks:
                self._cards[source.id] = card
                has_ended = source.last_job and self._memory.ended_since(source.last_job.ended)
                if has_ended:
                    self._ended.append(source.id)
                if source.last_job and (has_ended or source.id in self._left_out):
                    self._newest[source.id] = replace(source.last_job, raw={})
            verdict = judge(source, self._asked)
            self._note(card, verdict)
            if verdict.look_closer:
                self._wanting[verdict.look_closer] += 1
                self._keep(source, verdict.look_closer, room)
            if DUPLICATE_URL in self._checks and (key := catalogue_key(source)) is not None:
                twins.setdefault(key, []).append(card)
        for cards in twins.values():
            self._note_twins(cards)
        self._check_selection()

    def _listed(self, page_size: int) -> Iterator[HarvestSource]:
        """Yield the selected sources."""
        self._organization = self._memory.organization
        if self._selection.organization and self._organization is None:
            self._organization = organization_of(self._client, self._selection.organization)
        listed = self._client.iter_sources(
            owner=self._selection.owner_id,
            organization=self._organization,
            q=self._selection.q,
            fields=f"{_FIELDS},config" if DUPLICATE_URL in self._checks else _FIELDS,
            page_size=page_size,
            on_unreadable=self._note_broken,
        )
        return filter(self._selection.wants, listed)

    def _note_broken(self, entry: UnreadableEntry) -> None:
        log.warning("%s Everything else is read.", unreadable_sentence(entry))
        self._broken.append(entry)

    def _check_selection(self) -> None:
        if self._sources == 0 and self._selection.backend is not None:
            check_backend(self._selection.backend, self._client.list_backends())

    def _note(self, card: Card, verdict: Verdict) -> None:
        if verdict.items is not None:
            self._items[card.id] = verdict.items
        if verdict.troubles:
            self._troubled[card.id] = card, verdict.troubles
        else:
            self._troubled.pop(card.id, None)

    def _note_twins(self, cards: list[Card]) -> None:
        if len(cards) < 2:
            return
        for card in cards:
            _, troubles = self._troubled.get(card.id, (card, ()))
            others = [f"{twin.name!r} ({twin.id})" for twin in cards[: _NAMED + 1] if twin is not card]
            named = few(others, _NAMED, total=len(cards) - 1)
            twin_trouble = Trouble(DUPLICATE_URL, None, f"the same catalogue as {named}")
            self._troubled[card.id] = card, (*troubles, twin_trouble)

    def _keep(self, source: HarvestSource, reason: str, room: int) -> None:
        """Keep a source for a closer examination, as many as there may be reads.

        If there are more, those of which nothing is known yet come first, then others each day: up to 16.x all that
        were harvested overnight want a read, and every source is to have its turn.
        """
        day = f"{self._asked.now:%j}"
        rank = (source.id in self._memory.items) << 32 | zlib.crc32(f"{day}{source.id}".encode())
        entry = (-rank, source.id, slim(source))
        if len(self._waiting[reason]) < room:
            heapq.heappush(self._waiting[reason], entry)
        elif room:
            heapq.heappushpop(self._waiting[reason], entry)

    # --- closer examination --------------------------------------------------------------------------------------

    def look_closer(self, limit: int) -> None:
        """Read the last jobs of the sources for which the list is not enough, the most urgent first."""
        for reason in REASONS:
            for _, _, source in sorted(self._waiting[reason], reverse=True):
                if self._requests >= limit or self._stopped_by is not None:
                    return
                try:
                    self._look_into(source, reason, limit)
                except (HarvestNotFound, HarvestInvalidInput, HarvestProtocolError) as error:
                    self._leave_out(source, error)
                except HarvestServerError as error:
                    # Up to 17.7 that is the response for a deleted object; the others are an outage.
                    if error.status_code == 500:
                        self._leave_out(source, error)
                    else:
                        self._stopped_by = error
                except HarvestError as error:
                    self._stopped_by = error

    def _look_into(self, source: HarvestSource, reason: str, limit: int) -> None:
        history = self._history(source, reason)
        if not history:  # purged meanwhile: the result from the list is kept
            self._examined[reason] += 1
            return
        verdict = judge(source, self._asked, history)
        self._note_again(source, verdict)
        if verdict.needs_movement:
            if self._requests >= limit:
                return  # and so it counts as not examined
            self._requests += 1
            moved = (self._client.newest_item(history[0]),)
            self._note_again(source, judge(source, self._asked, history, moved))
        elif verdict.needs_skip_reason and self._requests < limit:
            self._requests += 1
            self._note_again(source, judge(source, self._asked, history, skip_reason=self._why_skipped(history)))
        self._examined[reason] += 1

    def _note_again(self, source: HarvestSource, verdict: Verdict) -> None:
        """Replace the result from the list by that of the examination; only the list shows duplicates."""
        card = Card.of(source, self._client.site)
        twin = [t for t in self._troubled.get(card.id, (card, ()))[1] if t.kind == DUPLICATE_URL]
        self._note(card, replace(verdict, troubles=(*verdict.troubles, *twin)))

    def _history(self, source: HarvestSource, reason: str) -> list[HarvestJob]:
        self._requests += 1
        if self._client.dialect.embeds_items:
            return self._client.job_history(source.id, 2 if reason == JUST_ENDED else _FEW_JOBS)
        return self._client.job_history(source.id, RECENT_JOBS)

    def _why_skipped(self, history: list[HarvestJob]) -> str:
        """Return the portal's most frequent reason for the records that the last whole harvest skipped."""
        job = next(job for job in history if items_of(job))
        skipped = islice(self._client.iter_job_items(str(job.id), "skipped"), _FEW_SKIPPED)
        messages = Counter(shortened(item.errors[0].message) for item in skipped if item.errors)
        return messages.most_common(1)[0][0] if messages else ""

    def _leave_out(self, source: HarvestSource, error: HarvestError) -> None:
        log.warning("The jobs of source %r (%s) cannot be read: %s", source.name, source.id, error)
        self._unreadable += 1

    # --- what will be archived -----------------------------------------------------------------------------------

    def foresee(self, limit: int) -> None:
        """Find what the portal will archive, by the sets of its records; without a new harvest findings stay.

        Without one, only what an earlier pass could not compare is read.
        """
        if VANISHING not in self._checks:
            return
        found, now = self._foreseen, self._asked.now.timestamp()
        only = None if self._ended or self._memory.at is None else self._memory.uncompared
        if only != ():
            found.examine(self._client, self._memory, self._checks, now, self._organization, only)
        if only is not None:
            for ident in self._cards.keys() - found.troubles.keys() - set(only):
                found.troubles[ident] = list(as_before(ident, self._checks, self._memory))
        if DATASETS_ARCHIVED in self._checks:
            room = limit - self._requests
            found.read_archived(
                self._client, self._memory, self._items, self._newest, self._ended, self._limits, room=room
            )
        for ident, troubles in found.troubles.items():
            if ident in self._cards:
                self._add(self._cards[ident], tuple(troubles))
        self._requests += found.requests

    def _add(self, card: Card, more: tuple[Trouble, ...]) -> None:
        _, troubles = self._troubled.get(card.id, (card, ()))
        kinds = {trouble.kind for trouble in troubles}
        new = tuple(trouble for trouble in more if trouble.kind not in kinds)
        if new:
            self._troubled[card.id] = card, (*troubles, *new)

    # --- the report ----------------------------------------------------------------------------------------------

    def report(self) -> HealthReport:
        """Return what was found, and what the next pass needs."""
        findings = ordered(
            self._finding(card, trouble) for card, troubles in self._troubled.values() for trouble in troubles
        )
        notes = {
            (trouble.kind, ident): trouble for ident, (_, troubles) in self._troubled.items() for trouble in troubles
        }
        found: dict[str, dict[str, Known]] = {}
        for finding in findings:
            trouble = notes[finding.kind, finding.source.id]
            known = Known(finding.since, trouble.note, trouble.baseline)
            found.setdefault(finding.kind, {})[finding.source.id] = known
        left_out, uncompared = tuple(self._foreseen.left_out), tuple(self._foreseen.uncompared)
        left = PassMemory(self._asked.now, self._organization, found, self._items, left_out, uncompared)
        return HealthReport(
            portal=self._client.site,
            at=self._asked.now,
            sources=self._sources,
            states={**dict.fromkeys(STATES, 0), **self._states},
            checks=self._checks,
            findings=findings,
            detail_requests=self._requests,
            incomplete=self._what_is_missing(),
            state=remember(self._client.site, str(self._selection), self._asked.now, left),
            overview=self._overview.as_dict(self._client.site, self._asked.now),
        )

    def _finding(self, card: Card, trouble: Trouble) -> Finding:
        known = self._memory.known(trouble.kind, card.id)
        since = trouble.since or (known.since if known else self._asked.now)
        page = self._client.source_url(card.id)
        return Finding(trouble.kind, card, page, since, known is None, trouble.detail)

    def _what_is_missing(self) -> str | None:
        broken = {entry.position: unreadable_sentence(entry) for entry in self._broken}  # the list may be read twice
        parts = [few(list(broken.values()), _NAMED, separator=" ")] if broken else []
        if self._foreseen.not_compared:
            parts.append(f"Not compared: {few(self._foreseen.not_compared, _NAMED, separator=' ')}")
        return " ".join([*parts, *self._not_examined()]) or None

    def _not_examined(self) -> Iterator[str]:
        missed = {reason: self._wanting[reason] - self._examined[reason] for reason in REASONS}
        total = sum(missed.values())
        if not total:
            return
        which = ", ".join(f"{count:,} that {reason}" for reason, count in missed.items() if count)
        why = (
            f"the portal could not be read any more: {self._stopped_by}"
            if self._stopped_by
            else (
                f"the jobs of {self._unreadable:,} could not be read"
                if self._unreadable == total
                else f"a pass reads {self._requests:,} at most (max_detail_requests)"
            )
        )
        yield f"Not examined: {which}; {why}."
