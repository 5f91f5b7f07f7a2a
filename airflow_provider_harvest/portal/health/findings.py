"""The checks of a pass over a portal, their thresholds, and the findings; used by all of this package."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.sources.identity import ownership
from airflow_provider_harvest.portal.text.words import iso

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from airflow_provider_harvest.portal.models import HarvestRef, HarvestSource

FAILING = "failing"
STUCK = "stuck"
SILENT = "silent"
NEVER_RAN = "never_ran"
SHRUNK = "shrunk"
VANISHING = "vanishing"
ITEMS_SKIPPED = "skipped"
DATASETS_ARCHIVED = "newly_archived"
OWNERLESS = "ownerless"
REFUSED_SCHEDULED = "refused_scheduled"
DUPLICATE_URL = "duplicate_url"
PENDING_REVIEW = "pending"
INACTIVE = "inactive"

#: The checks, described for people; the worst comes first, also in messages.
MEANINGS: dict[str, str] = {
    FAILING: "failing",
    STUCK: "stuck",
    SILENT: "silent",
    NEVER_RAN: "never harvested",
    SHRUNK: "lost items",
    VANISHING: "about to be archived",
    ITEMS_SKIPPED: "items skipped",
    DATASETS_ARCHIVED: "datasets archived",
    OWNERLESS: "no owner",
    REFUSED_SCHEDULED: "refused, still scheduled",
    DUPLICATE_URL: "same URL twice",
    PENDING_REVIEW: "waits for review",
    INACTIVE: "inactive",
}
ALL_CHECKS: tuple[str, ...] = tuple(MEANINGS)
#: The checks made by default: those that need only the list and a few jobs. The others read the portal's records.
CHECKS: tuple[str, ...] = tuple(kind for kind in ALL_CHECKS if kind != VANISHING)
#: Of ``fail_on`` and of the result: sources that fail and did not at the previous pass.
NEW_FAILURES = "newly_failing"

HEALTH_SCHEMA = 1


@dataclass(frozen=True)
class Thresholds:
    """Thresholds above which a condition is reported. Lengths of time are seconds unless their name says days.

    :param max_failed_ratio: of the items that a job went through, how many may fail before its source counts as
        failing; 0 to 1.
    :param stuck_factor: a job is examined once it takes this many times what the source's jobs usually take.
    :param stall_timeout: such a job is stuck once nothing in it has moved for so long.
    :param first_item_timeout: the same before its first item, while the portal fetches the catalogue.
    :param silent_periods: a source is silent once so many runs of its own cron were due without a job having ended.
    :param never_ran_days: how long an accepted source may be without any job.
    :param pending_days: how long a source may wait for the portal's team.
    :param max_drop_ratio: which share of its items a catalogue may lose from one pass to the next; 0 to 1.
    :param max_skipped_ratio: which share of the items that a job went through the portal may skip (records without an
        identifier, most often); 0 to 1.
    :param max_archived_ratio: which share of a catalogue's items the portal may newly archive; 0 to 1.
    :param min_items: catalogues with fewer items are not checked for losses, and losses of fewer items are not
        reported.
    :param loss_days: for how long a loss is shown, unless the items come back. udata archives what is missing for 7.
    """

    max_failed_ratio: float = 0.0
    stuck_factor: float = 3.0
    stall_timeout: float = 2 * 3600.0
    first_item_timeout: float = 6 * 3600.0
    silent_periods: int = 3
    never_ran_days: float = 1.0
    pending_days: float = 7.0
    max_drop_ratio: float = 0.5
    max_skipped_ratio: float = 0.5
    max_archived_ratio: float = 0.2
    min_items: int = 10
    loss_days: float = 7.0

    def __post_init__(self) -> None:
        for entry in fields(self):
            value: Any = getattr(self, entry.name)
            whole, least = entry.type == "int", 1 if entry.name == "silent_periods" else 0
            is_number = isinstance(value, int) or (isinstance(value, float) and not whole)
            if isinstance(value, bool) or not is_number or not least <= value < math.inf:
                a_number = "a whole number" if whole else "a number"
                raise HarvestInvalidInput(f"{entry.name} must be {a_number} from {least} on, not {value!r:.60}.")
            if entry.name.endswith("_ratio") and value > 1:
                raise HarvestInvalidInput(f"{entry.name} must be a share from 0 to 1, not {value!r:.60}.")


class Card(NamedTuple):
    """The few facts by which a source is named in a finding; small, since a pass keeps one for each source."""

    id: str
    name: str
    backend: str
    url: str
    organization: str | None = None
    owner: str | None = None
    organization_id: str | None = None
    organization_url: str | None = None
    owner_id: str | None = None
    owner_name: str | None = None
    owner_type: str | None = None
    created_at: datetime | None = None

    @classmethod
    def of(cls, source: HarvestSource, site: str) -> Card:
        """Return the card of a source of a portal's site."""
        return cls(
            source.id,
            source.name,
            source.backend,
            source.url,
            _name(source.organization),
            _name(source.owner),
            created_at=source.created_at,
            **ownership(site, source.organization, source.owner),
        )


class Trouble(NamedTuple):
    """Something that is wrong with one source, before it is compared with the previous pass.

    :param kind: one of :data:`ALL_CHECKS`.
    :param since: when it began, if the portal reports it, else None.
    :param detail: what is wrong, a sentence without its full stop.
    :param note: what a closer examination found, for the next pass.
    :param baseline: items that a loss is measured against, for the next pass.
    """

    kind: str
    since: datetime | None
    detail: str
    note: str = ""
    baseline: int | None = None


