"""What looks like a secret on a portal is in no plan, conflict, note, result, error or log."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.exceptions import HarvestApplyIncomplete
from airflow_provider_harvest.portal.as_code import ownership_marker
from airflow_provider_harvest.portal.as_code.apply.pace import Pacing
from airflow_provider_harvest.portal.as_code.apply.run import apply_plan
from airflow_provider_harvest.portal.as_code.model import Acceptance, Cron
from airflow_provider_harvest.portal.as_code.plan import render
from tests.support.declared_sources import URL, conflicts, declared, planned
from tests.support.fake_portal.managed import ManagedPortal
from tests.support.fake_portal.state import Response

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.as_code.model import DeclaredSource

SECRET = "hunter2secret"
TOKEN = "udata_" + SECRET + "a" * 40
ADDRESS = f"https://joe:{SECRET}@town.example/x?api_key={SECRET}"
OF_A_SOURCE: dict[str, Any] = {
    "name": f"Town {TOKEN}",
    "url": ADDRESS,
    "description": f"Old key: {TOKEN}",
    "config": {"extra_configs": [{"key": "apikey", "value": SECRET}], "token": SECRET, "free": TOKEN},
}
HOLD = (
    "[harvest guard: autoarchive held on 2026-11-26T05:00:00+00:00, 9 records last seen before "
    "2026-11-26T04:00:00+00:00]"
)
KNOWN = "5f0000000000000000000001"
MARK = ownership_marker.join(OF_A_SOURCE["description"], "us", "town")

#: What else the source has, what the files say of it, and a word of what the plan says.
PLANS: list[tuple[str, dict[str, Any], list[DeclaredSource], str]] = [
    ("every field is changed", {}, [declared(portal_id=KNOWN, description="New", config={})], "config"),
    ("marker only", {}, [declared(portal_id=KNOWN, schedule=Cron("5 3 * * *"))], "marker"),
    ("deleted", {"description": MARK}, [], "to delete"),
    ("held", {"description": f"{MARK}\n\n{HOLD}", "autoarchive": False}, [declared()], "Held by the guard"),
    ("a second one of its name", {"name": "Town"}, [declared()], "with another URL"),
    ("two that match", {"url": URL}, [declared(portal_id=KNOWN), declared("other", portal_id=KNOWN)], "same id"),
    ("its config does not fit", {"backend": "ckan"}, [declared(portal_id=KNOWN)], "in conflict"),
    ("managed by other files", {"description": ownership_marker.join(TOKEN, "them", "x")}, [declared(portal_id=KNOWN)],
     "managed by other files"),
]  # fmt: skip


@pytest.mark.parametrize("has, files, told", [case[1:] for case in PLANS], ids=[case[0] for case in PLANS])
def test_plan_repeats_none(
    caplog: pytest.LogCaptureFixture, has: dict[str, Any], files: list[DeclaredSource], told: str
) -> None:
    portal = ManagedPortal()
    assert portal.add(**{**OF_A_SOURCE, **has}).id == KNOWN

    plan = planned(portal, *files, managed_by="us", prune=True)

    said = render.text(plan) + render.markdown(plan)
    assert told in said
    assert SECRET not in said + json.dumps(plan.to_json()) + str(conflicts(plan)) + caplog.text


@pytest.mark.parametrize("status", [200, 400, 500])
def test_apply_repeats_none(caplog: pytest.LogCaptureFixture, status: int) -> None:
    """Also if the portal ignores the change (200), or refuses it."""
    portal = ManagedPortal()
    source = portal.add(**OF_A_SOURCE)
    plan = planned(portal, declared(portal_id=source.id, config={}, validation=Acceptance()), managed_by="us")
    answer = portal.answer

    def answered(name: str, *request: Any) -> Response:
        if name != "update":
            return answer(name, *request)
        return Response(status, portal.state.shown(source.id) if status == 200 else {"message": "No."})

    portal.answer = answered  # type: ignore[method-assign]
    with pytest.raises(HarvestApplyIncomplete) as caught:
        apply_plan(portal, plan, limits=Pacing(0.0, 0.0))

    assert SECRET not in str(caught.value) + json.dumps(caught.value.result) + caplog.text
