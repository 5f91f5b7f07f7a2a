"""Each DAG that a page shows is pasted into a DAGs folder and run by real Airflow against a real portal."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.portal.client import HarvestClient
from sandbox.airflow_home import AirflowHome
from sandbox.connect import airflow_settings
from tests.support.airflow_release import HAS_EVENT_TRIGGERS
from tests.support.documented import Block, blocks, steps
from tests.support.portal_scheduler import run_once_polled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sandbox import Sandbox
    from sandbox.airflow_home import DagOutcome
    from tests.dags.conftest import Airflows

pytestmark = [pytest.mark.integration, pytest.mark.slow]

RECIPES = {
    match[1]: block
    for block in blocks("python")
    if (match := re.search(r'^with DAG\(\s*"(\w+)"', block.text, re.MULTILINE))
}
#: The catalogue that the recipes with an ETL publish.
PUBLISHED = ("my-dataset-1", "my-dataset-2")


@pytest.fixture(scope="module")
def source_id(portal: Sandbox) -> str:
    """The source that replaces the one of the recipes, by id and by slug: two datasets, harvested once."""
    portal.catalogue.put("recipes", datasets=len(PUBLISHED), prefix="my-dataset-")
    with HarvestClient(portal.url, portal.keys.admin) as client:
        for other in list(client.iter_sources()):
            client.delete_source(other.id)
        return accepted(portal, client, "My first source", "recipes")


@pytest.fixture
def failing_id(portal: Sandbox, source_id: str) -> Iterator[str]:
    """A source whose harvests fail, for as long as the test takes."""
    portal.catalogue.put("recipes-gone", mode="error-404")
    with HarvestClient(portal.url, portal.keys.admin) as client:
        failing = accepted(portal, client, "Gone", "recipes-gone")
        yield failing
        client.delete_source(failing)


def accepted(portal: Sandbox, client: HarvestClient, name: str, catalogue: str) -> str:
    """Make a source that has been harvested once; return its id."""
    url = portal.catalogue.url(catalogue)
    source = client.create_source(name, url, "dcat", organization=portal.organization.id)
    client.validate_source(source.id)
    portal.control.wait_until_idle()
    return source.id


@pytest.fixture
def paste(portal: Sandbox, source_id: str, airflows: Airflows, tmp_path: Path) -> Callable[[str], AirflowHome]:
    """Save a recipe in a DAGs folder: only the portal and the source are replaced, as each reader does."""

    def save(dag_id: str) -> AirflowHome:
        block = RECIPES[dag_id]
        text = block.text.replace("https://www.data.gouv.fr", portal.url)
        text = text.replace("deferrable=True)", "deferrable=True, poke_interval=1)")  # a reader has a minute's time
        airflow = airflows.make(tmp_path, airflow_settings(portal), AirflowHome)
        (airflow.dags / "pasted.py").write_text(re.sub(r"\b[0-9a-f]{24}\b", source_id, text), encoding="utf-8")
        return airflow

    return save


def good(outcome: DagOutcome) -> DagOutcome:
    assert (outcome.state, set(outcome.tasks.values())) == ("success", {"success"}), outcome.log[-3000:]
    return outcome


def test_harvest_after_my_etl(paste: Callable[[str], AirflowHome], source_id: str) -> None:
    result = good(paste("publish").run_dag("publish")).xcoms["harvest", "harvest_result"]
    assert (result["source_id"], result["outcome"], result["how"]) == (source_id, "success", "started")
    assert (result["remote_ids"]["done"], result["remote_ids"]["missing"]) == (len(PUBLISHED), [])


def test_first_harvest_by_the_commands_of_the_page(paste: Callable[[str], AirflowHome], portal: Sandbox) -> None:
    mark = portal.mark()
    commands = [
        step.command.split()
        for block in blocks("console", page="first-harvest.md")
        for step in steps(block)
        if step.command.startswith("airflow ")
    ]
    airflow = paste("first_harvest")
    logs = [airflow.run_module(*command) for command in commands]
    assert "Marking run" in logs[-1]
    assert [request.method for request in portal.requests(mark) if request.path.rstrip("/").endswith("/run")] == [
        "POST"
    ]


def test_follow_a_harvest_that_the_portal_starts(
    paste: Callable[[str], AirflowHome], portal: Sandbox, source_id: str
) -> None:
    with HarvestClient(portal.url, portal.keys.admin) as client:
        client.schedule_source(source_id, "* * * * *")  # one that is far off is polled every ten minutes
    mark = portal.mark()
    own_run = threading.Thread(target=run_once_polled, args=(portal, source_id, mark))
    own_run.start()
    outcome = good(paste("follow").run_dag("follow"))
    own_run.join()
    assert outcome.xcoms["harvested", "harvest_result"]["source_id"] == source_id


def test_watch_posts_what_is_wrong(paste: Callable[[str], AirflowHome], failing_id: str) -> None:
    outcome = good(paste("watch").run_dag("watch"))
    message = outcome.xcoms["health", "message"]
    assert message in outcome.log
    assert "Gone" in message


def test_preview_maps_over_what_newly_fails(paste: Callable[[str], AirflowHome], failing_id: str) -> None:
    outcome = good(paste("preview_failing").run_dag("preview_failing"))
    assert outcome.xcoms["newly_failing", "return_value"] == [failing_id]
    assert outcome.tasks["preview[0]"] == "success"


def test_guard_examines_the_source(paste: Callable[[str], AirflowHome], source_id: str) -> None:
    result = good(paste("guard").run_dag("guard")).xcoms["guard", "harvest_guard"]
    assert (result["sources"], result["incomplete"], result["held_ids"]) == (1, [], [])


@pytest.mark.skipif(not HAS_EVENT_TRIGGERS, reason="Event triggers need Airflow 3.")
def test_a_dag_that_a_harvest_starts_reads_its_result(paste: Callable[[str], AirflowHome], tmp_path: Path) -> None:
    airflow = paste("follow_town")
    airflow.register_dags()
    extra = '{"from_trigger": true, "payload": {"items": {"done": 1207}}}'
    log = airflow.run_module("tests.dags.run_for_event", extra, "follow_town", str(tmp_path / "result.json"))
    assert "{'done': 1207}" in log
    assert "airflow dags test ended with" not in log, log[-3000:]


#: Recipes that a test above runs.
RUN = {"publish", "guard", "first_harvest", "follow", "watch", "preview_failing", "follow_town"}


@pytest.mark.parametrize(
    "block",
    # The page on compatibility shows a fault of Airflow, not a recipe.
    [block for block in blocks("python") if "DAG(" in block.text and "compatibility" not in block.title],
    ids=lambda one: one.title,
)
def test_every_dag_of_the_pages_is_run(block: Block) -> None:
    names = re.findall(r'DAG\(\s*"(\w+)"', block.text)
    assert names
    assert set(names) <= RUN
    assert all(RECIPES[name].text == block.text for name in names), "two recipes of one name, of which one is run"


def test_the_documented_connection_is_one_of_the_portal(airflows: Airflows, tmp_path: Path) -> None:
    airflow = airflows.make(tmp_path, {}, AirflowHome)
    (command,) = (
        step.command.replace("\\\n", "").split()
        for block in blocks("console", page="README.md")
        for step in steps(block)
        if step.command.startswith("airflow ")
    )
    airflow.run_module(*command)
    shown: Any = airflow.run_module("airflow", "connections", "get", "harvest_default", "-o", "json")
    assert '"conn_type": "harvest"' in shown
    assert '"host": "https://www.data.gouv.fr"' in shown
