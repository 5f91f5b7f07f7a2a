"""The virtual environments: which Python, what is installed, when one is built again, and by whom."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sandbox import environments, installer, interpreters
from sandbox.environments import ENVIRONMENTS, Environment, UnknownEnvironment
from sandbox.installer import InstallFailed, Recipe
from sandbox.interpreters import Interpreter, NoInterpreter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

PIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*==[0-9][A-Za-z0-9.!+_]*")


#: pip builds environments with these in them, uv without.
NOT_PINNED = {"pip", "setuptools", "airflow-provider-harvest"}


def comparable(pin: str) -> str:
    """A pin with its name in the one spelling that packages are compared by."""
    name, _, version = pin.partition("==")
    return f"{re.sub('[-_.]+', '-', name).lower()}=={version}"


def pythons(*versions: str) -> list[Interpreter]:
    return [Interpreter(version, Path(f"/opt/python{version}")) for version in versions]


class TestChoosingAnInterpreter:
    @pytest.mark.parametrize(
        "wanted, there, chosen",
        [
            pytest.param(("3.11", "3.12"), ("3.12", "3.11"), "3.11", id="the-best-that-is-there"),
            pytest.param(("3.11", "3.12"), ("3.10", "3.12"), "3.12", id="the-next-best"),
        ],
    )
    def test_takes(self, wanted: tuple[str, ...], there: tuple[str, ...], chosen: str) -> None:
        assert interpreters.choose(wanted, "udata 17.18.0", pythons(*there)).version == chosen

    @pytest.mark.parametrize(
        "there, have",
        [
            pytest.param(("3.14", "3.9"), "3.9, 3.14", id="others"),
            pytest.param((), "none that works", id="none"),
        ],
    )
    def test_refuses_in_one_sentence(self, there: tuple[str, ...], have: str) -> None:
        with pytest.raises(NoInterpreter) as refusal:
            interpreters.choose(("3.11", "3.12", "3.13"), "udata 17.18.0", pythons(*there))
        assert str(refusal.value) == (
            f"udata 17.18.0 needs Python 3.11 to 3.13, but this machine has {have}; "
            "install one with its venv module, for example python3.11, so that it is found on PATH."
        )

    def test_command_that_fails_is_no_interpreter(self, tmp_path: Path) -> None:
        shim = tmp_path / "python3.12"
        shim.write_text("#!/bin/sh\necho 'command not found' >&2\nexit 127\n")
        shim.chmod(0o755)
        assert interpreters.probe(str(shim)) is None

    def test_python_without_venv_is_no_interpreter(self, tmp_path: Path) -> None:
        shim = tmp_path / "python3.12"
        shim.write_text("#!/bin/sh\necho \"No module named 'ensurepip'\" >&2\nexit 1\n")
        shim.chmod(0o755)
        assert interpreters.probe(str(shim)) is None

    @pytest.mark.parametrize(
        "there, held",
        [
            ((), []),
            (("3.12.1", "3.12.10", "3.9.18"), ["3.12.10", "3.12.1"]),
            (("3.13.0rc1", "3.10.13", "pypy3.10-7.3"), ["3.13.0rc1", "3.10.13"]),
        ],
        ids=["no pyenv", "the newest first, none too old", "other names"],
    )
    def test_what_pyenv_holds_is_found_without_being_chosen(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: tuple[str, ...], held: list[str]
    ) -> None:
        monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
        for version in there:
            minor = ".".join(version.split(".")[:2])
            python = tmp_path / "versions" / version / "bin" / f"python{minor}"
            python.parent.mkdir(parents=True)
            python.touch()
        assert [Path(path).parents[1].name for path in interpreters.held_by_pyenv()] == held

    def test_the_python_that_runs_is_found(self) -> None:
        found = interpreters.found()[0]
        assert found.version == f"{sys.version_info[0]}.{sys.version_info[1]}"


class TestTellingUvWhatPipKnows:
    @pytest.mark.parametrize(
        "pip_config, variables",
        [
            pytest.param(
                "global.index-url='https://a.example/simple'",
                {"UV_DEFAULT_INDEX": "https://a.example/simple"},
                id="index",
            ),
            pytest.param(
                "global.extra-index-url='file:///a/simple file:///b/simple'",
                {"UV_INDEX": "file:///a/simple file:///b/simple"},
                id="extra-indexes",
            ),
            pytest.param(
                "global.extra-index-url='\\nhttps://a.example\\nhttps://b.example'",
                {"UV_INDEX": "https://a.example https://b.example"},
                id="extra-indexes-on-lines",
            ),
            pytest.param("global.find-links='/a /b'", {"UV_FIND_LINKS": "/a,/b"}, id="find-links"),
            pytest.param(":env:.cert='/etc/ca.crt'", {"SSL_CERT_FILE": "/etc/ca.crt"}, id="certificates"),
            pytest.param("global.trusted-host='a.example'", {"UV_INSECURE_HOST": "a.example"}, id="trusted-host"),
            pytest.param("global.proxy='http://p.example:3128'", {"ALL_PROXY": "http://p.example:3128"}, id="proxy"),
            pytest.param(":env:.default-timeout='180'", {"UV_HTTP_TIMEOUT": "180"}, id="timeout"),
            pytest.param(
                ":env:.index-url='https://env.example'\nglobal.index-url='https://global.example'\n"
                "install.index-url='https://install.example'",
                {"UV_DEFAULT_INDEX": "https://env.example"},
                id="environment-over-install-over-global",
            ),
            pytest.param("wheel.index-url='https://a.example'\nnonsense", {}, id="what-is-not-for-install"),
            pytest.param("", {}, id="nothing-configured"),
        ],
    )
    def test_setting(self, pip_config: str, variables: dict[str, str]) -> None:
        always = {"UV_INDEX_STRATEGY", "UV_PYTHON_DOWNLOADS", "UV_NO_PROGRESS"}
        settings = installer.uv_settings(pip_config, {})
        assert {name: value for name, value in settings.items() if name not in always} == variables

    def test_what_is_set_already_stays(self) -> None:
        settings = installer.uv_settings("global.proxy='http://a.example'", {"ALL_PROXY": "http://b.example"})
        assert "ALL_PROXY" not in settings


class TestPins:
    @pytest.mark.parametrize("name", ENVIRONMENTS)
    def test_constraints_are_exact_versions_and_nothing_else(self, name: str) -> None:
        lines = ENVIRONMENTS[name].constraints.read_text().splitlines()
        assert lines
        assert [line for line in lines if not PIN.fullmatch(line)] == []

    @pytest.mark.parametrize("name", ENVIRONMENTS)
    def test_each_release_is_pinned_to_the_one_in_the_name(self, name: str) -> None:
        product, _, release = name.partition("-")
        if release:
            package = {"airflow": "apache-airflow", "udata": "udata"}[product]
            assert f"{package}=={release}" in ENVIRONMENTS[name].constraints.read_text().splitlines()

    def test_everything_installed_here_is_pinned(self) -> None:
        name = Path(sys.prefix).name
        if Path(sys.prefix).parent != environments.ROOT / ".venvs" or name not in ENVIRONMENTS:
            pytest.skip("these tests run in an environment that was not built from pins")
        pinned = {comparable(line) for line in ENVIRONMENTS[name].constraints.read_text().splitlines()}
        installed = {
            comparable(f"{distribution.name}=={distribution.version}")
            for distribution in importlib.metadata.distributions()
            if distribution.name not in NOT_PINNED
        }
        assert sorted(installed - pinned) == []


class Builder:
    """Imitates the installer: makes what looks like an environment, and counts."""

    def __init__(self) -> None:
        self.built: list[str] = []
        self.uv: list[Path | None] = []
        self.fails: str | None = None
        self.began = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()

    def build(self, folder: Path, interpreter: Interpreter, recipe: Recipe, uv: Path | None, log: TextIO) -> str:
        python = installer.python_of(folder)
        python.parent.mkdir(parents=True, exist_ok=True)
        python.touch()
        self.began.set()
        self.go_on.wait(10)
        if self.fails == folder.name:
            raise InstallFailed(f"pip failed; its output is in {log.name}")
        self.built.append(folder.name)
        self.uv.append(uv)
        return "uv" if uv else "pip"


@pytest.fixture
def builder(monkeypatch: pytest.MonkeyPatch) -> Builder:
    """The installer's stand-in, in its place."""
    builder = Builder()
    monkeypatch.setattr(installer, "build", builder.build)
    return builder


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with two environments, ``plain-1.0`` and ``project-1.0``; the latter holds the project."""
    (tmp_path / "airflow_provider_harvest").mkdir()
    (tmp_path / "airflow_provider_harvest" / "__init__.py").write_text('__version__ = "1.0"\n')
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n\n[tool.ruff]\nline-length = 110\n')
    (tmp_path / "constraints").mkdir()
    here = interpreters.found()[0].version
    table = [
        Environment("tools", (here,), ("uv",)),
        Environment("plain-1.0", (here,), ("requests",)),
        Environment("project-1.0", (here,), ("pytest",), holds_project=True),
    ]
    for environment in table:
        (tmp_path / "constraints" / f"{environment.name}.txt").write_text("requests==2.0\n")
    monkeypatch.setattr(environments, "ROOT", tmp_path)
    monkeypatch.setattr(environments, "ENVIRONMENTS", {environment.name: environment for environment in table})
    return tmp_path


@pytest.fixture
def linked(root: Path, builder: Builder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A second clone, whose ``.venvs`` is a link to the environments that the first has built."""
    for name in environments.ENVIRONMENTS:
        environments.ensure(name, quietly)
    builder.built.clear()
    second = tmp_path / "second"
    second.mkdir()
    for part in ("constraints", "airflow_provider_harvest"):
        shutil.copytree(root / part, second / part)
    shutil.copy(root / "pyproject.toml", second)
    (second / ".venvs").symlink_to(root / ".venvs")
    monkeypatch.setattr(environments, "ROOT", second)
    return second


