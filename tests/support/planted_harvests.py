"""Harvests in which every kind of change was made on purpose, and the list of what was made."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.portal.compare.diff import KINDS, UNCHANGED, Comparison
from sandbox import dcat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestSource
    from sandbox import Sandbox
    from tests.integration.conftest import NewCatalogue

#: Longer than the grace after which a portal archives what its catalogue no longer lists.
OVER_THE_GRACE = 8 * 86400.0
#: Seconds that a harvest of thousands of records may take.
_LONGEST = 3000.0


def sound(*names: str) -> list[dcat.Dataset]:
    """Data sets that a portal harvests."""
    return [dcat.compose_one(name, place) for place, name in enumerate(names, 1)]


def broken(*names: str) -> list[dcat.Dataset]:
    """Data sets whose item fails."""
    return [replace(one, issued=dcat.INVALID_DATE) for one in sound(*names)]


def nameless(*names: str) -> list[dcat.Dataset]:
    """Data sets without an identifier, which match nothing."""
    return [replace(one, identifier=None) for one in sound(*names)]


def several(kind: str, prefix: str, count: int) -> list[str]:
    """Identifiers of the records that are to be of one kind."""
    return [f"{prefix}{kind}-{number}" for number in range(count)]


@dataclass
class Planted:
    """A source whose last two harvests differ as ``truth`` says.

    :param truth: the remote ids of each kind of change.
    """

    source: HarvestSource
    truth: dict[str, set[str]] = field(default_factory=dict)


def lists_of(comparison: Comparison) -> dict[str, set[str]]:
    """The remote ids of each kind that a comparison found; of what did not change, it holds the number only."""
    found = {kind: {change.remote_id for change in comparison.of(kind)} for kind in KINDS if kind != UNCHANGED}
    assert {kind: len(ids) for kind, ids in found.items()} == {kind: comparison.counts[kind] for kind in found}
    return found


def expected(truth: dict[str, set[str]]) -> dict[str, set[str]]:
    """The same lists, of what was planted."""
    return {kind: truth.get(kind, set()) for kind in KINDS if kind != UNCHANGED}


def plant(
    portal: Sandbox, admin: HarvestClient, new_catalogue: Callable[..., NewCatalogue], prefix: str, count: int = 2
) -> Planted:
    """Harvest a source so that its last two harvests differ by ``count`` records of every kind of change."""
    ids = {kind: several(kind, prefix, count) for kind in (*KINDS, "back")}
    stays, fails = sound(*ids["unchanged"]), broken(*ids["still_failing"])
    goes = sound(*ids["vanished"], *ids["newly_archived"])
    old = sound(*ids["still_archived"], *ids["no_longer_archived"], *ids["back"])
    good = sound(*ids["newly_failing"], *ids["changed"])

    portal.control.save_items_rarely()
    # 1. What is to be archived is harvested once, leaves the catalogue, and the grace passes.
    catalogue = new_catalogue(exactly=old)
    source = admin.create_source(catalogue.name, catalogue.url, "dcat", organization=portal.organization.id)
    admin.validate_source(source.id)
    portal.control.wait_until_idle(_LONGEST)
    portal.control.backdate_records(source.id, OVER_THE_GRACE)
    # 2. The harvest before.
    catalogue.put(exactly=[*stays, *fails, *goes, *good, *broken(*ids["fixed"]), *nameless(f"{prefix}nobody")])
    harvest(portal, admin, source)
    # 3. Of what leaves the catalogue now, some are past the grace, some are not; some are deleted by hand.
    portal.control.backdate_records(source.id, OVER_THE_GRACE, ids["newly_archived"])
    portal.control.remove_records(source.id, ids["no_longer_archived"])
    skipped = [replace(one, title="") for one in sound(*ids["changed"])]
    back = sound(*ids["back"], *ids["new"])
    now = [*stays, *fails, *broken(*ids["newly_failing"]), *skipped, *sound(*ids["fixed"]), *back]
    catalogue.put(exactly=now)
    harvest(portal, admin, source)

    truth = {kind: set(names) for kind, names in ids.items() if kind != "back"}
    truth["new"] |= set(ids["back"])
    return Planted(source, truth)


def harvest(portal: Sandbox, admin: HarvestClient, source: HarvestSource) -> None:
    """Harvest a source to its end."""
    admin.run_source(source.id)
    portal.control.wait_until_idle(_LONGEST)


def changes_of(rows: Iterable[dict[str, Any]]) -> dict[str, set[str]]:
    """The remote ids of each kind in the rows of a report, a CSV file or a command's JSON."""
    found: dict[str, set[str]] = {kind: set() for kind in KINDS if kind != UNCHANGED}
    for row in rows:
        assert row["remote_id"] not in found[row["kind"]], "each remote id is in one row"
        found[row["kind"]].add(row["remote_id"])
    return found