@dataclass(frozen=True)
class Finding:
    """Something that is wrong with one source.

    :param kind: one of :data:`ALL_CHECKS`.
    :param source: the source.
    :param admin_url: the source's page for a person to open.
    :param since: when it began according to the portal, else when a pass first found it.
    :param is_new: whether the previous pass did not find it. Without a previous pass everything is new.
    :param detail: what is wrong.
    """

    kind: str
    source: Card
    admin_url: str
    since: datetime
    is_new: bool
    detail: str

    def as_row(self) -> dict[str, Any]:
        """Return it as a flat row of a table. Its keys are a contract with users' DAGs."""
        return {
            "kind": self.kind,
            "source_id": self.source.id,
            "source_name": self.source.name,
            "backend": self.source.backend,
            "url": self.source.url,
            "organization": self.source.organization,
            "owner": self.source.owner,
            "organization_id": self.source.organization_id,
            "organization_url": self.source.organization_url,
            "owner_id": self.source.owner_id,
            "owner_name": self.source.owner_name,
            "owner_type": self.source.owner_type,
            "created_at": iso(self.source.created_at),
            "admin_url": self.admin_url,
            "since": iso(self.since),
            "is_new": self.is_new,
            "detail": self.detail,
        }


@dataclass(frozen=True)
class HealthReport:
    """What a pass found.

    :param portal: the portal's site.
    :param at: the portal's clock at the pass.
    :param sources: how many sources were checked.
    :param states: how many of them are accepted, pending, refused, and inactive (accepted, and switched off).
    :param checks: the checks that were made.
    :param findings: the worst kind first, the new ones of a kind before the others.
    :param detail_requests: reads beyond the list.
    :param incomplete: a sentence on what was not examined and why; None if everything was.
    :param state: what the next pass needs to find out what is new, as JSON.
    :param overview: all sources in a few words each, as JSON (:mod:`overview`).
    """

    portal: str
    at: datetime
    sources: int
    checks: tuple[str, ...]
    findings: tuple[Finding, ...] = ()
    detail_requests: int = 0
    incomplete: str | None = None
    state: dict[str, Any] = field(default_factory=dict, repr=False)
    states: dict[str, int] = field(default_factory=dict)
    overview: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def counts(self) -> dict[str, int]:
        """The number of findings of each kind that was checked, and of ``newly_failing``."""
        counted = Counter(finding.kind for finding in self.findings)
        counts = {kind: counted[kind] for kind in self.checks}
        if FAILING in self.checks:
            counts[NEW_FAILURES] = len(self.ids(FAILING, only_new=True))
        return counts

    def ids(self, kind: str, *, only_new: bool = False) -> list[str]:
        """Return the ids of the sources with a finding of a kind."""
        return [f.source.id for f in self.findings if f.kind == kind and (f.is_new or not only_new)]

    def as_dict(self, message: str) -> dict[str, Any]:
        """Return the report as JSON, for XComs. Its keys are a contract with users' DAGs.

        :param message: text for people.
        """
        report: dict[str, Any] = {
            "schema": HEALTH_SCHEMA,
            "portal": self.portal,
            "at": iso(self.at),
            "sources": self.sources,
            "states": self.states,
            "counts": self.counts,
            "new": sum(finding.is_new for finding in self.findings),
            "findings": [finding.as_row() for finding in self.findings],
            "detail_requests": self.detail_requests,
            "incomplete": self.incomplete,
            "message": message,
        }
        for kind in ALL_CHECKS:
            report[f"{kind}_ids"] = self.ids(kind)
        report[f"{NEW_FAILURES}_ids"] = self.ids(FAILING, only_new=True)
        return report


def ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings as they are reported: by kind, the new ones first, the latest of them before the others."""
    return tuple(
        sorted(findings, key=lambda f: (ALL_CHECKS.index(f.kind), not f.is_new, -f.since.timestamp(), f.source.id))
    )


def chosen_checks(checks: object) -> tuple[str, ...]:
    """Return the requested checks in the order of :data:`ALL_CHECKS`; None means the usual ones, :data:`CHECKS`.

    :raises HarvestInvalidInput: if there is no check of that name.
    """
    if checks is None:
        return CHECKS
    wanted = set(_entries(checks, ALL_CHECKS, "checks"))
    return tuple(kind for kind in ALL_CHECKS if kind in wanted)


def chosen_failures(fail_on: object) -> tuple[str, ...]:
    """Return what a user wants a pass to fail on: kinds, ``newly_failing``, ``any`` or ``new``; None is nothing.

    :raises HarvestInvalidInput: for any other value.
    """
    return () if fail_on is None else tuple(_entries(fail_on, (*ALL_CHECKS, NEW_FAILURES, "any", "new"), "fail_on"))


def that_fail(report: HealthReport, fail_on: Iterable[str]) -> list[Finding]:
    """Return the findings that a pass is to fail on.

    :param report: of the pass.
    :param fail_on: as of :func:`chosen_failures`.
    """
    wanted = set(fail_on)
    return [
        finding
        for finding in report.findings
        if "any" in wanted
        or finding.kind in wanted
        or (finding.is_new and ("new" in wanted or (finding.kind == FAILING and NEW_FAILURES in wanted)))
    ]


def _entries(given: object, known: tuple[str, ...], what: str) -> Iterator[str]:
    entries = given.split(",") if isinstance(given, str) else given
    if not isinstance(entries, (list, tuple, set, frozenset)):
        raise HarvestInvalidInput(f"{what} must be a list of names, not {given!r:.60}.")
    for entry in entries:
        name = entry.strip() if isinstance(entry, str) else entry
        if name == "":
            continue
        if name not in known:
            raise HarvestInvalidInput(f"{what} may name {', '.join(known)}, not {name!r:.60}.")
        yield name


def _name(ref: HarvestRef | None) -> str | None:
    return (ref.name or ref.id) if ref else None
