"""What people see on the pages of this provider, in a real Airflow whose harvests are real."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError

import pytest
from playwright.sync_api import expect

from tests.ui.airflow_and_portal import HOSTILE_NAME
from tests.ui.conftest import AXE, ours

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page, Route

    from tests.ui.conftest import World

    OpenPage = Callable[..., Page]
    Picture = Callable[[Page, str], None]

FRENCH_AND_DARK = {"locale": "fr-FR", "timezone_id": "Europe/Paris", "color_scheme": "dark"}
NARROW = {"viewport": {"width": 400, "height": 900}}
#: Sources of the portal, all of which its watch lists.
SOURCES = 9
MANY = 500
#: Of which the page draws so many at first.
ROWS = 100
#: Requests that the page of all harvests may make, however many sources there are.
MOST_REQUESTS = 80


# --- the tab of a task ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "dag_id, task_id, said",
    [
        pytest.param(
            "harvest_healthy", "harvest", ["Succeeded", "Ville de Rochebrune", "40 done", "2 skipped"], id="healthy"
        ),
        pytest.param(
            "harvest_failing",
            "harvest",
            [
                "Failed",
                "6 items failed; none may.",
                "ValidationError",
                "What to do",
                "failing-invalid-1",
                "YYYY-MM-DD",
            ],
            id="failing",
        ),
        pytest.param(
            "harvest_gone",
            "harvest",
            ["Failed", "404 Client Error", "does not exist on the catalogue"],
            id="catalogue gone",
        ),
        pytest.param("watch_portal", "health", ["Findings", "6 of 19 items failed", "9 sources checked"], id="health"),
        pytest.param(
            "guard_portal",
            "guard",
            ["Région Auvergne", "held", "15 of 25 records are missing (60.0%)", "Missing records (15 of 15)"],
            id="guard that holds",
        ),
        pytest.param(
            "guard_portal",
            "report",
            ["Pays de Gex", "vanishing", "Archiving should be held", "The portal archives from"],
            id="guard that reports",
        ),
        pytest.param(
            "stores_elsewhere", "harvest", ["stores task results elsewhere"], id="xcom backend with references"
        ),
        pytest.param(
            "old_result",
            "harvest",
            ["Ancienne source", "An older version of the provider wrote this result", "7 done"],
            id="old schema",
        ),
        pytest.param("not_about_harvests", "add", ["This task is not a harvest task"], id="not ours"),
    ],
)
def test_tab_says(
    world: World, open_page: OpenPage, picture: Picture, dag_id: str, task_id: str, said: list[str]
) -> None:
    page = open_page(world.tab(dag_id, task_id))
    for text in said:
        expect(ours(page)).to_contain_text(text)
    picture(page, f"tab-{dag_id}-{task_id}")


def test_second_harvest_is_compared_with_the_first(world: World, open_page: OpenPage) -> None:
    page = open_page(world.tab("harvest_healthy", "harvest"))
    expect(ours(page)).to_contain_text("The numbers are those of the previous harvest.")


def test_links_of_a_tab_lead_to_the_portal(world: World, open_page: OpenPage) -> None:
    page = open_page(world.tab("harvest_failing", "harvest"))
    links = {link.inner_text(): link.get_attribute("href") for link in ours(page).locator("nav a").all()}
    assert len(links) == 2
    assert all(str(address).startswith(f"{world.stand.portal.url}/") for address in links.values())


def test_tab_of_a_deferred_task_says_what_is_waited_for(world: World, open_page: OpenPage, picture: Picture) -> None:
    page = open_page(world.tab("wait_for_portal", "wait"))
    expect(ours(page)).to_contain_text("Waiting")
    expect(ours(page)).to_contain_text("The portal runs this source by cron")
    picture(page, "tab-deferred")


def test_hostile_words_are_words(world: World, open_page: OpenPage) -> None:
    for address in (world.tab("harvest_hostile", "harvest"), world.tab("watch_portal", "health"), world.page):
        page = open_page(address)
        expect(ours(page)).to_contain_text("<img src=x onerror=")
        assert "\u202e" in HOSTILE_NAME
        assert "\u202e" not in ours(page).inner_text()
        assert ours(page).locator("img, script, b").count() == 0
        assert page.title() != "harmed"


# --- what cannot be shown ---------------------------------------------------------------------------------------------


def result_is(value: Any) -> Callable[[Page], None]:
    """Let Airflow return another result than it has."""
    return answers(r"/xcomEntries/harvest_result", 200, {"key": "harvest_result", "value": value})


def answers(pattern: str, status: int, body: Any = None) -> Callable[[Page], None]:
    """Let Airflow's API respond to requests of a kind with this."""

    def fulfil(route: Route) -> None:
        route.fulfill(status=status, content_type="application/json", body=json.dumps(body or {}))

    return lambda page: page.route(re.compile(r"/api/v2/.*" + pattern), fulfil)


