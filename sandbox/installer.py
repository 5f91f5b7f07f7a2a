"""Builds a virtual environment, by uv where that can be had and by pip otherwise; for `environments`.

uv is worth its few lines: from a warm cache an Airflow environment takes it 3 s where pip takes 30 s, a udata
one 8 s where pip takes 37 s. It is bootstrapped by pip and given pip's own configuration, so that pip is all
that a machine must have configured.
"""

from __future__ import annotations

import ast
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TextIO

    from sandbox.interpreters import Interpreter

#: One call of an installer may take this long (s): a cold cache on a slow network, not a hang.
INSTALL_SECONDS = 1800
#: Sections of `pip config list`, the weaker first.
_PIP_SECTIONS = ("global", "install", ":env:")


class InstallFailed(RuntimeError):
    """An environment could not be built; the message names the log that says why."""


@dataclass(frozen=True)
class Recipe:
    """What goes into an environment.

    :param requirements: What to install, by name; the versions stand in the constraints.
    :param constraints: File of ``name==version`` lines.
    :param project: Folder of a project to install as editable after the requirements, or None.
    """

    requirements: Sequence[str]
    constraints: Path
    project: Path | None = None


def build(folder: Path, interpreter: Interpreter, recipe: Recipe, uv: Path | None, log: TextIO) -> str:
    """Build a virtual environment in an empty or missing folder.

    :param uv: The uv to use; None for pip.
    :param log: File that takes the installers' output; they hold it open for as long as they run.
    :returns: What did it: ``uv`` or ``pip``.
    :raises InstallFailed: Neither could.
    """
    if uv:
        try:
            _run([str(interpreter.path), "-m", "venv", "--clear", "--without-pip", str(folder)], log)
            settings = uv_settings(_pip_config(uv.with_name("python")), os.environ)
            _install([str(uv), "pip", "install", "--python", str(python_of(folder))], recipe, log, settings)
        except InstallFailed:
            log.write("\nuv failed; pip tries.\n")
        else:
            return "uv"
    _run([str(interpreter.path), "-m", "venv", "--clear", str(folder)], log)
    _install([str(python_of(folder)), "-m", "pip", "install"], recipe, log, {})
    return "pip"


def python_of(folder: Path) -> Path:
    """The interpreter of a virtual environment."""
    return folder / "bin" / "python"


def uv_settings(pip_config: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Say to uv what pip is configured to do: where packages come from, and how to get there.

    :param pip_config: What ``pip config list`` prints.
    :param environ: Variables that are already set; they win.
    :returns: Environment variables for uv.
    """
    pip = _pip_options(pip_config)
    settings = {
        # As pip does: the best version of all places, not the first place that knows the name.
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_NO_PROGRESS": "1",
        "UV_DEFAULT_INDEX": pip.get("index-url", ""),
        "UV_INDEX": " ".join(pip.get("extra-index-url", "").split()),
        "UV_FIND_LINKS": ",".join(pip.get("find-links", "").split()),
        "UV_INSECURE_HOST": " ".join(pip.get("trusted-host", "").split()),
        "UV_HTTP_TIMEOUT": pip.get("timeout") or pip.get("default-timeout", ""),
        "SSL_CERT_FILE": pip.get("cert", ""),
        "SSL_CLIENT_CERT": pip.get("client-cert", ""),
        "ALL_PROXY": pip.get("proxy", ""),
    }
    return {name: value for name, value in settings.items() if value and name not in environ}


def _pip_options(listing: str) -> dict[str, str]:
    """Read ``pip config list``: lines such as ``global.timeout='60'``; a later section overrides."""
    options: dict[str, dict[str, str]] = {section: {} for section in _PIP_SECTIONS}
    for line in listing.splitlines():
        key, equals, value = line.partition("=")
        section, dot, option = key.rpartition(".")
        if equals and dot and section in options:
            options[section][option] = str(ast.literal_eval(value))
    return {option: value for section in _PIP_SECTIONS for option, value in options[section].items()}


def _pip_config(python: Path) -> str:
    command = [str(python), "-m", "pip", "config", "list"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout


def _install(command: Sequence[str], recipe: Recipe, log: TextIO, settings: Mapping[str, str]) -> None:
    constrained = [*command, "--constraint", str(recipe.constraints)]
    _run([*constrained, *recipe.requirements], log, settings)
    if recipe.project:
        # Without isolation the build backend is the pinned one that the requirements brought.
        _run([*constrained, "--no-build-isolation", "--editable", str(recipe.project)], log, settings)


def _run(command: Sequence[str], log: TextIO, settings: Mapping[str, str] | None = None) -> None:
    log.write(f"\n$ {' '.join(command)}\n")
    log.flush()
    try:
        subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(settings or {})},
            timeout=INSTALL_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        log.write(f"{error}\n")
        raise InstallFailed(f"{Path(command[0]).name} failed; its output is in {log.name}") from error
