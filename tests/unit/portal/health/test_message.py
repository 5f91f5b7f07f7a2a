"""What people read of a pass, and what travels of it: message, result, failures, and the state for the next one."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.health.findings import (
    CHECKS,
    Card,
    Finding,
    HealthReport,
    chosen_checks,
    chosen_failures,
    ordered,
    that_fail,
)
from airflow_provider_harvest.portal.health.message import markdown, terminal_lines
from airflow_provider_harvest.portal.health.state import Items, Known, PassMemory, recall, remember
from airflow_provider_harvest.portal.models import HarvestRef
from airflow_provider_harvest.portal.sources.identity import ownership
from tests.support.health_builders import NOW, ago

SITE = "https://portal.example"


def finding(kind: str = "failing", number: int = 1, *, is_new: bool = True, **card: Any) -> Finding:
    given = {"name": f"Town {number}", "organization": "City", "owner": None, **card}
    source = Card(id=f"{number:024x}", backend="dcat", url="https://town.example/", **given)
    return Finding(kind, source, f"{SITE}/admin/{number}", ago(days=number), is_new, "the last harvest failed")


def report(*findings: Finding, **fields: Any) -> HealthReport:
    return HealthReport(portal=SITE, at=NOW, sources=501, checks=CHECKS, findings=ordered(findings), **fields)


class TestTerminal:
    def test_names_each_finding_with_the_id_of_its_source_by_kind(self) -> None:
        many = [finding("inactive", number) for number in range(1, 21)]
        lines = terminal_lines(
            report(*many, finding("failing", 99, is_new=False), states={"accepted": 500, "pending": 0, "refused": 1}),
            has_previous=False,
        )
        assert lines[:6] == [
            f"{SITE}: 501 sources (500 accepted, 1 refused), 21 findings.",
            "",
            "failing: 1",
            f"  {99:024x}  since 2025-12-03: Town 99 of City: the last harvest failed",
            "",
            "inactive: 20",
        ]
        assert len(lines) == 26

    def test_says_what_is_new_only_if_there_was_an_earlier_pass(self) -> None:
        made = report(finding("failing", 1), finding("failing", 2, is_new=False))
        head, _, _, new, old = terminal_lines(made, has_previous=True)
        assert head == f"{SITE}: 501 sources, 2 findings, 1 of them new."
        assert "  new, since " in new
        assert "new" not in old
        assert "new" not in "".join(terminal_lines(made, has_previous=False))

    def test_says_what_was_not_examined_and_hides_what_would_do_harm(self) -> None:
        made = report(finding(name="\x1b[31mTown\nfake line"), incomplete="2 sources could not be read.")
        lines = terminal_lines(made, has_previous=False)
        assert lines[-1] == "2 sources could not be read."
        assert not any("\x1b" in line or "\n" in line for line in lines)


class TestMessage:
    def test_says_what_is_wrong_with_whom_since_when_and_where_to_look(self) -> None:
        assert markdown(report(finding(number=2))) == (
            f"**Harvests on {SITE}**: 501 sources, 1 finding, 1 of them new.\n"
            f"- **failing** (new, since 2026-03-10): [Town 2]({SITE}/admin/2) of City: the last harvest failed"
        )

    def test_says_that_nothing_is_wrong(self) -> None:
        assert markdown(report()) == f"**Harvests on {SITE}**: 501 sources, nothing wrong."

    def test_begins_with_what_is_new(self) -> None:
        told = markdown(report(finding("failing", 1, is_new=False), finding("inactive", 2), finding("stuck", 3)))
        assert [line.split("**")[1] for line in told.splitlines()[1:]] == ["stuck", "inactive", "failing"]

    @pytest.mark.parametrize(
        "count, lines, last",
        [
            (14, 15, "- **failing**"),
            (15, 15, "- and 2 more: 2 failing"),
            (44, 15, "- and 31 more: 31 failing"),
            (2000, 15, "- and 1,987 more: 1,987 failing"),
        ],
    )
    def test_has_fifteen_lines_at_most(self, count: int, lines: int, last: str) -> None:
        told = markdown(report(*(finding(number=number) for number in range(1, count + 1)))).splitlines()
        assert len(told) == lines
        assert told[-1].startswith(last)

    def test_says_what_was_left_out_in_its_last_line(self) -> None:
        many = [finding(number=number) for number in range(1, 40)]
        told = markdown(report(*many, incomplete="Not examined: 3 that newly fail.")).splitlines()
        assert len(told) == 15
        assert told[-1] == "_Not examined: 3 that newly fail._"

    def test_counts_the_rest_by_kind(self) -> None:
        many = [finding("failing", number) for number in range(1, 15)] + [finding("inactive", 99)]
        assert markdown(report(*many)).splitlines()[-1] == "- and 2 more: 1 failing, 1 inactive"

    def test_names_the_person_where_there_is_no_organization(self) -> None:
        assert " of Uma:" in markdown(report(finding(organization=None, owner="Uma")))

    def test_names_the_id_where_there_is_no_name(self) -> None:
        assert f"[{1:024x}]" in markdown(report(finding(name="")))


class TestResult:
    def test_is_json_with_flat_rows(self) -> None:
        city = HarvestRef("o1", "City", "city")
        card: dict[str, Any] = {**ownership(SITE, city, None), "created_at": ago(days=9)}
        result = report(finding(**card)).as_dict("told")
        assert json.loads(json.dumps(result)) == result
        assert result["findings"] == [
            {
                "kind": "failing",
                "source_id": f"{1:024x}",
                "source_name": "Town 1",
                "backend": "dcat",
                "url": "https://town.example/",
                "organization": "City",
                "owner": None,
                "organization_id": "o1",
                "organization_url": f"{SITE}/organizations/city/",
                "owner_id": "o1",
                "owner_name": "City",
                "owner_type": "organization",
                "created_at": ago(days=9).isoformat(),
                "admin_url": f"{SITE}/admin/1",
                "since": ago(days=1).isoformat(),
                "is_new": True,
                "detail": "the last harvest failed",
            }
        ]

    @pytest.mark.parametrize(
        "column, key, expected",
        [
            ("harvester_id", "source_id", f"{1:024x}"),
            ("Nom", "source_name", "Town 1"),
            ("Organisation", "owner_name", "City"),
            ("Lien_organisation", "organization_url", f"{SITE}/organizations/city/"),
            ("Date_de_creation", "created_at", ago(days=9).isoformat()),
            ("owner_type", "owner_type", "organization"),
            ("owner_id", "owner_id", "o1"),
            ("backend", "backend", "dcat"),
            ("url", "url", "https://town.example/"),
            ("admin", "admin_url", f"{SITE}/admin/1"),
            ("Statut_bizdev", "is_new", True),
        ],
    )
    def test_a_row_holds_each_column_that_the_team_of_data_gouv_fr_keeps(
        self, column: str, key: str, expected: object
    ) -> None:
        """The status of the preview is the eighth: the DAG harvest_pending_review adds it as ``preview``."""
        card: dict[str, Any] = {**ownership(SITE, HarvestRef("o1", "City", "city"), None), "created_at": ago(days=9)}
        (row,) = report(finding(**card)).as_dict("told")["findings"]
        assert row[key] == expected, column

    def test_counts_every_kind_that_was_checked(self) -> None:
        result = report(finding(), finding(number=2, is_new=False), finding("stuck", 3)).as_dict("told")
        assert result["counts"] == {**dict.fromkeys(CHECKS, 0), "failing": 2, "stuck": 1, "newly_failing": 1}
        assert (result["new"], result["sources"], result["message"]) == (2, 501, "told")

    def test_has_ids_for_every_kind(self) -> None:
        result = report(finding(), finding(number=2, is_new=False)).as_dict("told")
        assert result["failing_ids"] == [f"{1:024x}", f"{2:024x}"]
        assert result["newly_failing_ids"] == [f"{1:024x}"]
        assert all(result[f"{kind}_ids"] == [] for kind in CHECKS if kind != "failing")

    def test_is_ordered_by_kind_then_news_then_time(self) -> None:
        one, two, three = finding(number=1, is_new=False), finding(number=3), finding(number=2)
        other = finding("pending", 4)
        assert report(other, one, two, three).findings == (three, two, one, other)


class TestChoices:
    @pytest.mark.parametrize(
        "given, chosen",
        [
            (None, CHECKS),
            (["pending", "failing"], ("failing", "pending")),
            ("pending, failing", ("failing", "pending")),
            (("stuck",), ("stuck",)),
            ([], ()),
        ],
    )
    def test_of_checks(self, given: Any, chosen: tuple[str, ...]) -> None:
        assert chosen_checks(given) == chosen

    @pytest.mark.parametrize("given", [["faling"], "any", [None], 7, {"failing": True}])
    def test_of_checks_that_there_are_not(self, given: Any) -> None:
        with pytest.raises(HarvestInvalidInput, match="checks"):
            chosen_checks(given)

    @pytest.mark.parametrize("given", [["new_failing"], "all"])
    def test_of_failures_that_there_are_not(self, given: Any) -> None:
        with pytest.raises(HarvestInvalidInput, match=r"fail_on may name failing, .*newly_failing, any, new"):
            chosen_failures(given)

    @pytest.mark.parametrize(
        "fail_on, failing",
        [
            (None, []),
            ("any", ["failing 1", "failing 2", "stuck 3", "pending 4"]),
            ("new", ["failing 1", "pending 4"]),
            (["newly_failing"], ["failing 1"]),
            (["failing"], ["failing 1", "failing 2"]),
            (["newly_failing", "stuck"], ["failing 1", "stuck 3"]),
            (["inactive"], []),
        ],
    )
    def test_of_what_fails(self, fail_on: Any, failing: list[str]) -> None:
        found = report(
            finding(), finding(number=2, is_new=False), finding("stuck", 3, is_new=False), finding("pending", 4)
        )
        told = that_fail(found, chosen_failures(fail_on))
        assert [f"{each.kind} {int(each.source.id, 16)}" for each in told] == failing


class TestState:
    MEMORY = PassMemory(
        at=NOW,
        organization="5e00000000000000000000aa",
        open={
            "failing": {"a": Known(ago(days=1), "404"), "b": Known(ago(days=2))},
            "shrunk": {"a": Known(ago(days=3), baseline=0), "c": Known(ago(days=3), "note", 7)},
        },
        items={"a": Items(3, 4)},
    )

    def test_comes_back_through_json_as_it_was(self) -> None:
        state = json.loads(json.dumps(remember(SITE, "all", NOW, self.MEMORY)))
        assert recall(state, SITE, "all") == (self.MEMORY, None)

    @pytest.mark.parametrize("nothing", [None, {}, ""])
    def test_of_no_previous_pass_is_empty(self, nothing: Any) -> None:
        assert recall(nothing, SITE, "all") == (PassMemory(), None)

    @pytest.mark.parametrize("portal, selection", [("https://other.example", "all"), (SITE, " with backend='ckan'")])
    def test_of_another_pass_is_of_no_use(self, portal: str, selection: str) -> None:
        memory, why = recall(remember(SITE, "all", NOW, self.MEMORY), portal, selection)
        assert memory == PassMemory()
        assert why

    @pytest.mark.parametrize(
        "broken",
        [
            {"at": "yesterday"},
            {"at": 1e30},
            {"open": {"failing": ["a"]}},
            {"open": {"failing": {"a": []}}},
            {"items": {"a": [1]}},
            {"items": None},
        ],
    )
    def test_that_is_broken_is_refused(self, broken: dict[str, Any]) -> None:
        with pytest.raises(HarvestInvalidInput, match="broken"):
            recall({**remember(SITE, "all", NOW, self.MEMORY), **broken}, SITE, "all")

    def test_keeps_seconds(self) -> None:
        exact = datetime(2026, 3, 12, 9, 0, 0, 123456, tzinfo=timezone.utc)
        memory, _ = recall(remember(SITE, "all", exact, PassMemory(at=exact)), SITE, "all")
        assert memory.at == exact
