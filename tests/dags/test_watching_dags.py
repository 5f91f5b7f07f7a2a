"""The example DAGs that watch a whole portal: what they report, and that they report it once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from airflow_provider_harvest.portal.client import HarvestClient
from tests.support.airflow_release import HAS_EVENT_TRIGGERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox import Sandbox
    from sandbox.airflow_home import AirflowHome

    MakeAirflow = Callable[..., AirflowHome]

EXAMPLE = Path(__file__).resolve().parents[2] / "example_dags" / "harvest_pending_review.py"

pytestmark = [pytest.mark.integration, pytest.mark.slow]


@pytest.fixture
def deferred() -> bool:
    """These DAGs wait for nothing, and so nothing of them is ever deferred."""
    return False


@pytest.fixture
def client(portal: Sandbox) -> Iterator[HarvestClient]:
    """The portal's API with the sysadmin's key, and no source on it."""
    with HarvestClient(portal.url, portal.keys.admin) as made:
        for other in list(made.iter_sources()):
            made.delete_source(other.id)
        yield made


def harvested(portal: Sandbox, client: HarvestClient, name: str, **contents: object) -> str:
    """Make an accepted source of a new catalogue, harvested once; return its id."""
    source_id = waiting(portal, client, name, **contents)
    client.validate_source(source_id)
    portal.control.wait_until_idle()
    return source_id


def waiting(portal: Sandbox, client: HarvestClient, name: str, **contents: object) -> str:
    """Make a source that waits for the portal's team; return its id."""
    portal.catalogue.put(name, **contents)  # type: ignore[arg-type]
    return client.create_source(name, portal.catalogue.url(name), "dcat", organization=portal.organization.id).id


def test_watch_reports_each_trouble_once(
    portal: Sandbox, client: HarvestClient, catalogue: str, make_airflow: MakeAirflow
) -> None:
    harvested(portal, client, catalogue, datasets=3)
    gone = harvested(portal, client, f"{catalogue}-gone", mode="error-404")
    airflow = make_airflow(key="")

    first = airflow.run_dag("harvest_portal_watch")
    mark = portal.mark()
    second = airflow.run_dag("harvest_portal_watch")
    requests = [request.path for request in portal.requests(mark)]
    broken = harvested(portal, client, f"{catalogue}-broken", failing=1)
    third = airflow.run_dag("harvest_portal_watch")

    assert first.state == "success", first.log[-3000:]
    assert first.xcoms["health", "failing_ids"] == [gone]
    assert first.xcoms["health", "message"] in first.log
    assert first.tasks["send"] == "success"
    assert second.tasks["send"] == "skipped"
    assert second.xcoms["health", "counts"]["failing"] == 1
    assert third.xcoms["health", "newly_failing_ids"] == [broken]
    assert third.tasks["send"] == "success"
    # The organization is a slug, which takes a request; what the first run found out of it, the next ones know.
    assert requests == ["/api/1/harvest/sources/"]


def test_watch_stores_what_it_reports_of_a_source_whose_name_no_database_takes(
    portal: Sandbox, client: HarvestClient, catalogue: str, make_airflow: MakeAirflow
) -> None:
    """PostgreSQL refuses the NUL character, which anybody may put into the name of a source."""
    gone = harvested(portal, client, f"{catalogue}-gone", mode="error-404")
    client.update_source(gone, name="Town\0hall")

    outcome = make_airflow(key="").run_dag("harvest_portal_watch")

    assert outcome.state == "success", outcome.log[-3000:]
    assert outcome.xcoms["health", "failing_ids"] == [gone]
    assert "Town\ufffdhall" in outcome.xcoms["health", "message"]


