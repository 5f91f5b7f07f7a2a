"""Which tests run in which environment: the table that `tests.run` works through."""

from __future__ import annotations

from dataclasses import dataclass

#: The environment that holds the development tools, and that most suites run on.
NEWEST = "airflow-3.3.2"


@dataclass(frozen=True)
class Suite:
    """One command in one environment.

    :param name: Its name, as on the command line.
    :param environment: Name of the environment whose Python runs it.
    :param arguments: What follows that Python.
    :param needs: Other environments that it starts processes in.
    :param counts_tests: Whether it is a pytest run; one without a single test has failed.
    :param seconds: How long it may take; then it is ended, and has failed.
    """

    name: str
    environment: str
    arguments: tuple[str, ...]
    needs: tuple[str, ...] = ()
    counts_tests: bool = True
    seconds: int = 1200

    @property
    def title(self) -> str:
        return f"{self.name} on {self.environment}"


def _pytest(
    name: str,
    environment: str,
    *paths: str,
    needs: tuple[str, ...] = (),
    seconds: int = 1200,
    module: str = "pytest",
) -> Suite:
    arguments = ("-m", module, "-p", "no:cacheprovider", "--durations=10", *paths)
    return Suite(name, environment, arguments, needs, seconds=seconds)


def _tool(name: str, *arguments: str) -> Suite:
    return Suite(name, NEWEST, ("-m", *arguments), counts_tests=False)


_USUAL_RELEASES = ("udata-17.18.0", "udata-16.6.1")
_OTHER_RELEASES = ("udata-17.3.0", "udata-13.0.0", "udata-9.2.4")

#: Folders of tests that load no Airflow, which takes seconds of each process.
_WITHOUT_AIRFLOW = ("portal", "cli")
#: What is the same on every Airflow: these, and tests of the docs. The environments have the same Python, requests and
#: urllib3.
_SAME_ON_EVERY_AIRFLOW = (*_WITHOUT_AIRFLOW, "test_architecture.py", "test_docs.py", "test_exported_names.py")


def _unit_without(*paths: str) -> tuple[str, ...]:
    return ("tests/unit", *(f"--ignore=tests/unit/{path}" for path in paths))


