"""What is published: the wheel holds the package and nothing else, and says truly what it needs and offers."""

from __future__ import annotations

import configparser
import email
import importlib.metadata
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement

import airflow_provider_harvest

if TYPE_CHECKING:
    from email.message import Message

PACKAGE = Path(airflow_provider_harvest.__file__).parent
ROOT = PACKAGE.parent
VERSION = airflow_provider_harvest.__version__
DIST_INFO = f"airflow_provider_harvest-{VERSION}.dist-info"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built from the working tree."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (path,) = folder.iterdir()
    return zipfile.ZipFile(path)


@pytest.fixture(scope="module")
def metadata(wheel: zipfile.ZipFile) -> Message:
    return email.message_from_bytes(wheel.read(f"{DIST_INFO}/METADATA"))


def test_holds_the_package_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    files = {
        path.relative_to(ROOT).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    held = {name for name in wheel.namelist() if not name.startswith(DIST_INFO)}
    assert held == files
    data = {"py.typed", "portal/as_code/files/schema.json", "plugins/static/harvest.js"}
    assert {f"airflow_provider_harvest/{name}" for name in data} <= held


def test_carries_the_licence(wheel: zipfile.ZipFile, metadata: Message) -> None:
    assert metadata["License-Expression"] == "Apache-2.0"
    assert wheel.read(f"{DIST_INFO}/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()


def test_is_found_by_airflow_and_brings_its_command(wheel: zipfile.ZipFile) -> None:
    offered = configparser.ConfigParser()
    offered.read_string(wheel.read(f"{DIST_INFO}/entry_points.txt").decode())
    assert {group: dict(offered[group]) for group in offered.sections()} == {
        "apache_airflow_provider": {"provider_info": "airflow_provider_harvest.provider_info:get_provider_info"},
        "airflow.plugins": {"harvest": "airflow_provider_harvest.plugins:HarvestPlugin"},
        "console_scripts": {"airflow-harvest": "airflow_provider_harvest.cli.main:main"},
    }


def test_needs_airflow_from_2_11_without_an_upper_cap(metadata: Message) -> None:
    requirements = [Requirement(text) for text in metadata.get_all("Requires-Dist", [])]
    extras = {str(requirement) for requirement in requirements if requirement.marker}
    assert extras == {
        'jinja2>=3.1; extra == "cli"',
        'pyyaml>=6.0; extra == "code"',
        'rich>=13.0; extra == "cli"',
    }
    requirements = [requirement for requirement in requirements if not requirement.marker]
    assert {requirement.name for requirement in requirements} == {"apache-airflow", "pendulum", "requests"}
    specifiers = {requirement.name: str(requirement.specifier) for requirement in requirements}
    assert specifiers["apache-airflow"] == ">=2.11.0"
    assert metadata["Requires-Python"] == ">=3.10"


@pytest.mark.parametrize(
    "classifier",
    ["Framework :: Apache Airflow", "Framework :: Apache Airflow :: Provider", "Typing :: Typed"],
)
def test_is_classified(metadata: Message, classifier: str) -> None:
    assert classifier in metadata.get_all("Classifier", [])


def test_environment_holds_the_version_that_the_package_says() -> None:
    assert importlib.metadata.version("airflow-provider-harvest") == VERSION
