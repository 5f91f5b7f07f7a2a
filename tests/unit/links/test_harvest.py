"""The buttons: where they lead, and that they can do no harm."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_harvest.links import harvest
from airflow_provider_harvest.links.harvest import HarvestJobLink, HarvestSourceLink, push_links

SOURCE_URL = "https://portal.example/sources/1"
JOB_URL = "https://portal.example/jobs/2"


class TaskInstance:
    """A task instance that keeps its XComs in a dict, or cannot."""

    def __init__(self, broken: bool = False) -> None:
        self.broken = broken
        self.xcoms: dict[str, Any] = {}

    def xcom_push(self, key: str, value: Any) -> None:
        if self.broken:
            raise ConnectionError("Airflow's API server is gone")
        self.xcoms[key] = value


@pytest.mark.parametrize(
    "urls, stored",
    [
        pytest.param({}, {}, id="nothing known"),
        pytest.param({"source_url": SOURCE_URL}, {"harvest_source_url": SOURCE_URL}, id="source"),
        pytest.param({"job_url": JOB_URL}, {"harvest_job_url": JOB_URL}, id="job"),
        pytest.param(
            {"source_url": SOURCE_URL, "job_url": JOB_URL},
            {"harvest_source_url": SOURCE_URL, "harvest_job_url": JOB_URL},
            id="both",
        ),
    ],
)
def test_task_stores_what_is_known(urls: dict[str, str], stored: dict[str, str]) -> None:
    ti = TaskInstance()
    push_links({"ti": ti}, **urls)  # type: ignore[typeddict-item]
    assert ti.xcoms == stored


def test_storing_never_fails_a_task() -> None:
    push_links({"ti": TaskInstance(broken=True)}, source_url=SOURCE_URL)  # type: ignore[typeddict-item]


@pytest.fixture
def xcoms(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What Airflow has stored for the task that is shown."""
    stored: dict[str, Any] = {}

    class StoredXCom:
        @staticmethod
        def get_value(*, key: str, ti_key: Any) -> Any:
            return stored.get(key)

    monkeypatch.setattr(harvest, "XCom", StoredXCom)
    return stored


@pytest.mark.parametrize(
    "link, key", [(HarvestSourceLink(), "harvest_source_url"), (HarvestJobLink(), "harvest_job_url")]
)
class TestButton:
    def test_leads_to_what_the_task_stored(self, link: Any, key: str, xcoms: dict[str, Any]) -> None:
        xcoms[key] = JOB_URL
        assert link.get_link(None, ti_key=None) == JOB_URL

    def test_leads_nowhere_before(self, link: Any, key: str, xcoms: dict[str, Any]) -> None:
        assert link.get_link(None, ti_key=None) == ""

    def test_airflow_3_reads_the_xcom_that_the_task_stored(self, link: Any, key: str) -> None:
        assert link.xcom_key == key

    def test_never_fails_a_page(self, link: Any, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delattr(harvest, "XCom")  # any error will do
        assert link.get_link(None, ti_key=None) == ""


@pytest.mark.parametrize("link, name", [(HarvestSourceLink, "Harvest source"), (HarvestJobLink, "Harvest job")])
def test_button_is_labelled(link: type, name: str) -> None:
    assert link().name == name