@pytest.mark.parametrize(
    "before, said",
    [
        pytest.param(result_is([1, 2]), "cannot read", id="no result"),
        pytest.param(
            result_is({"schema": 9, "job_id": "1", "outcome": "success", "items": {"done": 7}}),
            "A newer version of the provider wrote this result",
            id="new schema",
        ),
        pytest.param(answers(r"xcomEntries", 500), "Airflow answered with an error (500)", id="error of the server"),
    ],
)
def test_what_a_tab_cannot_show_is_a_sentence(
    world: World, open_page: OpenPage, before: Callable[[Page], None], said: str
) -> None:
    page = open_page(world.tab("harvest_healthy", "harvest"), before=before)
    expect(ours(page)).to_contain_text(said)


def test_tab_of_a_purged_run_says_so(world: World, open_page: OpenPage, picture: Picture) -> None:
    page = open_page(world.tab("harvest_healthy", "harvest", run="purged"))
    expect(ours(page)).to_contain_text("Airflow no longer has this task run")
    picture(page, "tab-purged")


def test_page_without_right_to_read_anything_says_so(world: World, open_page: OpenPage) -> None:
    page = open_page(world.page, before=answers(r"(assets|xcomEntries)", 403))
    expect(ours(page)).to_contain_text("Your Airflow account may not read this")


def test_page_says_which_part_may_not_be_read(world: World, open_page: OpenPage) -> None:
    page = open_page(world.page, before=answers(r"xcomEntries", 403))
    expect(ours(page)).to_contain_text("may not read XComs")
    expect(ours(page)).to_contain_text("Ville de Rochebrune")


def test_empty_page_says_how_to_fill_it(world: World, open_page: OpenPage, picture: Picture) -> None:
    nothing = {"total_entries": 0, "assets": [], "asset_events": [], "xcom_entries": [], "task_instances": []}
    page = open_page(world.page, before=answers(r"(assets|xcomEntries|taskInstances)", 200, nothing))
    expect(ours(page)).to_contain_text("run the DAG harvest_portal_watch once")
    picture(page, "page-empty")


# --- the page of all harvests -----------------------------------------------------------------------------------------


def test_page_lists_all_sources_with_their_findings(world: World, open_page: OpenPage, picture: Picture) -> None:
    page = open_page(world.page)
    expect(ours(page).locator("tbody tr")).to_have_count(SOURCES)
    row = ours(page).locator("tbody tr", has_text="Département de la Drôme")
    for text in ("Failed", "12", "6 ✕", "failing", "harvest_failing", "watch_portal"):
        expect(row).to_contain_text(text)
    held = ours(page).locator("tbody tr", has_text="Région Auvergne")
    for text in ("Succeeded", "held", "guard_portal"):
        expect(held).to_contain_text(text)
    expect(ours(page).locator("tbody tr", has_text="Métropole de Nice")).to_contain_text("waited for")
    expect(ours(page)).to_contain_text("Right now (2)")
    for cell in ours(page).locator("td[data-label='Next run']").all():
        assert re.search(r"UTC.*own cron", cell.locator("time").get_attribute("title") or "")
    picture(page, "page")


