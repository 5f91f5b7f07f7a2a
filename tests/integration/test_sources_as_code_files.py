"""Files of sources on real portals: read, applied, exported, and planned again; through the API and the command."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from airflow_provider_harvest.cli.main import main
from airflow_provider_harvest.exceptions import HarvestNotFound
from airflow_provider_harvest.portal.as_code.apply.run import apply_plan
from airflow_provider_harvest.portal.as_code.export import export_sources
from airflow_provider_harvest.portal.as_code.files.config import check_declaration
from airflow_provider_harvest.portal.as_code.files.reader import read
from airflow_provider_harvest.portal.as_code.model import InvalidDeclaration
from airflow_provider_harvest.portal.as_code.plan.make_plan import make_plan
from airflow_provider_harvest.portal.client import HarvestClient
from tests.support.declared_files import HURRY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sandbox import Sandbox

pytestmark = pytest.mark.integration

COUNT = int(os.environ.get("HARVEST_TEST_SOURCES", "12"))


def whole_file(portal: Sandbox, catalogue_name: str) -> str:
    """A file that says all that a file can, of sources that nobody responds for."""
    bodies = "".join(
        f"""\
  town-{number:03}:
    name: Town {number} of {catalogue_name}
    url: http://127.0.0.1:11/{catalogue_name}/{number}
"""
        for number in range(COUNT)
    )
    return f"""\
version: 1
portal: {portal.url}
defaults:
  backend: dcat
  organization: {portal.organization.slug}
  active: false
  autoarchive: true
  schedule: {{window: 22:00-05:00}}
sources:
{bodies}\
  other:
    name: 'Other of {catalogue_name}: é'
    url: http://127.0.0.1:11/{catalogue_name}/other
    description: "Two\\nlines "
    backend: csw-iso-19139
    config: {{extra_configs: {{remote_url_prefix: 'https://geo.example/#/'}}}}
    autoarchive: false
    schedule: 0 12 * * mon-fri
    validation: {{state: accepted, comment: Looked at.}}
  unscheduled:
    name: Unscheduled of {catalogue_name}
    url: http://127.0.0.1:11/{catalogue_name}/unscheduled
    schedule: never
"""


@pytest.fixture
def file(portal: Sandbox, catalogue_name: str, tmp_path: Path) -> Path:
    """Such a file for each portal in turn."""
    path = tmp_path / "sources.yaml"
    path.write_text(whole_file(portal, catalogue_name))
    return path


@pytest.mark.every_release
def test_a_file_is_applied_and_exported_and_planned_again(
    portal: Sandbox, admin: HarvestClient, anybody: HarvestClient, file: Path, catalogue_name: str, tmp_path: Path
) -> None:
    declaration = read(file)
    check_declaration(declaration, admin.list_backends())
    apply_plan(admin, make_plan(admin, declaration), limits=HURRY)
    assert make_plan(admin, declaration).is_clean
    made = [source for source in admin.iter_sources() if f"/{catalogue_name}/" in source.url]
    crons = {source.schedule for source in made}
    assert len(crons) == COUNT + 2  # each of the window another one, the one that is given, and none

    exported = export_sources(anybody, portal.organization.slug)
    path = tmp_path / "exported.yaml"
    path.write_text(exported.text)

    own = {source.portal_id for source in read(path).sources}
    assert {source.id for source in made} <= own
    plan = make_plan(anybody, read(path))
    assert plan.is_clean, plan
    assert plan.unchanged == exported.count
    assert export_sources(anybody, portal.organization.slug).text == exported.text


def test_a_portals_own_backends_decide(admin: HarvestClient, file: Path) -> None:
    file.write_text(file.read_text().replace("remote_url_prefix", "remote_prefix"))
    with pytest.raises(
        InvalidDeclaration, match=r"sources.yaml:\d+: other: config.extra_configs\[0\] .*'remote_prefix'"
    ):
        check_declaration(read(file), admin.list_backends())


def test_export_of_one_portal_is_planned_on_another(
    running_portal: Callable[[str], Sandbox], portal_17: Sandbox, catalogue_name: str, tmp_path: Path
) -> None:
    other = running_portal("16.6.1")
    with HarvestClient(portal_17.url, portal_17.keys.admin) as demo, HarvestClient(other.url, other.keys.admin) as real:
        made = demo.create_source(catalogue_name, f"http://127.0.0.1:11/{catalogue_name}", "dcat", active=False)
        path = tmp_path / "sources.yaml"
        path.write_text(export_sources(demo, owner=str(demo.whoami()["id"]), with_ids=False).text)
        plan = make_plan(real, read(path))
        apply_plan(real, plan, limits=HURRY)
        copies = [source for source in real.iter_sources() if source.url == made.url]
        assert [(copy.name, copy.backend, copy.active) for copy in copies] == [(made.name, "dcat", False)]
        assert make_plan(real, read(path)).is_empty


def test_the_command_does_the_same(portal_17: Sandbox, catalogue_name: str, tmp_path: Path) -> None:
    file = tmp_path / "sources.yaml"
    file.write_text(whole_file(portal_17, catalogue_name))

    def run(*arguments: object, key: str | None = None) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "HARVEST_PORTAL": portal_17.url, "HARVEST_API_KEY": key or ""}
        command = [sys.executable, "-m", "airflow_provider_harvest.cli.main", "sources", *map(str, arguments)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)

    admin = portal_17.keys.admin
    assert run("plan", file, "-o", tmp_path / "plan.json", key=admin).returncode == 2
    applied = run("apply", tmp_path / "plan.json", key=admin)
    assert applied.returncode == 0, applied.stderr
    assert admin not in applied.stdout + applied.stderr
    assert run("plan", file).returncode == 0
    assert run("export", "-e", "demo", "-o", tmp_path / "exported.yaml").returncode == 0
    assert run("check", tmp_path / "exported.yaml").returncode == 0
    assert run("plan", tmp_path / "exported.yaml").returncode == 0


def test_organizations_that_are_missing_are_created_when_asked(
    portal: Sandbox, catalogue_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slug = f"town-of-{catalogue_name}"[:60].rstrip("-")
    file = tmp_path / "sources.yaml"
    file.write_text(
        f"version: 1\ndefaults: {{backend: dcat, organization: {slug}, active: false, schedule: never}}\n"
        f"sources:\n  one: {{name: One of {slug}, url: http://127.0.0.1:11/{slug}}}\n"
    )
    monkeypatch.setenv("HARVEST_PORTAL", portal.url)
    monkeypatch.setenv("HARVEST_API_KEY", portal.keys.admin)
    with HarvestClient(portal.url) as client:
        assert main(["sources", "apply", str(file), "--yes"]) == 1
        with pytest.raises(HarvestNotFound):
            client.get_organization(slug)
        assert main(["sources", "apply", str(file), "--yes", "--create-organizations"]) == 0
        made = client.get_organization(slug)
        assert [source.name for source in client.iter_sources(organization=made.id)] == [f"One of {slug}"]
    assert main(["sources", "plan", str(file)]) == 0