def quietly(line: str) -> None:
    """A log that nobody reads."""


class TestEnsure:
    def test_gives_the_python_of_the_environment(self, root: Path, builder: Builder) -> None:
        assert environments.ensure("plain-1.0", quietly) == root / ".venvs" / "plain-1.0" / "bin" / "python"

    def test_builds_by_uv_which_it_bootstraps_once(self, root: Path, builder: Builder) -> None:
        environments.ensure("plain-1.0", quietly)
        environments.ensure("project-1.0", quietly)
        assert builder.built == ["tools", "plain-1.0", "project-1.0"]
        assert builder.uv == [None, *[root / ".venvs" / "tools" / "bin" / "uv"] * 2]

    def test_builds_by_pip_where_uv_cannot_be_had_and_says_so(self, root: Path, builder: Builder) -> None:
        said: list[str] = []
        builder.fails = "tools"
        environments.ensure("plain-1.0", said.append)
        assert builder.uv == [None]
        assert [line for line in said if line.startswith("uv cannot be had (pip failed")]

    def test_does_nothing_and_says_nothing_the_second_time(self, root: Path, builder: Builder) -> None:
        environments.ensure("plain-1.0", quietly)
        said: list[str] = []
        builder.built.clear()
        environments.ensure("plain-1.0", said.append)
        assert (builder.built, said) == ([], [])

    @pytest.mark.parametrize(
        "name, path, text, again",
        [
            pytest.param("plain-1.0", "constraints/plain-1.0.txt", "requests==3.0\n", True, id="pins"),
            pytest.param("plain-1.0", "pyproject.toml", "[project]\n", False, id="project-that-it-does-not-hold"),
            pytest.param("project-1.0", "pyproject.toml", '[project]\nname = "y"\n', True, id="metadata"),
            pytest.param(
                "project-1.0",
                "pyproject.toml",
                '[project]\nname = "x"\n\n[tool.ruff]\nline-length = 80\n',
                False,
                id="settings-of-tools",
            ),
            pytest.param(
                "project-1.0", "airflow_provider_harvest/__init__.py", '__version__ = "2.0"\n', True, id="version"
            ),
        ],
    )
    def test_builds_again_when_its_inputs_change(
        self, root: Path, builder: Builder, name: str, path: str, text: str, again: bool
    ) -> None:
        environments.ensure(name, quietly)
        builder.built.clear()
        (root / path).write_text(text)
        environments.ensure(name, quietly)
        assert builder.built == ([name] if again else [])

    def test_builds_again_when_its_interpreter_is_gone(self, root: Path, builder: Builder) -> None:
        environments.ensure("plain-1.0", quietly).unlink()
        builder.built.clear()
        environments.ensure("plain-1.0", quietly)
        assert builder.built == ["plain-1.0"]

    def test_linked_environments_are_used_as_they_are(self, linked: Path, builder: Builder) -> None:
        environments.ensure("project-1.0", quietly)
        assert builder.built == []

    def test_linked_environments_are_not_rebuilt_by_another_clone(self, linked: Path, builder: Builder) -> None:
        (linked / "constraints" / "plain-1.0.txt").write_text("requests==3.0\n")
        with pytest.raises(InstallFailed, match=r"is a link, and .* not built from this clone's pins: remove"):
            environments.ensure("plain-1.0", quietly)
        assert builder.built == []

    def test_failed_build_does_not_count(self, root: Path, builder: Builder) -> None:
        builder.fails = "plain-1.0"
        with pytest.raises(InstallFailed):
            environments.ensure("plain-1.0", quietly)
        builder.fails = None
        environments.ensure("plain-1.0", quietly)
        assert builder.built == ["tools", "plain-1.0"]

    def test_failed_build_does_not_leave_the_old_one_as_if_it_were_new(self, root: Path, builder: Builder) -> None:
        environments.ensure("plain-1.0", quietly)
        pins = root / "constraints" / "plain-1.0.txt"
        old = pins.read_text()
        pins.write_text("requests==3.0\n")
        builder.fails = "plain-1.0"
        with pytest.raises(InstallFailed):
            environments.ensure("plain-1.0", quietly)
        pins.write_text(old)
        assert not environments.is_current(environments.ENVIRONMENTS["plain-1.0"])

    def test_two_at_once_build_once(self, root: Path, builder: Builder) -> None:
        environments.ensure("tools", quietly)
        builder.began.clear()
        builder.go_on.clear()
        waits = threading.Event()
        first = threading.Thread(target=environments.ensure, args=("plain-1.0", quietly))
        second = threading.Thread(target=environments.ensure, args=("plain-1.0", lambda line: waits.set()))
        first.start()
        assert builder.began.wait(10)
        second.start()
        assert waits.wait(10)
        builder.go_on.set()
        first.join(10)
        second.join(10)
        assert builder.built == ["tools", "plain-1.0"]

    def test_installer_that_outlives_its_killed_parent_is_waited_for(self, root: Path, builder: Builder) -> None:
        environment = environments.ENVIRONMENTS["tools"]
        with environments._only_one_process(environment, quietly) as output:
            orphan = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stdout=output)
        waits = threading.Event()
        waiting = threading.Thread(target=environments.ensure, args=("tools", lambda line: waits.set()))
        waiting.start()
        assert waits.wait(10)
        assert builder.built == []
        orphan.communicate(b"\n")
        waiting.join(10)
        assert builder.built == ["tools"]

    def test_unknown_name_is_refused_with_those_that_there_are(self, root: Path) -> None:
        with pytest.raises(UnknownEnvironment, match=r"no environment 'udata-1'; there are tools, plain-1.0"):
            environments.ensure("udata-1", quietly)

    def test_one_that_fails_does_not_keep_the_others_from_being_built(self, root: Path, builder: Builder) -> None:
        builder.fails = "plain-1.0"
        answers = environments.ensure_all(["plain-1.0", "project-1.0"], quietly)
        assert isinstance(answers["plain-1.0"], InstallFailed)
        assert answers["project-1.0"] == root / ".venvs" / "project-1.0" / "bin" / "python"