def test_page_is_searched_filtered_and_sorted(world: World, open_page: OpenPage) -> None:
    page = open_page(world.page)
    rows = ours(page).locator("tbody tr")
    page.get_by_label("Search sources").fill("drome departement")
    expect(rows).to_have_count(1)
    page.get_by_label("Search sources").fill("nowhere")
    page.get_by_role("button", name="Clear filters").click()
    page.get_by_label(re.compile("Needs attention")).check()
    expect(rows).to_have_count(5)
    page.get_by_label(re.compile("Needs attention")).uncheck()
    page.get_by_label("Findings").select_option("held")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("Région Auvergne")
    page.get_by_label("Findings").select_option("")
    sorter = ours(page).get_by_role("columnheader", name="Source").get_by_role("button")
    sorter.focus()
    page.keyboard.press("Enter")
    expect(ours(page).get_by_role("columnheader", name="Source")).to_have_attribute("aria-sort", "ascending")
    page.keyboard.press("Enter")
    expect(rows.first).to_contain_text("Ville de Rochebrune")


def test_source_has_a_view_of_its_own_and_back(world: World, open_page: OpenPage, picture: Picture) -> None:
    page = open_page(world.page)
    ours(page).get_by_role("button", name="Ville de Rochebrune").press("Enter")
    expect(ours(page).get_by_role("img", name=re.compile("Items of each harvest"))).to_be_visible()
    expect(ours(page).locator("tbody tr")).to_have_count(2)
    assert page.evaluate("document.activeElement.textContent") == "Ville de Rochebrune"
    picture(page, "source")
    page.go_back()
    expect(ours(page).locator("tbody tr")).to_have_count(SOURCES)


def test_asset_has_a_tab_where_airflow_has_them(
    world: World, open_page: OpenPage, picture: Picture, request: pytest.FixtureRequest
) -> None:
    if not request.config.getoption("--airflow").startswith("airflow-3.4"):
        pytest.skip("This Airflow has no tabs on assets.")
    source = world.stand.sources["failing"]
    asset = world.stand.airflow.api("GET", f"assets?uri_pattern=source/{source}")["assets"][0]
    page = open_page(f"{world.url}/assets/{asset['id']}/plugin/harvest-asset")
    for text in ("Département de la Drôme", "History", "6 items failed; none may.", "harvest_failing"):
        expect(ours(page)).to_contain_text(text)
    picture(page, "asset")


# --- who sees what ----------------------------------------------------------------------------------------------------


def status_for(world: World, user: str, path: str) -> int:
    """Return the response of Airflow's API itself to somebody."""
    try:
        world.stand.airflow.api("GET", path, user=user)
    except HTTPError as error:
        return error.code
    return 200


@pytest.mark.parametrize("user, may", [("ada", True), ("vic", True), ("nora", False)], ids=["admin", "viewer", "none"])
def test_a_tab_shows_a_dag_to_those_whom_airflow_shows_it(
    world: World, open_page: OpenPage, picture: Picture, user: str, may: bool
) -> None:
    run = world.runs["harvest_failing"]
    path = f"dags/harvest_failing/dagRuns/{run}/taskInstances/harvest/xcomEntries/harvest_result"
    assert status_for(world, user, path) == (200 if may else 403)
    page = open_page(world.tab("harvest_failing", "harvest"), user=user)
    expect(ours(page)).to_contain_text("6 items failed; none may." if may else "Your Airflow account may not read this")
    assert ("Département de la Drôme" in ours(page).inner_text()) is may
    picture(page, f"tab-of-{user}")


@pytest.mark.parametrize("user", ["ada", "vic", "nora"])
def test_the_page_shows_what_the_api_answers_to_each(world: World, open_page: OpenPage, user: str) -> None:
    entries = "dags/~/dagRuns/~/taskInstances/~/xcomEntries?limit=100&xcom_key=harvest_result"
    listed = world.stand.airflow.api("GET", entries, user=user)["xcom_entries"]
    assert ("harvest_failing" in {entry["dag_id"] for entry in listed}) is (user != "nora")
    answered: list[str] = []
    page = open_page(
        world.page,
        user=user,
        before=lambda page: page.on("response", lambda one: answered.append(f"{one.status} {one.url}")),
    )
    expect(ours(page).locator("tbody tr")).to_have_count(SOURCES)
    assert not [line for line in answered if "harvest_failing" in line and line.startswith("200") and user == "nora"]


