"""The portals that every integration test shares: one real udata per release, started when the first test wants it."""

from __future__ import annotations

import itertools
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from airflow_provider_harvest.portal.client import HarvestClient
from airflow_provider_harvest.portal.clock import Clock
from sandbox import RELEASES, Sandbox
from sandbox.catalogue import CatalogueServer
from tests.support.portal_api import PortalApi

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from airflow_provider_harvest.portal.models import HarvestSource

#: What a test runs against unless it is marked `every_release`: the newest release, and the oldest shape still common.
USUAL_RELEASES = ("17.18.0", "16.6.1")
PARTS = ("usual", "rest")
_LOG_OFFSET = pytest.StashKey[tuple[Sandbox, int]]()
#: The module of the latest test on each release.
_LATEST_MODULES = pytest.StashKey[dict[str, Path]]()
_PATIENCE = 60.0  # seconds
_numbers = itertools.count(1)


@dataclass(frozen=True)
class NewCatalogue:
    """A catalogue that no other test knows.

    :param server: what serves it.
    :param name: Its unique name.
    :param url: Its address, for a harvest source.
    """

    server: CatalogueServer
    name: str
    url: str

    @property
    def ids(self) -> list[str]:
        """The identifiers that it serves."""
        return self.server.ids(self.name)

    @property
    def fetches(self) -> int:
        """How often it was requested."""
        return self.server.fetches(self.name)

    def put(self, **contents: Any) -> None:
        """Serve something else under the same address; the arguments are those of `CatalogueServer.put`."""
        self.server.put(self.name, **contents)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--of-each-kind", type=int, default=2, help="records of each kind of change in test_compare.py")
    parser.addoption(
        "--releases",
        metavar="RELEASE,...",
        help=f"udata releases to test against (default: {','.join(USUAL_RELEASES)}; "
        f"all of {','.join(RELEASES)} for tests marked every_release)",
    )
    parser.addoption(
        "--part",
        choices=PARTS,
        help=f"usual: what runs on {' and '.join(USUAL_RELEASES)}, or on no release; rest: what runs on the others",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for `portal` once for each release that it is meant for."""
    if "portal" not in metafunc.fixturenames:
        return
    chosen = metafunc.config.getoption("--releases", default=None)
    some = metafunc.definition.get_closest_marker("releases")
    if chosen:
        releases = tuple(name.strip() for name in chosen.split(","))
    elif some:
        releases = some.args
    elif metafunc.definition.get_closest_marker("every_release"):
        releases = RELEASES
    else:
        releases = USUAL_RELEASES
    unknown = sorted(set(releases) - set(RELEASES))
    if unknown:
        raise pytest.UsageError(
            f"--releases: the sandbox does not run {', '.join(unknown)}, only {', '.join(RELEASES)}."
        )
    metafunc.parametrize("portal", releases, indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is not in the requested part of the tests."""
    part = config.getoption("--part", default=None)
    if part is None:
        return
    left_out = [item for item in items if _part_of(item) != part]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if _part_of(item) == part]


def _part_of(item: pytest.Item) -> str:
    parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
    others = [release for release in RELEASES if release in parameters and release not in USUAL_RELEASES]
    return "rest" if others else "usual"


#: Modules whose tests start portals of their own, so that they may run at the same time as those on any release.
_OWN_PORTALS = ("test_documented_commands.py", "test_sandbox_command.py", "test_sandbox_lifetime.py")


class OneProcessForARelease(LoadScopeScheduling):  # type: ignore[misc]
    """Gives all tests on a udata release to the same process, so that its portal is started once."""

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        if module.endswith(_OWN_PORTALS):
            return module
        parameters = nodeid.rpartition("[")[2]
        return next((release for release in RELEASES if release in parameters), RELEASES[0])


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneProcessForARelease:
    """Schedule tests by udata release when there is more than one process (``-n 2``)."""
    return OneProcessForARelease(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show a failed test with what udata logged meanwhile."""
    report = yield
    if report.failed and _LOG_OFFSET in item.stash:
        portal, offset = item.stash[_LOG_OFFSET]
        with portal.log_path.open("rb") as log:
            log.seek(offset)
            report.sections.append((f"log of udata {portal.release}", log.read().decode(errors="replace")))
    return report


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let tasks and clients poll sooner than they would: each of their pauses is a quarter as long.

    Their clocks are true and so is the portal's, so that what is waited for takes as long as it does.
    """
    monkeypatch.setattr(Clock, "sleep", lambda clock, seconds: time.sleep(max(seconds, 0.0) / 4))


@pytest.fixture(scope="session")
def running_portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Sandbox]]:
    """The portal of a release, started once in a session."""
    running: dict[str, Sandbox] = {}
    log_dir = tmp_path_factory.mktemp("udata-logs")

    def get(release: str) -> Sandbox:
        if release not in running:
            running[release] = Sandbox.start(release, log_dir=log_dir)
        return running[release]

    yield get
    for sandbox in running.values():
        sandbox.stop()


