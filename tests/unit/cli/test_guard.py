"""``airflow-harvest guard ...``: what it prints and writes, and its exit codes."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.cli import guard as commands
from airflow_provider_harvest.cli.main import main
from airflow_provider_harvest.cli.shared import places
from airflow_provider_harvest.portal.sources.guard_note import NOTE_HELD, Note, is_held, join
from tests.support.fake_portal.harvested import JOB_BEGAN, NOW, HarvestedPortal
from tests.support.fake_portal.managed import ORGANIZATIONS
from tests.support.fake_portal.scripted import server_error
from tests.support.fake_portal.state import Response

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from airflow_provider_harvest.portal.models import HarvestSource

    Guard = Callable[..., tuple[int, str, str]]

FINE, ERROR, ATTENTION = 0, 1, 2
LONG_AGO = JOB_BEGAN - timedelta(days=8)


@pytest.fixture
def portal(monkeypatch: pytest.MonkeyPatch) -> HarvestedPortal:
    """A portal; `has_key` is what the last command took along."""
    made = HarvestedPortal()

    def open_client(_: argparse.Namespace, __: None, *, keyed: bool) -> HarvestedPortal:
        made.has_key = keyed
        return made

    monkeypatch.setattr(commands, "open_client", open_client)
    return made


@pytest.fixture
def guard(capsys: pytest.CaptureFixture[str]) -> Guard:
    """Runs a command; returns its exit code, its output, and what it wrote to standard error."""

    def run(*arguments: Any) -> tuple[int, str, str]:
        try:
            code = main(["guard", *map(str, arguments)])
        except SystemExit as exit_:
            code = int(exit_.code or 0)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def cells(out: str) -> list[list[str]]:
    """The cells of the table that a command printed, without its heading."""
    lines = [line for line in out.splitlines() if "  " in line]
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines[2:]]


def held(portal: HarvestedPortal, days_ago: float, **fields: Any) -> HarvestSource:
    """Add a source that the guard holds for so many days."""
    note = Note(NOTE_HELD, NOW - timedelta(days=days_ago), 10, JOB_BEGAN)
    return portal.add_harvested(autoarchive=False, description=join("Data of the town.", note), **fields)


class TestReport:
    def test_of_a_quiet_portal_is_one_line(self, portal: HarvestedPortal, guard: Guard) -> None:
        portal.add_harvested()
        assert guard("report") == (FINE, "1 source: nothing to report.\n", "")

    def test_lists_what_must_be_held_with_the_day_and_the_reason(self, portal: HarvestedPortal, guard: Guard) -> None:
        source = portal.add_harvested(lost=10, name="Towns")
        portal.add_harvested(lost=1, name="Villages")  # a usual loss
        code, out, _ = guard("report")
        assert code == ATTENTION
        assert cells(out) == [[source.id, "must be held", "10", "40", "2026-12-03", "Towns"]]
        assert f"{source.id}: 10 of 40 records are missing (25.0%); one run may lose less than 6%.\n" in out
        assert (portal.has_key, portal.written) == (False, [])

    def test_takes_the_id_of_a_source_in_upper_case(self, portal: HarvestedPortal, guard: Guard) -> None:
        chosen, _ = portal.add_harvested(lost=10, name="Towns"), portal.add_harvested(lost=10)
        code, out, err = guard("report", "--source", chosen.id.upper())
        assert (code, [row[0] for row in cells(out)]) == (ATTENTION, [chosen.id]), err

    def test_lists_what_is_held(self, portal: HarvestedPortal, guard: Guard) -> None:
        held(portal, 1, lost=10)
        code, out, _ = guard("report")
        assert (code, [row[1] for row in cells(out)]) == (ATTENTION, ["held"])

    def test_lists_what_is_held_and_could_not_be_read(
        self, portal: HarvestedPortal, guard: Guard, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        source = held(portal, 20, lost=10, name="Towns")
        answer = portal.answer

        def broken(name: str, *rest: Any) -> Response:
            return Response(500, {"message": "Broken."}) if name == "list_datasets" else answer(name, *rest)

        monkeypatch.setattr(portal, "answer", broken)
        code, out, err = guard("report")
        assert (code, cells(out)) == (ATTENTION, [[source.id, "held", "-", "-", "-", "Towns"]])
        assert f"{source.id}: Its records could not be read" in out
        assert "Not examined: " in err

    def test_as_json_is_the_result_of_the_operator(self, portal: HarvestedPortal, guard: Guard) -> None:
        source = portal.add_harvested(lost=10)
        code, out, _ = guard("report", "--json")
        result = json.loads(out)
        assert (code, result["must_hold_ids"]) == (ATTENTION, [source.id])
        assert [(row["missing"], len(row["missing_records"])) for row in result["rows"]] == [(10, 10)]

    def test_of_chosen_sources(self, portal: HarvestedPortal, guard: Guard) -> None:
        portal.add_harvested(lost=10)
        quiet = portal.add_harvested()
        assert guard("report", "--source", quiet.id)[0] == FINE
        code, _, err = guard("report", "--source", "5fffffffffffffffffffffff")
        assert code == ERROR
        assert "The portal has no source 5fffffffffffffffffffffff." in err

    @pytest.mark.parametrize("days, first", [(7, "2026-12-03"), (2, "2026-11-28")])
    def test_reckons_with_the_grace_of_the_portal(
        self, portal: HarvestedPortal, guard: Guard, days: int, first: str
    ) -> None:
        portal.add_harvested(lost=10)
        assert [row[4] for row in cells(guard("report", "--grace-days", days)[1])] == [first]

    @pytest.mark.parametrize(
        "number, said",
        [
            (1, "1 source archives at once what its next run does not find, so that no hold comes in time"),
            (2, "2 sources archive at once what their next run does not find, so that no hold comes in time"),
        ],
    )
    def test_names_sources_that_no_hold_can_save_and_what_can(
        self, portal: HarvestedPortal, guard: Guard, number: int, said: str
    ) -> None:
        sources = [portal.add_harvested() for _ in range(number)]
        for source in sources:
            portal.change(source.id, schedule="0 4 1 1 *")
        code, _, err = guard("report")
        assert code == FINE
        assert said in err
        assert all(source.id in err for source in sources)
        assert "Before that run, harvest with guard=True, or switch autoarchive off" in err


class TestForecast:
    def test_lists_what_the_next_runs_archive_however_little(self, portal: HarvestedPortal, guard: Guard) -> None:
        source = portal.add_harvested(lost=1, lost_on=LONG_AGO, name="Towns")
        portal.add_harvested()
        code, out, _ = guard("forecast")
        assert code == ATTENTION
        assert cells(out) == [[source.id, "as usual", "1", "31", "2026-11-27", "Towns"]]
        assert (portal.has_key, portal.written) == (False, [])

    def test_leaves_out_what_is_held(self, portal: HarvestedPortal, guard: Guard) -> None:
        held(portal, 1, lost=10)
        assert guard("forecast") == (FINE, "1 source: nothing to report.\n", "")

    def test_as_json_names_each_record_and_its_day(self, portal: HarvestedPortal, guard: Guard) -> None:
        portal.add_harvested(lost=2, lost_on=LONG_AGO)
        records = json.loads(guard("forecast", "--json")[1])["rows"][0]["missing_records"]
        assert {record["archived_at"] for record in records} == {"2026-11-27T04:00:00+00:00"}


class TestHold:
    def test_holds_once(self, portal: HarvestedPortal, guard: Guard) -> None:
        source = portal.add_harvested(lost=10)
        for _ in range(2):
            code, out, _ = guard("hold")
            assert (code, [row[1] for row in cells(out)]) == (ATTENTION, ["held"])
        assert is_held(portal.get_source(source.id))
        assert portal.written == [source.id]

    def test_lifts_what_is_back(self, portal: HarvestedPortal, guard: Guard) -> None:
        source = held(portal, 1)
        code, out, _ = guard("hold")
        assert (code, [row[1] for row in cells(out)]) == (FINE, ["hold lifted"])
        assert f"{source.id}: the missing records are back, so autoarchive is on again\n" in out
        assert portal.get_source(source.id).autoarchive is True

    @pytest.mark.parametrize("options, state", [((), "held"), (("--expire-days", 30), "hold expired")])
    def test_hold_ends_by_itself_only_if_that_is_wanted(
        self, portal: HarvestedPortal, guard: Guard, options: tuple[Any, ...], state: str
    ) -> None:
        held(portal, 31, lost=10)
        code, out, _ = guard("hold", *options)
        assert (code, [row[1] for row in cells(out)]) == (ATTENTION, [state])
        assert guard("hold", *options)[0] == (ATTENTION if state == "held" else FINE)

    @pytest.mark.parametrize("days", ["0", "-3", "nan", "soon"])
    def test_refuses_invalid_days(self, portal: HarvestedPortal, guard: Guard, days: str) -> None:
        held(portal, 31, lost=10)
        assert guard("hold", f"--expire-days={days}")[0] == ERROR
        assert portal.written == []

    def test_without_a_key_says_so(
        self, portal: HarvestedPortal, guard: Guard, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        source = portal.add_harvested(lost=10)
        monkeypatch.setattr(commands, "open_client", lambda *_, **__: portal)
        portal.has_key = False
        portal.places = places()
        code, out, err = guard("hold")
        assert (code, portal.written) == (ATTENTION, [])
        assert [row[1] for row in cells(out)] == ["cannot be held"]
        assert f"{source.id}: there is no API key in HARVEST_API_KEY\n" in out
        assert "1 source could not be held if records went missing (there is no API key in HARVEST_API_KEY): " in err


def test_a_narrow_terminal_leaves_a_long_name_room(
    portal: HarvestedPortal, guard: Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal.add_harvested(lost=10, name="Catalogue des jeux de données ouvertes de la Métropole")
    monkeypatch.setenv("COLUMNS", "80")
    head, _, row, *_ = guard("report")[1].splitlines()
    assert head.split() == ["source", "state", "missing", "archived", "name"]
    assert "must be held  10 of 40  2026-12-03  Catalogue des j" in row
    assert len(row) == 80


class TestRelease:
    def test_accepts_the_loss_once(self, portal: HarvestedPortal, guard: Guard) -> None:
        source = held(portal, 1, lost=10)
        first, second = (guard("release", source.id) for _ in range(2))
        assert first == (FINE, f"{source.id}  released: the next runs archive what is missing\n", "")
        assert second == (FINE, f"{source.id}  was released before\n", "")
        assert portal.written == [source.id]
        assert guard("report")[0] == FINE

    def test_accepts_the_hold_that_was_decided_on_and_no_later_one(self, portal: HarvestedPortal, guard: Guard) -> None:
        source = held(portal, 1, lost=10)
        (decided_on,) = json.loads(guard("report", "--json")[1])["held_since"].values()
        code, _, err = guard("release", source.id, "--held-since", "2026-01-01T00:00:00+00:00")
        assert (code, portal.written) == (ERROR, [])
        assert "has lost more since that was decided" in err
        assert guard("release", source.id, "--held-since", decided_on)[0] == FINE
        assert portal.written == [source.id]

    def test_takes_the_time_of_a_hold_with_one_id_only(self, portal: HarvestedPortal, guard: Guard) -> None:
        code, _, err = guard("release", "a", "b", "--held-since", "2026-01-01T00:00:00+00:00")
        assert (code, portal.written) == (ERROR, [])
        assert "it must come with one ID" in err

    def test_as_json(self, portal: HarvestedPortal, guard: Guard) -> None:
        source = held(portal, 1, lost=10, name="Towns")
        code, out, _ = guard("release", source.id, "--json")
        assert code == FINE
        assert json.loads(out) == [{"source_id": source.id, "source_name": "Towns", "released": True, "error": None}]

    def test_of_what_the_owner_switched_off_is_refused(self, portal: HarvestedPortal, guard: Guard) -> None:
        source = portal.add_harvested(lost=10, autoarchive=False)
        code, _, err = guard("release", source.id)
        assert (code, portal.written) == (ERROR, [])
        assert "off by its owner" in err

    def test_needs_the_id_of_a_source(self, portal: HarvestedPortal, guard: Guard) -> None:
        assert guard("release")[0] == ERROR

    def test_given_twice_is_one(self, portal: HarvestedPortal, guard: Guard) -> None:
        source = held(portal, 1, lost=10)
        code, out, _ = guard("release", source.id, source.id, "--json")
        assert (code, [row["released"] for row in json.loads(out)]) == (FINE, [True])

    @pytest.mark.parametrize(
        "ident, said",
        [
            ("5f" + "f" * 22, "There is no harvest source '5fffffffffffffffffffffff' on "),
            ("", "ID is empty."),
            ("https://www.example/harvest/towns/", "without the address around it"),
        ],
    )
    def test_of_what_is_no_source_is_a_sentence(
        self, portal: HarvestedPortal, guard: Guard, ident: str, said: str
    ) -> None:
        code, _, err = guard("release", ident)
        assert (code, portal.written) == (ERROR, [])
        assert said in err
        assert "responded" not in err


class TestSelection:
    @pytest.mark.parametrize("command", ["report", "hold", "forecast"])
    @pytest.mark.parametrize("option", ["--source", "--organization"])
    @pytest.mark.parametrize("blank", ["", " "])
    def test_that_is_blank_never_means_all(
        self, portal: HarvestedPortal, guard: Guard, command: str, option: str, blank: str
    ) -> None:
        portal.add_harvested(lost=10)
        code, _, err = guard(command, option, blank)
        assert (code, portal.written) == (ERROR, [])
        assert "must not be blank" in err

    def test_of_a_source_by_its_slug(
        self, portal: HarvestedPortal, guard: Guard, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        source = portal.add_harvested(lost=10)
        read = portal.get_source
        monkeypatch.setattr(portal, "get_source", lambda ident, **_: read(source.id if ident == "towns" else ident))
        assert json.loads(guard("report", "--source", "towns", "--json")[1])["must_hold_ids"] == [source.id]


@pytest.mark.parametrize("command", ["report", "hold", "forecast"])
@pytest.mark.parametrize("lost, code", [(0, ERROR), (10, ATTENTION)], ids=["all else is fine", "another lost much"])
def test_what_could_not_be_examined_is_not_fine(
    portal: HarvestedPortal, guard: Guard, monkeypatch: pytest.MonkeyPatch, command: str, lost: int, code: int
) -> None:
    portal.add_harvested(lost=lost, lost_on=LONG_AGO, organization="north")
    portal.add_harvested(organization="south")
    read = portal.iter_datasets

    def broken(organization: str | None = None, owner: str | None = None) -> Any:
        if organization in (None, ORGANIZATIONS["south"]):
            raise server_error(500)
        yield from read(organization, owner)

    monkeypatch.setattr(portal, "iter_datasets", broken)
    got, out, err = guard(command)
    assert got == code
    assert "nothing to report" not in out
    assert "Not examined: 1 of the organization" in err


@pytest.mark.parametrize("columns", [80, 200])
def test_table_fits_the_terminal(
    portal: HarvestedPortal, guard: Guard, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    portal.add_harvested(lost=10, name="Data of all towns in the country, " * 3)
    table = [line for line in guard("report")[1].splitlines() if "  " in line]
    assert len(table) == 3
    assert max(map(len, table)) <= columns
    assert ("2026-12-03" in table[2], "must be held" in table[2]) == (True, True)