class TestBuilding:
    """What is run to build an environment."""

    @pytest.fixture
    def commands(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """The commands that would be run; those of a uv named ``broken-uv`` fail."""
        commands: list[str] = []

        def run(command: Sequence[str], log: TextIO, settings: object = None) -> None:
            commands.append(" ".join(command))
            if Path(command[0]).name == "broken-uv":
                raise InstallFailed("uv failed")

        monkeypatch.setattr(installer, "_run", run)
        monkeypatch.setattr(installer, "_pip_config", lambda python: "")
        return commands

    def build(self, uv: str | None, tmp_path: Path) -> str:
        recipe = Recipe(("requests", "pytest"), Path("pins.txt"), Path("project"))
        interpreter = Interpreter("3.11", Path("python3.11"))
        with (tmp_path / "log").open("a") as log:
            return installer.build(Path("env"), interpreter, recipe, Path(uv) if uv else None, log)

    def test_by_uv_needs_no_pip_in_the_environment(self, commands: list[str], tmp_path: Path) -> None:
        assert self.build("uv", tmp_path) == "uv"
        assert commands == [
            "python3.11 -m venv --clear --without-pip env",
            "uv pip install --python env/bin/python --constraint pins.txt requests pytest",
            "uv pip install --python env/bin/python --constraint pins.txt --no-build-isolation --editable project",
        ]

    @pytest.mark.parametrize("uv", [None, "broken-uv"])
    def test_by_pip_where_uv_is_missing_or_fails(self, commands: list[str], tmp_path: Path, uv: str | None) -> None:
        assert self.build(uv, tmp_path) == "pip"
        assert commands[-3:] == [
            "python3.11 -m venv --clear env",
            "env/bin/python -m pip install --constraint pins.txt requests pytest",
            "env/bin/python -m pip install --constraint pins.txt --no-build-isolation --editable project",
        ]

    def test_failure_names_the_log_and_the_log_says_why(self, tmp_path: Path) -> None:
        path = tmp_path / "env.log"
        with path.open("a") as log, pytest.raises(InstallFailed, match=f"its output is in {path}"):
            installer._run([sys.executable, "-c", "raise SystemExit('no such package')"], log)
        assert "no such package" in path.read_text()
