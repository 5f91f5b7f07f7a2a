"""What people read of a pass of the guard: short, safe, and what a person must decide first."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from airflow_provider_harvest.exceptions import HarvestAuthError
from airflow_provider_harvest.portal.guard.apply_decisions import act
from airflow_provider_harvest.portal.guard.case import Case
from airflow_provider_harvest.portal.guard.render import message
from airflow_provider_harvest.portal.guard.survey import examine
from airflow_provider_harvest.portal.sources.guard_note import NOTE_HELD, Note, join
from tests.support.fake_portal.harvested import JOB_BEGAN, NOW, HarvestedPortal
from tests.support.guard_passes import told


class TestMessage:
    @pytest.mark.parametrize("count", [0, 1, 4, 5, 60])
    def test_has_fifteen_lines_at_most_and_names_what_would_vanish(self, count: int) -> None:
        portal = HarvestedPortal(has_key=False)
        for _ in range(count):
            portal.add_harvested(lost=10)
        portal.add_harvested(lost=1)
        result = told(portal, with_rights=True)
        lines = result["message"].splitlines()
        assert len(lines) <= 15
        need = "nothing has to wait" if count == 0 else "1 source needs" if count == 1 else f"{count} sources need"
        assert need in lines[0]
        assert "1 source more: 1 record is missing there" in result["message"]
        if count:
            assert "10 of 40 records are missing (25.0%)" in lines[1]
            assert " Archived from 2026-12-03 on." in lines[1]
            assert "https://www.example/datasets/" in lines[2]

    @pytest.mark.parametrize(
        "lost, told_of_it",
        [
            (2, ": 2 records are still missing."),
            (10, ": 10 of 40 records are missing (25.0%)"),
            (0, ": nothing is missing"),
        ],
    )
    def test_says_what_a_hold_waits_for(self, lost: int, told_of_it: str) -> None:
        portal = HarvestedPortal()
        note = Note(NOTE_HELD, NOW, 10, JOB_BEGAN)
        portal.add_harvested(lost=lost, autoarchive=False, description=join("Data of the town.", note))
        assert told_of_it in told(portal)["message"].splitlines()[1]

    def test_names_of_a_portal_cannot_write_markdown(self) -> None:
        portal = HarvestedPortal()
        portal.add_harvested(lost=10, name="Town](https://evil.example) <b>[x")
        text = told(portal)["message"]
        assert "](https://evil.example)" not in text.replace("\\]", "")
        assert "<b>" not in text

    @pytest.mark.parametrize(
        "page, shown",
        [
            ("https://portal.example/a)b", "(https://portal.example/a%29b)"),
            ("javascript:alert(1)", None),
            ("https://portal.example/\x1b[31m\n- forged", None),
            ("https://user@other.example/", None),
        ],
    )
    def test_addresses_of_a_portal_cannot_write_markdown_or_run_anything(self, page: str, shown: str | None) -> None:
        portal = HarvestedPortal()
        portal.add_harvested(lost=10)
        portal.records = [record._replace(page=page) for record in portal.records]
        result = told(portal)
        told_links = [line.rpartition("](")[2] for line in result["message"].splitlines() if line.startswith("  - [")]
        assert told_links == ([] if shown is None else [shown[1:]] * 3)
        assert {entry["url"] for row in result["rows"] for entry in row["missing_records"]} == {page if shown else None}

    def test_row_names_each_record_and_its_day(self) -> None:
        portal = HarvestedPortal()
        portal.add_harvested(lost=30, lost_on=JOB_BEGAN - timedelta(days=8))
        row = told(portal)["rows"][0]
        assert (row["records"], row["missing"], row["will_archive"], len(row["missing_records"])) == (60, 30, 30, 20)
        assert {entry["archived_at"] for entry in row["missing_records"]} == {"2026-11-27T04:00:00+00:00"}

    def test_counts_only_what_a_person_must_decide(self) -> None:
        portal = HarvestedPortal()
        source = portal.add_harvested(lost=10)
        waiting = examine(portal, with_rights=True)
        act(portal, waiting)
        portal.bring_back(source)
        lifted = examine(portal, with_rights=True)
        act(portal, lifted)
        heads = [message(portal, report).splitlines()[0] for report in (waiting, lifted)]
        assert heads[0].endswith(": 1 source needs a person, 10 records are at risk.")
        assert heads[1].endswith(": 1 source, nothing has to wait for a person.")
        assert "hold lifted" in message(portal, lifted).splitlines()[1]

    def test_says_how_many_requests_failed(self) -> None:
        portal = HarvestedPortal()
        report = examine(portal)
        report.requests_failed = [
            "12 of the organization a: broken",
            "3 of the user b: broken",
            "1 of the user c: broken",
        ]
        last = message(portal, report).splitlines()[-1]
        assert last == "- not examined: 12 of the organization a: broken (and 2 more)"
        report.requests_failed = report.requests_failed[:1]
        assert message(portal, report).splitlines()[-1] == "- not examined: 12 of the organization a: broken"

    def test_reason_of_a_portal_why_nothing_can_be_held_cannot_write_markdown(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        portal = HarvestedPortal()
        portal.add_harvested()
        listed = portal.iter_sources

        def refuse(keyed: bool = False, **arguments: Any) -> Any:
            if keyed:
                raise HarvestAuthError("<!channel> [log in](https://evil.example)", status_code=401)
            return listed(**arguments)

        monkeypatch.setattr(portal, "iter_sources", refuse)
        text = told(portal, with_rights=True)["message"]
        assert "could not be held" in text
        assert "](https://evil.example)" not in text.replace("\\]", "")
        assert "<!channel>" not in text

    def test_of_thousands_of_sources_compares_each_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        portal = HarvestedPortal()
        portal.add_harvested(lost=10)
        report = examine(portal)
        report.cases = [replace(report.cases[0]) for _ in range(1000)]
        compared: list[object] = []
        monkeypatch.setattr(Case, "__eq__", lambda case, other: bool(compared.append(other)) or case is other)
        assert "and 99" in message(portal, report)
        assert compared == []