#: Runs pytest, and loads Airflow once for it and for the tests that need a process with nothing else.
_WITH_AIRFLOW = "tests.with_airflow"
#: In processes of their own, all at a time: only one of them loads Airflow, and none speaks to another.
UNIT = (
    _pytest("unit, Airflow", NEWEST, *_unit_without(*_WITHOUT_AIRFLOW), module=_WITH_AIRFLOW),
    *(_pytest(f"unit, {folder}", NEWEST, f"tests/unit/{folder}") for folder in _WITHOUT_AIRFLOW),
)
#: For those who choose some tests, and read what they print.
UNIT_CHOSEN = (_pytest("unit", NEWEST, "tests/unit"),)
UNIT_ON_OLDER_AIRFLOW = tuple(
    _pytest("unit", older, *_unit_without(*_SAME_ON_EVERY_AIRFLOW), module=_WITH_AIRFLOW)
    for older in ("airflow-2.11.2", "airflow-3.1.8")
)
#: The repository itself: the sandbox, the wheel, these suites, where things are.
PROJECT = (_pytest("project", NEWEST, "tests/project"),)
#: Properties on many more examples than in the other runs.
PROPERTIES = (
    _pytest("properties", NEWEST, "-n", "2", "-m", "hypothesis", "--hypothesis-profile=thorough", "tests/unit"),
)
#: A process for each release at most: all tests on one udata release are in the same one, so that its portal is
#: started once. The usual part is on the newest release and on one of another dialect, the rest on the other three.
INTEGRATION_USUAL, INTEGRATION_REST = (
    _pytest(
        f"integration, {part}",
        NEWEST,
        *("-n", str(processes), f"--part={part}"),
        "tests/integration",
        needs=releases,
        seconds=2700,
    )
    for part, processes, releases in (("usual", 2, _USUAL_RELEASES), ("rest", 3, _OTHER_RELEASES))
)
#: For those who choose some tests, or releases: one process, whose output is shown. Other releases are built on demand.
INTEGRATION_CHOSEN = (_pytest("integration", NEWEST, "tests/integration", needs=_USUAL_RELEASES, seconds=2700),)
DAGS_ON_NEWEST_AIRFLOW, DAGS_ON_OLDER_AIRFLOW = (
    _pytest("dags", environment, "tests/dags", needs=("udata-17.18.0",), seconds=2700)
    for environment in (NEWEST, "airflow-2.11.2")
)
#: Those that read what Airflow keeps from one run to the next, on the server that production has.
DAGS_ON_POSTGRESQL = _pytest(
    "dags on PostgreSQL",
    NEWEST,
    *("--database=postgresql", "tests/dags/test_watching_dags.py"),
    needs=("postgres", "udata-17.18.0"),
)
CRASH = tuple(
    _pytest("crash", environment, "tests/crash", needs=("udata-17.18.0",), seconds=1800)
    for environment in (NEWEST, "airflow-2.11.2")
)
CHAOS = (Suite("chaos", NEWEST, ("-m", "tests.chaos"), needs=("udata-17.18.0",), counts_tests=False, seconds=7200),)
_GUARDED_RELEASES = ("udata-17.18.0", "udata-16.6.1", "udata-9.2.4")
#: What the guard holds, and what it foretells, on real portals; the longest part is thirty days of 2,000 datasets.
GUARD_PROOF = (_pytest("guard-proof", NEWEST, "-s", "tests/guard_proof", needs=_GUARDED_RELEASES, seconds=7200),)
#: A triggerer with 300 waits and 3 event triggers for 34 hours of fake time.
SOAK = (_pytest("soak", NEWEST, "tests/soak", seconds=3600),)
#: Every kind of change between harvests of 5,000 records, within and across releases: 455 records of each of 11 kinds.
COMPARE_PROOF = (
    _pytest(
        "compare-proof",
        NEWEST,
        *("tests/integration/test_compare.py", "--of-each-kind", "455"),
        *("--releases", "17.18.0,16.6.1,9.2.4", "-k", "every_kind or two_releases"),
        needs=("udata-17.18.0", "udata-16.6.1", "udata-9.2.4"),
        seconds=7200,
    ),
)
#: Short forms of the slow proofs, so that none of them stops working unnoticed.
PROOFS = (
    *(
        _pytest(
            f"guard-proof, disasters on {which} udata",
            NEWEST,
            *("tests/guard_proof/test_disasters.py", "-k", chosen),
            needs=_GUARDED_RELEASES,
            seconds=1800,
        )
        for which, chosen in (("the newest", "17.18.0"), ("older", "not 17.18.0"))
    ),
    _pytest(
        "guard-proof, 60 datasets",
        NEWEST,
        *("tests/guard_proof", "--ignore=tests/guard_proof/test_disasters.py", "--datasets=60"),
        needs=_GUARDED_RELEASES,
        seconds=1800,
    ),
    *CHAOS,
    *PROPERTIES,
)
#: `--confcutdir` leaves out what tests/conftest.py prepares: the environment of these has no Airflow.
UI = tuple(
    Suite(
        f"pages of {airflow}",
        "ui",
        ("-m", "pytest", "-p", "no:cacheprovider", "--confcutdir=tests/ui", "tests/ui", "--airflow", airflow),
        needs=(airflow, "udata-17.18.0"),
        seconds=1500,
    )
    for airflow in (NEWEST, "airflow-3.1.8", "airflow-3.2.2", "airflow-3.4.0b2")
)
#: The Markdown pages and the docstrings as a site in build/site; any warning fails it.
DOCS = (Suite("site", "docs", ("-m", "docs.build"), counts_tests=False),)
LINT = (
    _tool("ruff check", "ruff", "check", "."),
    _tool("ruff format", "ruff", "format", "--check", "."),
    _tool("mypy", "mypy"),
    # Words that make the text hard to read: a small own list, since codespell knows single words only.
    _tool("prose", "tests.prose"),
)

#: What a contributor needs, and the same on the other releases of udata and Airflow: together every test.
TEST = (INTEGRATION_USUAL, DAGS_ON_NEWEST_AIRFLOW, *UNIT, *PROJECT)
MATRIX = (INTEGRATION_REST, DAGS_ON_OLDER_AIRFLOW, DAGS_ON_POSTGRESQL, *UNIT_ON_OLDER_AIRFLOW)

#: What can be requested. The longest suite comes first, so that the others run at the same time.
GROUPS: dict[str, tuple[Suite, ...]] = {
    "test": TEST,
    "matrix": MATRIX,
    "full": (*CRASH, *TEST, *MATRIX),
    "crash": CRASH,
    "chaos": CHAOS,
    "proofs": PROOFS,
    "guard-proof": GUARD_PROOF,
    "soak": SOAK,
    "compare-proof": COMPARE_PROOF,
    "unit": UNIT,
    "project": PROJECT,
    "properties": PROPERTIES,
    "integration": (INTEGRATION_USUAL, INTEGRATION_REST),
    "dags": (DAGS_ON_NEWEST_AIRFLOW, DAGS_ON_OLDER_AIRFLOW, DAGS_ON_POSTGRESQL),
    "ui": UI,
    "docs": DOCS,
    "lint": LINT,
}
#: How many suites run at a time: the machine that the times are promised for has two cores.
USUAL_LANES = 2
#: The same for groups whose suites wait for a real portal during half of their time; and for the unit tests, of which
#: the third and shortest suite would else leave a core idle at the end.
LANES = {"test": 3, "matrix": 3, "full": 3, "proofs": 3, "unit": 3}
#: What replaces a group when arguments choose some of its tests: each suite of it holds all of them.
CHOSEN = {
    "unit": UNIT_CHOSEN,
    "integration": INTEGRATION_CHOSEN,
    "dags": (DAGS_ON_NEWEST_AIRFLOW, DAGS_ON_OLDER_AIRFLOW),
}