@pytest.mark.skipif(not HAS_EVENT_TRIGGERS, reason="Airflow 2.11 gives each run a logical date.")
def test_watch_compares_with_the_latest_pass_whatever_the_date_of_its_run(
    portal: Sandbox, client: HarvestClient, catalogue: str, make_airflow: MakeAirflow
) -> None:
    """PostgreSQL sorts a run without a logical date before all others, SQLite after them."""
    gone = harvested(portal, client, f"{catalogue}-gone", mode="error-404")
    airflow = make_airflow(key="")

    undated = airflow.run_dag("harvest_portal_watch", runner="tests.dags.run_undated")
    broken = harvested(portal, client, f"{catalogue}-broken", failing=1)
    passes = [undated, *(airflow.run_dag("harvest_portal_watch") for _ in range(2))]

    assert [one.state for one in passes] == ["success"] * 3, passes[-1].log[-3000:]
    assert [one.xcoms["health", "newly_failing_ids"] for one in passes] == [[gone], [broken], []]


#: Columns of the table that the team of data.gouv.fr keeps by a script of its own.
TEAM_COLUMNS = {
    *("harvester_id", "Nom", "Organisation", "Lien_organisation"),
    *("Statut_config_moissonnage", "Statut_bizdev", "Date_de_creation"),
}
#: Lines of that script, which reads the list, sends the previews, and words the message.
TEAM_LINES = 172


def test_review_fills_the_table_and_writes_the_message_of_a_portals_team_with_a_third_of_the_lines(
    portal: Sandbox, client: HarvestClient, catalogue: str, make_airflow: MakeAirflow
) -> None:
    harvested(portal, client, f"{catalogue}-accepted", datasets=1)
    good = waiting(portal, client, catalogue, datasets=4)
    slow = waiting(portal, client, f"{catalogue}-slow", delay=60.0)
    bad = waiting(portal, client, f"{catalogue}-bad", mode="error-404")
    airflow = make_airflow()

    first = airflow.run_dag("harvest_pending_review")
    portal.catalogue.put(f"{catalogue}-slow", datasets=1)  # ends the wait that is running
    client.validate_source(good)
    late = waiting(portal, client, f"{catalogue}-late", failing=1, datasets=2)
    second = airflow.run_dag("harvest_pending_review")

    assert first.state == "success", first.log[-3000:]
    rows = {row["harvester_id"]: row for row in first.xcoms["send", "return_value"]}
    assert set(rows[good]) == TEAM_COLUMNS
    assert {source_id: row["Statut_config_moissonnage"] for source_id, row in rows.items()} == {
        good: "done",
        slow: "timeout",
        bad: "failed",
    }
    organization = f"{portal.url}/organizations/{portal.organization.slug}/"
    assert (rows[good]["Nom"], rows[good]["Organisation"]) == (catalogue, portal.organization.name)
    assert rows[good]["Lien_organisation"] == organization
    assert {row["Statut_bizdev"] for row in rows.values()} == {"🆕 Nouveau"}
    message = first.xcoms["review", "message"]
    assert message.startswith("📣 3 moissonneurs en attente de validation, dont 3 nouveaux.\n- [")
    assert f"[{portal.organization.name}]({organization}) : moissonneur DCAT, [{catalogue}](" in message
    assert "aperçu : timeout" in message
    assert second.state == "success", second.log[-3000:]
    again = {row["harvester_id"]: row for row in second.xcoms["send", "return_value"]}
    assert {source_id: row["Statut_bizdev"] for source_id, row in again.items()} == {
        slow: None,
        bad: None,
        late: "🆕 Nouveau",
    }
    assert (again[slow]["Statut_config_moissonnage"], again[late]["Statut_config_moissonnage"]) == (
        "done",
        "done-errors",
    )
    assert len(EXAMPLE.read_text().splitlines()) <= TEAM_LINES / 3


def test_review_is_red_where_nothing_could_be_previewed(
    portal: Sandbox, client: HarvestClient, catalogue: str, make_airflow: MakeAirflow
) -> None:
    waiting(portal, client, catalogue)

    outcome = make_airflow(key="").run_dag("harvest_pending_review")

    assert outcome.state == "failed"
    assert "no preview" in outcome.log
    assert "This needs an API key" in outcome.log
