"""Resources that the catalogue no longer lists: which are named, and when a portal does not say enough to name any."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.portal.compare.zombies import find_zombies
from airflow_provider_harvest.portal.models import HarvestJob, HarvestSource

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = HarvestSource("s", "Towns", "https://geo.example", "dcat")
OLD, NOW = "2026-11-01T00:00:30Z", "2026-11-20T00:00:30Z"


class FakeClient:
    """A portal whose source was harvested twice, with these resources in its one dataset."""

    def __init__(self, *resources: dict[str, Any], last_update: str | None = NOW) -> None:
        harvest = {"source_id": "s", "remote_id": "towns", "last_update": last_update}
        self.dataset = {"id": "d", "title": "Towns", "harvest": harvest, "resources": list(resources)}

    def recent_jobs(self, source_id: str, page_size: int) -> list[HarvestJob]:
        days = ("2026-11-20", "2026-11-01")
        body = {"status": "done", "errors": []}
        return [
            HarvestJob.from_api({**body, "id": day, "created": f"{day}T00:00:00Z", "ended": f"{day}T00:01:00Z"})
            for day in days
        ]

    def iter_harvested_datasets(self, **_: Any) -> Iterator[dict[str, Any]]:
        yield self.dataset
        yield {"id": "other", "harvest": {"source_id": "another"}, "resources": [seen(OLD)]}


def seen(when: str | None) -> dict[str, Any]:
    """A harvested resource, and when the release says that it was seen last."""
    harvest = {"uri": "https://geo.example/r"} | ({"last_update": when} if when else {})
    return {"id": f"seen-{when}", "title": "A file", "url": "https://geo.example/r.csv", "harvest": harvest}


BY_HAND = {"id": "by-hand", "title": "By hand", "url": "https://geo.example/h.csv", "harvest": None}


@pytest.mark.parametrize(
    "resources, named, can_tell",
    [
        pytest.param([seen(NOW)], [], True, id="seen by the last harvest"),
        pytest.param([seen(NOW), seen(OLD)], [f"seen-{OLD}"], True, id="one was not"),
        pytest.param([seen(NOW), seen(OLD), BY_HAND], [f"seen-{OLD}"], True, id="one was added by hand"),
        pytest.param([seen(None), seen(None)], [], False, id="a release that does not say when (13.0.0)"),
        pytest.param([BY_HAND], [], False, id="nothing to see it by"),
        pytest.param([], [], None, id="no resources"),
    ],
)
def test_which_are_named(resources: list[dict[str, Any]], named: list[str], can_tell: bool | None) -> None:
    client: Any = FakeClient(*resources)
    found = find_zombies(client, SOURCE)
    assert [row["resource_id"] for row in found.rows] == named
    assert found.can_tell is can_tell
    assert ("does not support it" in found.sentence()) is (can_tell is False)
    assert found.datasets == 1


def test_a_dataset_that_no_known_harvest_has_seen_is_not_judged() -> None:
    client: Any = FakeClient(seen(OLD), last_update="2020-01-01T00:00:00Z")
    found = find_zombies(client, SOURCE)
    assert (found.rows, found.not_judged) == ([], 1)
    assert "1 dataset was not judged" in found.sentence()
