"""What two harvests on real portals differ in, against what was planted: nothing is missing or too many."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.cli.main import main
from airflow_provider_harvest.portal.client import HarvestClient
from airflow_provider_harvest.portal.compare.find_harvests import compare_harvests, find_harvest, previous_harvest
from airflow_provider_harvest.portal.compare.portals import compare_portals
from airflow_provider_harvest.portal.compare.zombies import find_zombies
from tests.support.planted_harvests import broken, changes_of, expected, harvest, lists_of, plant, several, sound

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from airflow_provider_harvest.portal.models import HarvestSource
    from sandbox import Sandbox

pytestmark = pytest.mark.integration

#: Bytes that the HTML file of a report of 5,000 items may have.
MOST_BYTES = 1_000_000


@pytest.fixture
def of_each_kind(request: pytest.FixtureRequest) -> int:
    """How many records are of each kind of change; `make compare-proof` takes so many that there are 5,000 in all."""
    return int(request.config.getoption("--of-each-kind"))


@pytest.mark.every_release
def test_every_kind_of_change_is_found_and_nothing_else(
    portal: Sandbox, admin: HarvestClient, new_catalogue: Any, capsys: Any, tmp_path: Path, of_each_kind: int
) -> None:
    planted = plant(portal, admin, new_catalogue, f"kinds-{portal.release}-", of_each_kind)
    after = find_harvest(admin, planted.source.id)
    before = previous_harvest(after)
    assert before is not None

    comparison = compare_harvests(before, after)
    assert lists_of(comparison) == expected(planted.truth)
    assert comparison.counts["unchanged"] == len(planted.truth["unchanged"])

    # The same from the command line, as JSON and as CSV.
    file = tmp_path / "changes.csv"
    assert main(["compare", planted.source.id, "--portal", portal.url, "--json", "--csv", str(file)]) == 2
    answered = json.loads(capsys.readouterr().out)
    assert changes_of(answered["changes"]) == expected(planted.truth)
    with file.open(newline="", encoding="utf-8") as rows:
        assert changes_of(csv.DictReader(rows)) == expected(planted.truth)

    # And in a report, whose formats come from one JSON.
    assert main(["report", planted.source.id, "--portal", portal.url, "--json"]) == 2
    assert changes_of(json.loads(capsys.readouterr().out)["changes"]) == expected(planted.truth)
    report = ["report", planted.source.id, "--portal", portal.url, "--format", "html,md", "--output"]
    assert main([*report, str(tmp_path / "report")]) == 2
    assert len((tmp_path / "report.html").read_bytes()) < MOST_BYTES
    assert len((tmp_path / "report.md").read_text(encoding="utf-8").splitlines()) <= 15


@pytest.fixture
def two_portals(running_portal: Callable[[str], Sandbox], request: pytest.FixtureRequest) -> Any:
    """The newest release and an old one (16.6.1, or what a test asks for), each with a client of a sysadmin."""
    lent = [running_portal(release) for release in ("17.18.0", getattr(request, "param", "16.6.1"))]
    clients = [HarvestClient(portal.url, portal.keys.admin) for portal in lent]
    yield list(zip(lent, clients, strict=True))
    for portal, client in zip(lent, clients, strict=True):
        client.close()
        portal.control.reset()
        portal.control.wait_until_idle()


@pytest.mark.parametrize("two_portals", ["16.6.1", "9.2.4"], indirect=True)
def test_one_source_on_two_releases(two_portals: Any, new_catalogue: Any, capsys: Any, of_each_kind: int) -> None:
    (new, new_client), (old, old_client) = two_portals
    same, gone, breaks, mends, comes = (
        several(kind, "across-", of_each_kind) for kind in ("same", "gone", "breaks", "mends", "new")
    )
    catalogue = new_catalogue(exactly=[*sound(*same, *gone, *breaks), *broken(*mends)])
    before = _harvested(old, old_client, catalogue)
    catalogue.put(exactly=[*sound(*same, *mends, *comes), *broken(*breaks)])
    after = _harvested(new, new_client, catalogue)
    truth = {"newly_failing": set(breaks), "vanished": set(gone), "fixed": set(mends), "new": set(comes)}

    arguments = ["compare", before.id, after.id, "--portal", old.url, "--with-portal", new.url]
    assert main([*arguments, "--json"]) == 2
    answered = json.loads(capsys.readouterr().out)
    assert changes_of(answered["changes"]) == expected(truth)
    assert main(arguments) == 2
    n = f"{of_each_kind:,}"
    assert f"{n} newly failing, {n} vanished, {n} fixed, {n} new; {n} unchanged." in capsys.readouterr().out


def test_all_sources_of_two_portals(two_portals: Any, new_catalogue: Any, capsys: Any, tmp_path: Path) -> None:
    """The question of an upgrade: which sources come to the same on the new portal, and what differs in the others."""
    (new, new_client), (old, old_client) = two_portals
    names = [f"portals-{number}" for number in range(6)]
    catalogues = [new_catalogue(exactly=sound(f"{name}-a", f"{name}-b", f"{name}-c")) for name in names]
    for catalogue in catalogues[:5]:
        _harvested(old, old_client, catalogue)
    catalogues[1].put(exactly=[*sound("portals-1-a", "portals-1-c"), *broken("portals-1-b")])
    catalogues[2].put(exactly=sound("portals-2-a", "portals-2-d"))
    catalogues[3].put(mode="error-404")
    ids = [_harvested(new, new_client, catalogue).id for catalogue in (*catalogues[:4], catalogues[5])]

    rows = {row.name: row for row in compare_portals(old_client, new_client)}
    found = {name: (row.verdict, row.detail) for name, row in rows.items() if name in {c.name for c in catalogues}}
    assert found == {
        catalogues[0].name: ("alike", "no differences"),
        catalogues[1].name: ("different", "1 newly failing"),
        catalogues[2].name: ("different", "2 vanished, 1 new"),
        catalogues[3].name: ("not compared", found[catalogues[3].name][1]),
        catalogues[4].name: ("only on the first portal", ""),
        catalogues[5].name: ("only on the second portal", ""),
    }
    assert "has read the whole catalogue yet" in found[catalogues[3].name][1]
    assert rows[catalogues[1].name].examples == {"newly_failing": ["portals-1-b"]}
    assert rows[catalogues[0].name].after_id == ids[0]

    file = tmp_path / "portals.csv"
    arguments = ["compare", "--portal", old.url, "--with-portal", new.url]
    assert main([*arguments, "--csv", str(file)]) == 2
    shown = capsys.readouterr().out
    assert shown.splitlines()[0].split("  ")[0] == "source"
    assert all(len(line) <= 80 for line in shown.splitlines())
    with file.open(newline="", encoding="utf-8") as lines:
        assert {row["name"]: row["verdict"] for row in csv.DictReader(lines)} == {
            name: row.verdict for name, row in rows.items()
        }


def _harvested(portal: Sandbox, admin: HarvestClient, catalogue: Any) -> HarvestSource:
    portal.control.save_items_rarely()
    source = admin.create_source(catalogue.name, catalogue.url, "dcat", organization=portal.organization.id)
    admin.validate_source(source.id)
    portal.control.wait_until_idle(3000)
    return source


# --- zombies ---------------------------------------------------------------------------------------------------------

#: Whether a release says when a resource was last seen in the catalogue.
TELLS = {"17.18.0": True, "17.3.0": True, "16.6.1": True, "13.0.0": False, "9.2.4": False}


@pytest.mark.every_release
def test_resources_that_left_the_catalogue_are_named_and_no_others(
    portal: Sandbox, admin: HarvestClient, new_catalogue: Any, capsys: Any, tmp_path: Path
) -> None:
    prefix = f"zombies-{portal.release}"
    whole = [replace(one, files=("-2024", "-2025")) for one in sound(f"{prefix}-loses", f"{prefix}-keeps")]
    catalogue = new_catalogue(exactly=whole)
    source = _harvested(portal, admin, catalogue)
    by_hand = _add_by_hand(portal, admin, source, f"{prefix}-loses")
    catalogue.put(exactly=[replace(whole[0], files=("-2025",)), whole[1]])
    harvest(portal, admin, source)

    found = find_zombies(admin, source)
    shown = [entry["url"] for dataset in portal.datasets(source_id=source.id) for entry in dataset["resources"]]
    assert any(url.endswith(f"{prefix}-loses-2024.csv") for url in shown), "the portal still shows it"
    assert by_hand in shown
    expected_urls = [f"{prefix}-loses-2024.csv"] if TELLS[portal.release] else []
    assert [row["resource_url"].rsplit("/", 1)[1] for row in found.rows] == expected_urls
    assert (found.datasets, bool(found.can_tell)) == (2, TELLS[portal.release])

    file = tmp_path / "zombies.csv"
    code = main(["zombies", source.id, "--portal", portal.url, "--csv", str(file)])
    assert code == (2 if TELLS[portal.release] else 0)
    said = capsys.readouterr().out
    assert ("does not support it" in said) is not TELLS[portal.release]
    with file.open(newline="", encoding="utf-8") as rows:
        assert [row["resource_url"].rsplit("/", 1)[1] for row in csv.DictReader(rows)] == expected_urls


def _add_by_hand(portal: Sandbox, admin: HarvestClient, source: HarvestSource, remote_id: str) -> str:
    """Add a resource to a harvested dataset, as a person does on the portal, and return its address."""
    import requests

    datasets = portal.datasets(source_id=source.id)
    dataset = next(one for one in datasets if one["harvest"]["remote_id"] == remote_id)
    body = {"title": "By hand", "url": "https://www.data.gouv.fr/by-hand.csv", "filetype": "remote", "type": "main",
            "format": "csv"}  # fmt: skip
    answer = requests.post(
        f"{portal.url}/api/1/datasets/{dataset['id']}/resources/",
        json=body,
        headers={"X-API-KEY": portal.keys.admin},
        timeout=30,
    )
    assert answer.status_code == 201, answer.text
    return str(body["url"])