@pytest.fixture
def portal(request: pytest.FixtureRequest, running_portal: Callable[[str], Sandbox]) -> Iterator[Sandbox]:
    """A portal with no steering in force, of each release in turn; what earlier tests of a module created is in it."""
    yield from _lend(request.node, running_portal(request.param))


@pytest.fixture
def portal_17(request: pytest.FixtureRequest, running_portal: Callable[[str], Sandbox]) -> Iterator[Sandbox]:
    """As `portal`, but only of the newest release."""
    yield from _lend(request.node, running_portal(RELEASES[0]))


def _lend(test: pytest.Item, sandbox: Sandbox) -> Iterator[Sandbox]:
    test.stash[_LOG_OFFSET] = (sandbox, sandbox.log_path.stat().st_size)
    latest = test.session.stash.setdefault(_LATEST_MODULES, {})
    if latest.get(sandbox.release) != test.path:
        sandbox.control.clear()  # the database is searched without indexes: each test would be slower than those before
        latest[sandbox.release] = test.path
    yield sandbox
    sandbox.control.reset()
    sandbox.control.wait_until_idle()


@pytest.fixture
def api(portal: Sandbox) -> PortalApi:
    """The portal's API, for tests of the sandbox itself."""
    return PortalApi(portal)


@pytest.fixture
def client_of(portal: Sandbox) -> Iterator[Callable[..., HarvestClient]]:
    """Makes clients of the portal, with the key of a role or without one: `client_of("org_admin")`, `client_of()`."""
    made: list[HarvestClient] = []

    def make(role: str | None = None, **options: Any) -> HarvestClient:
        made.append(HarvestClient(portal.url, getattr(portal.keys, role) if role else None, **options))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def admin(client_of: Callable[..., HarvestClient]) -> HarvestClient:
    """A client with a sysadmin's key."""
    return client_of("admin")


@pytest.fixture
def org_admin(client_of: Callable[..., HarvestClient]) -> HarvestClient:
    """A client with the key of the organization's admin."""
    return client_of("org_admin")


@pytest.fixture
def anybody(client_of: Callable[..., HarvestClient]) -> HarvestClient:
    """A client without a key."""
    return client_of()


@pytest.fixture
def new_source(
    portal: Sandbox, org_admin: HarvestClient, new_catalogue: Callable[..., NewCatalogue]
) -> Callable[..., HarvestSource]:
    """Makes sources of the organization that nobody has accepted yet, each of a catalogue with such contents."""

    def make(**contents: Any) -> HarvestSource:
        catalogue = new_catalogue(**contents)
        return org_admin.create_source(catalogue.name, catalogue.url, "dcat", organization=portal.organization.id)

    return make


@pytest.fixture
def new_harvest(
    portal: Sandbox, admin: HarvestClient, new_source: Callable[..., HarvestSource]
) -> Callable[..., HarvestSource]:
    """Makes sources as `new_source` does, each accepted and harvested once."""

    def make(**contents: Any) -> HarvestSource:
        source = new_source(**contents)
        admin.validate_source(source.id)
        portal.control.wait_until_idle()
        return admin.get_source(source.id)

    return make


@pytest.fixture(scope="session")
def catalogue_server() -> Iterator[CatalogueServer]:
    """The server of all catalogues made by `new_catalogue`."""
    with CatalogueServer() as server:
        yield server


@pytest.fixture
def catalogue_name(request: pytest.FixtureRequest) -> str:
    """A name that no other test uses; good for a source as well."""
    return _unique_name(request)


@pytest.fixture
def new_catalogue(
    request: pytest.FixtureRequest, catalogue_server: CatalogueServer
) -> Iterator[Callable[..., NewCatalogue]]:
    """Makes catalogues, each under a name of its own: `new_catalogue(datasets=3, failing=1)`."""
    made: list[str] = []

    def make(**contents: Any) -> NewCatalogue:
        name = _unique_name(request)
        made.append(name)
        return NewCatalogue(catalogue_server, name, catalogue_server.put(name, **contents))

    yield make
    for name in made:
        catalogue_server.remove(name)


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], None]:
    """Waits until something outside this process is so: `eventually(lambda: not folder.exists())`."""

    def wait_until(is_so: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not is_so():
            assert time.monotonic() < deadline, f"It was not so within {_PATIENCE:g} s."
            time.sleep(0.02)

    return wait_until


def _unique_name(request: pytest.FixtureRequest) -> str:
    test = re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_").lower()).strip("-")
    return f"{test}-{next(_numbers)}"
