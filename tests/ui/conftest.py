"""A browser on the pages of a real Airflow that harvests on a real portal; run by ``make test-ui``."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.ui import airflow_and_portal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Locator

_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
_PATIENCE = 60_000.0  # ms; a busy machine takes that long
AXE = Path(__file__).resolve().parents[2] / "ui" / "node_modules" / "axe-core" / "axe.min.js"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of these tests."""
    parser.addoption(
        "--airflow", default=airflow_and_portal.NEWEST, help="environment of the Airflow whose pages are opened"
    )
    parser.addoption("--keep", default="", help="new folder that the Airflow is copied to once all DAGs have run")
    parser.addoption("--kept", default="", help="such a folder: an api-server alone opens it, which takes a minute")
    parser.addoption("--pictures", default="", help="folder that pictures of the pages are written to")


@dataclass
class World:
    """What runs, and the runs that the tests open.

    :param runs: id of a run by the name of its DAG.
    """

    stand: airflow_and_portal.Stand
    runs: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where Airflow is."""
        return self.stand.airflow.url

    def tab(self, dag_id: str, task_id: str, run: str = "") -> str:
        """Return the address of the tab of a task of a DAG's newest run, or of another one."""
        return f"{self.url}/dags/{dag_id}/runs/{quote(self.runs[run or dag_id])}/tasks/{task_id}/plugin/harvest"

    @property
    def page(self) -> str:
        """The address of the page of all harvests."""
        return f"{self.url}/plugin/harvests"


@pytest.fixture(scope="session")
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """A portal and an Airflow in which each DAG has run once; one source is harvested slowly, one is waited for."""
    release, keep, kept = (request.config.getoption(name) for name in ("--airflow", "--keep", "--kept"))
    if kept:
        with airflow_and_portal.kept(Path(kept), release) as (stand, runs):
            yield World(stand, runs)
        return
    with airflow_and_portal.running(release) as stand:
        runs = stand.run_all()
        if keep:
            stand.keep(Path(keep), runs)
        yield World(stand, runs)


@pytest.fixture
def live(request: pytest.FixtureRequest, world: World) -> World:
    """The world, where things still happen in it."""
    if request.config.getoption("--kept"):
        pytest.skip("Nothing runs in what was kept.")
    return world


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The machine's Chromium, headless."""
    found = next(filter(None, map(shutil.which, _CHROMIUM)), None)
    assert found, "These tests need a Chromium; on Debian: apt install chromium."
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield chromium
        chromium.close()


class Windows:
    """Browser contexts in which people are logged in; one for each person and look, so that each loads Airflow once.

    :param browser: the browser.
    :param url: where Airflow is.
    """

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser = browser
        self._url = url
        self._contexts: dict[str, BrowserContext] = {}

    def open(self, user: str, look: dict[str, object]) -> Page:
        """Return a new page of somebody."""
        key = repr((user, sorted(look.items())))
        if key not in self._contexts:
            options = {"viewport": {"width": 1280, "height": 850}, "locale": "en-GB", **look}
            context = self._browser.new_context(**options)
            context.set_default_timeout(_PATIENCE)
            page = context.new_page()
            _log_in(page, self._url, user)
            page.close()
            self._contexts[key] = context
        return self._contexts[key].new_page()


@pytest.fixture(scope="session")
def windows(world: World, browser: Browser) -> Windows:
    """The browser's contexts."""
    return Windows(browser, world.url)


@pytest.fixture
def open_page(windows: Windows, request: pytest.FixtureRequest) -> Iterator[Callable[..., Page]]:
    """Return a function that opens an address for somebody; errors that our script does not catch fail the test."""
    pages: list[Page] = []
    errors: list[str] = []

    def open_it(
        address: str, user: str = "ada", before: Callable[[Page], object] = lambda page: None, **look: object
    ) -> Page:
        page = windows.open(user, look)
        pages.append(page)
        page.on("pageerror", lambda error: errors.append(f"{error} {error.stack}"))
        before(page)
        page.goto(address)
        ours(page).first.wait_for()
        page.wait_for_function(
            "!document.querySelector('.hv [role=status]')?.textContent.match(/^(Loading|Chargement)/)"
        )
        return page

    yield open_it
    for page in pages:
        page.close()
    # Airflow 3.2 leaves an aborted request of its own uncaught now and then.
    ours_alone = [error for error in errors if "harvest.js" in error or "aborted" not in error]
    assert ours_alone == [], f"{request.node.name}: the page met errors: {ours_alone}"


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Callable[[Page, str], None]:
    """Return a function that writes a picture if pictures were requested."""
    folder = request.config.getoption("--pictures")

    def write(page: Page, name: str) -> None:
        if folder:
            page.screenshot(path=str(Path(folder) / f"{name}.png"))

    return write


def ours(page: Page) -> Locator:
    """Return the part of a page that is this provider's."""
    return page.locator(".hv")


def _log_in(page: Page, url: str, user: str) -> None:
    page.goto(url)
    page.locator("input[name=username]").fill(user)
    page.locator("input[name=password]").fill(user)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda address: "login" not in address)
