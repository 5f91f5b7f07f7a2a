"""What a person reads: where settings come from by the names of the command line, what to do next, names uncut."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.cli.display import first_that_fits
from tests.support.fake_portal.response_faults import Reply, html
from tests.support.fake_portal.server import Always, Door, refusing_address

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("no_pauses")

ID = "0" * 24
LONG = "Catalogue des jeux de données ouvertes de la Métropole Européenne de Lille"


COMMANDS = [
    ["sources", "list"], ["sources", "export"], ["jobs", ID], ["run", ID], ["watch"], ["watch", ID], ["report", ID],
    ["compare", ID], ["zombies", ID], ["health"], ["guard", "report"], ["guard", "hold"],
]  # fmt: skip


class TestASiteThatIsNoPortal:
    @pytest.mark.parametrize(
        "command, answer",
        [
            *((command, html(404)) for command in COMMANDS),
            *((command, Reply(404, {"detail": "Not Found"})) for command in COMMANDS if ID not in command),
        ],
    )
    def test_is_called_so(self, portal: Door, call: Any, command: list[str], answer: Reply) -> None:
        portal.script("GET", "*", Always(answer))
        code, _, err = call(*command, "--portal", portal.url, *(["--rounds", "1"] if command[0] == "watch" else []))
        assert code == 1, err
        assert "That is not the API of a udata portal: check that --portal is the site of one." in err
        assert "no such object" not in err

    def test_is_the_one_that_the_variable_names(self, portal: Door, call: Any) -> None:
        portal.script("GET", "*", Always(html(404)))
        assert "check that HARVEST_PORTAL is the site of one" in call("health")[2]

    def test_is_the_one_that_a_file_names(
        self, portal: Door, call: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("HARVEST_PORTAL", "HARVEST_API_KEY"):
            monkeypatch.delenv(name)
        portal.script("GET", "*", Always(html(404)))
        (tmp_path / "all.yaml").write_text(
            f"version: 1\nportal: {portal.url}\nsources: {{a: {{name: A, url: 'https://a.example', backend: dcat}}}}\n"
        )
        for command in ("plan", "check"):
            assert "check that the portal in the file is the site of one" in call("sources", command, str(tmp_path))[2]

    def test_is_the_second_portal(self, portal: Door, call: Any, caplog: pytest.LogCaptureFixture) -> None:
        with refusing_address() as nobody:
            _, _, err = call("compare", "--with-portal", nobody)
        assert "Nothing listens there. Check --with-portal, and that the portal is running." in err
        assert caplog.text.count("Trying again") == 3
        assert "Nothing listens there" not in caplog.text, "the repetitions say it, too"


@pytest.mark.parametrize(
    "key, says",
    [("not-a-key", "Check the API key in HARVEST_API_KEY: it may be wrong"), ("", "put it into HARVEST_API_KEY")],
)
def test_a_key_comes_from_the_environment(
    portal: Door, call: Any, monkeypatch: pytest.MonkeyPatch, key: str, says: str
) -> None:
    monkeypatch.setenv("HARVEST_API_KEY", key)
    source = portal.portal.add_source("Towns", permissions={"run": True})
    for method in ("GET", "POST", "PUT"):
        portal.script(method, "*", Always(Reply(401, {"message": "Unauthorized"})))
    _, _, err = call("guard", "release", source)
    assert says in err
    assert "connection" not in err


class TestAHarvestThatNobodyWaitsFor:
    def test_says_where_it_can_be_seen(self, portal: Door, call: Any) -> None:
        source = portal.portal.add_source("Towns")
        code, out, err = call("run", source)
        assert (code, out) == (0, "")
        assert err.splitlines()[1:] == [
            f"See it on the portal: {portal.url}/api/1/harvest/source/{source}/",
            f"Its job is listed once the portal's worker has begun it; then watch it: airflow-harvest watch {source}",
            f"List the jobs of the source: airflow-harvest jobs {source}",
        ]

    def test_names_the_portal_that_was_chosen(self, portal: Door, call: Any) -> None:
        source = portal.portal.add_source("Towns")
        assert f"airflow-harvest jobs {source} --portal {portal.url}" in call("run", source, "--portal", portal.url)[2]

    def test_of_a_running_job_names_the_job(self, portal: Door, call: Any) -> None:
        source = portal.portal.add_source("Towns")
        job = portal.portal.add_job(source)
        code, _, err = call("run", source, "--if-running", "attach")
        assert code == 0
        assert f"{portal.url}/api/1/harvest/job/{job}/" in err
        assert f"Watch it: airflow-harvest watch {job}" in err

    def test_is_one_that_took_too_long_too(self, portal: Door, call: Any) -> None:
        source = portal.portal.add_source("Towns")
        portal.portal.worker = lambda state: state.work(None, done=1)
        code, _, err = call("run", source, "--wait", "--timeout", "0")
        assert code == 1
        assert "The harvest continues: udata cannot cancel one." in err
        assert f"airflow-harvest run {source} --wait --if-running attach" in err


@pytest.mark.parametrize("command, code", [("jobs", 0), ("watch", 1)])
def test_a_source_without_a_job_has_no_empty_table(portal: Door, call: Any, command: str, code: int) -> None:
    source = portal.portal.add_source("Towns")
    exit_code, out, err = call(command, source)
    assert (exit_code, out) == (code, "")
    assert f"Source 'Towns' has no job yet: start one with 'airflow-harvest run {source}'." in err


def test_a_refusal_is_said_once(portal: Door, call: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    portal.script("POST", "/harvest/sources/", Always(Reply(400, {"message": "No such words here"})))
    file = tmp_path / "all.yaml"
    file.write_text("version: 1\nsources: {towns: {name: Towns, url: 'https://geo.example', backend: dcat}}\n")
    code, out, err = call("sources", "apply", str(file), "--yes")
    assert code == 1
    assert (out + err + caplog.text).count("No such words here") == 1
    assert err.splitlines()[-1] == "airflow-harvest: The portal refused to change 1 of 1 source."


class TestNamesOfOptions:
    @pytest.fixture(autouse=True)
    def source(self, portal: Door) -> str:
        return portal.portal.add_source("Towns")

    def test_in_a_verdict(self, portal: Door, call: Any, source: str) -> None:
        portal.portal.worker = lambda state: state.work(done=3)
        code, out, _ = call("run", source, "--wait", "--min-done-items", "4")
        assert (code, "lower --min-done-items." in out, "min_done_items" in out) == (2, True, False)

    def test_in_an_error(self, portal: Door, call: Any, source: str) -> None:
        portal.portal.add_job(source)
        assert call("run", source, "--if-running", "fail")[2].endswith("and --if-running fail is set.\n")

    def test_in_a_refused_plan(self, portal: Door, call: Any, tmp_path: Path) -> None:
        file = tmp_path / "all.yaml"
        file.write_text(
            "version: 1\nsources: {villages: {name: Villages, url: 'https://geo.example', backend: dcat}}\n"
        )
        _, _, err = call("sources", "apply", str(file), "--yes", "--max-changes", "0")
        assert "and --max-changes allows 0. Nothing was written. If this is intended, set --max-changes 1." in err

    @pytest.mark.parametrize("options, code", [((), 2), (("--allow-job-errors",), 0)])
    def test_lead_to_an_option(self, portal: Door, call: Any, source: str, options: Any, code: int) -> None:
        def work(state: Any) -> None:
            for job in state.work(None, done=3):
                state.end_job(job, "done", ["An odd thing"])

        portal.portal.worker = work
        got, out, _ = call("run", source, "--wait", *options)
        assert got == code, out
        assert ("or set --allow-job-errors if they do no harm" in out) is (code == 2), out


class TestLongNames:
    @pytest.fixture(autouse=True)
    def sources(self, portal: Door) -> None:
        source = portal.portal.add_source(LONG)
        job = portal.portal.add_job(source)
        portal.portal.end_job(job, "done-errors")
        portal.portal.jobs[job]["ended"] = "2026-11-26T04:05:06+00:00"
        portal.portal.add_source("Asleep", active=False)

    @pytest.mark.parametrize(
        "columns, head, row",
        [
            (80, ["source", "harvested", "status", "name"], "2026-11-26  done-errors  Catalogue des jeux de donnée…"),
            (
                105,
                ["source", "state", "harvested", "status", "name"],
                "accepted  2026-11-26  done-errors  Catalogue des jeux de données ouvertes de l…",
            ),
            (
                160,
                ["source", "state", "last", "harvest", "(UTC)", "status", "name"],
                f"accepted  2026-11-26 04:05    done-errors  {LONG}",
            ),
        ],
    )
    def test_take_the_room_of_what_is_less_useful(
        self, portal: Door, call: Any, monkeypatch: pytest.MonkeyPatch, columns: int, head: list[str], row: str
    ) -> None:
        monkeypatch.setenv("COLUMNS", str(columns))
        lines = call("sources", "list")[1].splitlines()
        assert lines[0].split() == head
        assert lines[3].endswith(row)
        assert "inactive" in lines[2]
        assert max(map(len, lines)) <= columns

    def test_are_whole_where_a_program_reads_them(
        self, portal: Door, call: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("COLUMNS", raising=False)
        assert call("sources", "list")[1].splitlines()[3].endswith(f"accepted  2026-11-26 04:05    done-errors  {LONG}")


@pytest.mark.parametrize(
    "width, expected",
    [(60, "wide"), (50, "wide"), (49, "slim"), (45, "slim"), (20, "slim")],
)
def test_the_first_table_is_taken_that_leaves_names_room(width: int, expected: str) -> None:
    name = "n" * 100
    tables = [(("wide", "name"), [["x" * 8, name]]), (("slim", "name"), [["x", name]])]
    lines = first_that_fits(tables, width)
    assert lines[0].startswith(expected)
    assert len(lines[2]) <= width
