"""Sources that wait for the portal's team: a row for each with what its preview came to, and a message."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from airflow_provider_harvest.exceptions import HarvestAnswerTimeout, HarvestAuthError, HarvestError, HarvestServerError
from airflow_provider_harvest.portal.health.pending_previews import NO_PREVIEW, message, review
from airflow_provider_harvest.portal.models import HarvestJob, HarvestSource, ItemCounts

SITE = "https://portal.example"
ENDED = datetime(2026, 3, 1, tzinfo=timezone.utc)


class Portal:
    """A portal that previews each source as it is told: a job, or an error."""

    site = SITE

    def __init__(self, previews: dict[str, HarvestJob | HarvestError]) -> None:
        self._previews = previews
        self.asked: list[tuple[str, float | None]] = []

    def get_source(self, source_id: str) -> HarvestSource:
        return HarvestSource(source_id, f"Town {source_id}", "https://town.example", "dcat")

    def preview_source(self, source_id: str, *, timeout: float | None = None) -> HarvestJob:
        self.asked.append((source_id, timeout))
        made = self._previews[source_id]
        if isinstance(made, HarvestError):
            raise made
        return made


def job(status: str, done: int = 0, failed: int = 0) -> HarvestJob:
    return HarvestJob(id=None, status=status, ended=ENDED, counts=ItemCounts(done=done, failed=failed), items=())


def row(source_id: str, kind: str = "pending", **more: Any) -> dict[str, Any]:
    usual = {"source_id": source_id, "source_name": f"Town {source_id}", "owner_name": "City", "is_new": True}
    return {"kind": kind, **usual, "admin_url": f"{SITE}/admin/{source_id}", **more}


def reviewed(previews: dict[str, Any], most: int = 100) -> tuple[list[dict[str, Any]], Portal]:
    portal = Portal(previews)
    client: Any = portal
    return review(client, [row(source_id) for source_id in previews], 60.0, most), portal


@pytest.mark.parametrize(
    "made, expected",
    [
        pytest.param(job("done", done=4), ("done", "success", 4, 0), id="done"),
        pytest.param(job("done-errors", done=3, failed=2), ("done-errors", "failure", 3, 2), id="some items fail"),
        pytest.param(job("failed"), ("failed", "failure", 0, 0), id="catalogue away"),
        pytest.param(HarvestAnswerTimeout("slow"), ("timeout", "failure", 0, 0), id="takes too long"),
        pytest.param(
            HarvestServerError("broken", status_code=504), ("timeout", "failure", 0, 0), id="too long for a proxy"
        ),
        pytest.param(HarvestServerError("broken", status_code=500), (NO_PREVIEW, None, None, None), id="portal fails"),
    ],
)
def test_row_shows_the_result_of_the_preview(made: Any, expected: tuple[Any, ...]) -> None:
    rows, _ = reviewed({"1": made, "2": job("done", done=1)})
    assert tuple(rows[0][key] for key in ("preview", "verdict", "items", "failed")) == expected
    assert rows[0]["source_name"] == "Town 1"
    assert bool(rows[0]["reasons"]) is (expected[1] != "success")
    assert rows[1]["preview"] == "done", "one source's trouble is not the next one's"


def test_findings_of_other_kinds_are_left_out() -> None:
    client: Any = Portal({"1": job("done", done=1)})
    rows = review(client, [row("2", "inactive"), row("1")], 60.0, 100)
    assert [found["source_id"] for found in rows] == ["1"]


def test_no_more_previews_are_made_than_allowed() -> None:
    rows, portal = reviewed({name: job("done", done=1) for name in "123"}, most=2)
    assert portal.asked == [("1", 60.0), ("2", 60.0)]
    assert [found["preview"] for found in rows] == ["done", "done", None]


def test_without_one_preview_the_error_is_raised() -> None:
    with pytest.raises(HarvestAuthError, match="no key"):
        reviewed({"1": HarvestServerError("broken", status_code=500), "2": HarvestAuthError("no key")})


def test_nothing_waits() -> None:
    rows, _ = reviewed({})
    assert rows == []
    assert message(rows, {"accepted": 1200}) == "0 sources wait for review, 0 of them new (1,200 are accepted)."


class TestMessage:
    def test_names_each_new_source_and_the_result_of_its_preview(self) -> None:
        rows, _ = reviewed({"1": job("done-errors", done=3, failed=1), "2": HarvestAnswerTimeout("slow")})
        rows.append({**rows[0], "is_new": False})
        assert message(rows, {"accepted": 5}).splitlines() == [
            "3 sources wait for review, 2 of them new (5 are accepted).",
            f"- [Town 1]({SITE}/admin/1) of City: done-errors, 3 items, 1 failed",
            f"- [Town 2]({SITE}/admin/2) of City: timeout, 0 items, 0 failed",
        ]

    @pytest.mark.parametrize("waiting, lines, last", [(14, 15, "- ["), (15, 15, "- and 2 more")])
    def test_has_fifteen_lines_at_most(self, waiting: int, lines: int, last: str) -> None:
        rows, _ = reviewed({str(number): job("done", done=1) for number in range(waiting)})
        told = message(rows, {}).splitlines()
        assert len(told) == lines
        assert told[-1].startswith(last)

    def test_hostile_names_are_escaped(self) -> None:
        client: Any = Portal({"1": job("done", done=1)})
        hostile = row("1", source_name="[x](javascript:1)\n- forged", owner_name="@channel <!here>")
        told = message(review(client, [hostile], 60.0, 100), {})
        assert len(told.splitlines()) == 2
        assert "\\[x\\](javascript:1) - forged" in told, "signs of markup are shown as they are"
        assert "@channel" not in told
