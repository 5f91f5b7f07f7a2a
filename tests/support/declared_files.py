"""Declared sources for the tests on real portals, and a process that applies a plan and may be killed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.portal.as_code.apply.pace import Pacing
from airflow_provider_harvest.portal.as_code.apply.run import apply_plan
from airflow_provider_harvest.portal.as_code.model import Acceptance, Cron, Declaration, DeclaredSource, Unscheduled
from airflow_provider_harvest.portal.as_code.plan.planned_changes import read_plan
from airflow_provider_harvest.portal.client import HarvestClient

if TYPE_CHECKING:
    from sandbox import Sandbox

#: Nothing is waited for: the portals here are the tests' own.
HURRY = Pacing(write_interval=0.0, accept_interval=0.0, patience=5.0)
_ROOT = Path(__file__).resolve().parents[2]


def declare(portal: Sandbox, name: str, count: int, *, changed: bool = False) -> Declaration:
    """Return a file's content: so many sources of the portal's organization, told apart by a marker.

    :param portal: that they are for.
    :param name: of the marker, and part of every URL, so that no other test has the same.
    :param count: how many sources.
    :param changed: whether every field of every source is another one.
    """
    sources = (_source(portal, name, number, changed) for number in range(count))
    return Declaration(tuple(sources), portal=portal.url, managed_by=name)


def _source(portal: Sandbox, name: str, number: int, changed: bool) -> DeclaredSource:
    host = "127.0.0.1:11" if number % 2 else "127.0.0.2:11"  # nobody responds there
    fields: dict[str, Any] = {
        "name": f"Catalogue {number} of {name}",
        "url": f"http://{host}/{name}/{number}",
        "backend": "csw-iso-19139",
        "description": f"Number {number}\nof some",
        "config": {"extra_configs": [{"key": "remote_url_prefix", "value": f"http://{host}/town-{number}/"}]},
        "active": number % 3 != 0,
        "autoarchive": number % 2 == 0,
    }
    schedule: Cron | Unscheduled = Cron(f"{number % 60} {number // 60 + 1} * * *")
    if changed:
        fields |= {
            "name": f"Renamed {number} of {name}",
            "url": f"http://{host}/{name}/{number}/catalog.xml",
            "backend": "dcat",
            "description": f"Changed {number}",
            "config": {},
            "active": not fields["active"],
            "autoarchive": not fields["autoarchive"],
        }
        schedule = Unscheduled() if number % 4 == 0 else Cron(f"{number % 60} {number // 60 + 5} * * mon")
    return DeclaredSource(
        key=f"town-{number:03}",
        where=f"sources.yaml:{number + 1}",
        fields=fields,
        organization=portal.organization.slug,
        schedule=schedule,
        validation=Acceptance("As the file says"),
    )


def start_apply(portal: Sandbox, plan_path: Path) -> subprocess.Popen[bytes]:
    """Start a process that applies a plan with the sysadmin's key."""
    environment = {**os.environ, "PYTHONPATH": str(_ROOT), "PORTAL_KEY": portal.keys.admin}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.declared_files", portal.url, str(plan_path)],
        env=environment,
        cwd=_ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


if __name__ == "__main__":
    with HarvestClient(sys.argv[1], os.environ["PORTAL_KEY"]) as client:
        apply_plan(client, read_plan(sys.argv[2]), limits=HURRY)