# --- languages, looks, accessibility ----------------------------------------------------------------------------------


def test_page_is_french_in_a_french_browser_with_the_zone_of_the_viewer(
    world: World, open_page: OpenPage, picture: Picture
) -> None:
    page = open_page(world.tab("harvest_failing", "harvest"), **FRENCH_AND_DARK)
    expect(ours(page)).to_contain_text("Que faire")
    expect(ours(page)).to_contain_text("12 traités")
    moment = ours(page).locator("time").first
    shown, title = moment.inner_text(), moment.get_attribute("title") or ""
    assert title.endswith("UTC")
    hours = [int(re.findall(r"(\d\d):\d\d", text)[0]) for text in (shown, title)]
    assert (hours[0] - hours[1]) % 24 in (1, 2), "Paris is one or two hours ahead of UTC"
    picture(page, "tab-french-dark")


def test_narrow_page_needs_no_scrolling_sideways(world: World, open_page: OpenPage, picture: Picture) -> None:
    page = open_page(world.page, **NARROW)
    expect(ours(page).locator("tbody tr")).to_have_count(SOURCES)
    assert page.evaluate("(() => { const e = document.querySelector('.hv'); return e.scrollWidth <= e.clientWidth })()")
    picture(page, "page-narrow")


@pytest.mark.parametrize("look", [{}, {"color_scheme": "dark"}, NARROW], ids=["light", "dark", "narrow"])
def test_axe_finds_no_violation(world: World, open_page: OpenPage, look: dict[str, Any]) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed: run `make ui` first.")
    source = f"{world.page}?source={world.stand.portal.url.partition('//')[2]}/{world.stand.sources['failing']}"
    addresses = [world.page, source, world.tab("harvest_failing", "harvest"), world.tab("watch_portal", "health")]
    addresses += [world.tab("guard_portal", "report"), world.tab("wait_for_portal", "wait")]
    for address in addresses:
        page = open_page(address, **look)
        page.add_script_tag(path=str(AXE))
        found = page.evaluate("axe.run('.hv').then(result => result.violations)")
        told = [(rule["id"], [node["html"][:200] for node in rule["nodes"]][:3]) for rule in found]
        assert told == [], address


# --- what changes the world; last, since the others count what waits and what there is --------------------------------


def test_tab_of_a_deferred_task_follows_it_to_its_end(live: World, open_page: OpenPage) -> None:
    world = live
    page = open_page(world.tab("wait_for_job", "harvest"))
    expect(ours(page)).to_contain_text("Found job")
    world.stand.portal.control.delay_items(0)
    expect(ours(page)).to_contain_text("60 done", timeout=90_000)


def test_500_sources_take_as_many_requests_as_few_and_are_drawn_a_hundred_at_first(
    live: World, open_page: OpenPage, picture: Picture
) -> None:
    world = live
    world.stand.add_sources(MANY, harvests=30, of=10)
    requests: list[str] = []

    def count(page: Page) -> None:
        page.on("request", lambda request: requests.append(request.url) if "/api/v2/" in request.url else None)

    page = open_page(world.page, before=count)
    rows = ours(page).locator("tbody tr")
    expect(rows).to_have_count(ROWS)
    assert len(requests) < MOST_REQUESTS
    expect(ours(page)).to_contain_text(f"The first {ROWS} of {MANY + SOURCES} are shown")
    picture(page, "page-500")
    page.get_by_label("Search sources").fill("Commune 499")
    expect(rows).to_have_count(1)
    page.get_by_label("Search sources").fill("")
    page.get_by_role("button", name=f"Show {ROWS} more").press("Enter")
    expect(rows).to_have_count(2 * ROWS)
    assert page.evaluate(f"document.activeElement.closest('tr').sectionRowIndex === {ROWS}")
    page.get_by_role("button", name="Show all").press("Enter")
    expect(rows).to_have_count(MANY + SOURCES)
    expect(ours(page).locator(".hv-more")).to_have_count(0)
