"""The command line: what it prints, what it writes, its exit codes, and where it sends the key."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.cli.main import main
from airflow_provider_harvest.portal.as_code.files.schema import schema_text
from tests.support.fake_portal.response_faults import Reply, html
from tests.support.fake_portal.server import Always, Door
from tests.support.fake_portal.state import KEY, USER

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.fork_server import ForkServer

FILE = """\
version: 1
defaults: {backend: dcat, schedule: never, active: false}
sources:
  towns: {name: Towns, url: https://geo.example/towns}
  villages: {name: Villages, url: https://geo.example/villages}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of two sources."""
    path = tmp_path / "sources.yaml"
    path.write_text(FILE)
    return path


@pytest.fixture
def sources(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs `airflow-harvest sources ...`; gives its exit code, its standard output, and its standard error."""

    def run(*arguments: Any) -> tuple[int, str, str]:
        try:
            code = main(["sources", *map(str, arguments)])
        except SystemExit as exit_:
            code = int(exit_.code or 0)
        captured = capsys.readouterr()
        assert KEY not in captured.out + captured.err
        return code, captured.out, captured.err

    return run


def written(portal: Door) -> int:
    return sum(request.method != "GET" for request in portal.requests)


class TestPlan:
    def test_reports_changes_by_exit_code_2(self, portal: Door, file: Path, sources: Callable[..., Any]) -> None:
        code, out, err = sources("plan", file)
        assert code == 2
        assert out.splitlines()[0] == f"{portal.url}: 2 to create, 0 unchanged."
        assert err == f"Comparing 2 sources with {portal.url} ...\n"
        assert written(portal) == 0

    def test_reports_no_changes_by_exit_code_0(self, portal: Door, file: Path, sources: Callable[..., Any]) -> None:
        sources("apply", file, "--yes")
        code, out, _ = sources("plan", file)
        assert (code, out) == (0, f"{portal.url}: no changes, 2 unchanged.\n")

    def test_reports_conflicts_by_exit_code_1(self, portal: Door, file: Path, sources: Callable[..., Any]) -> None:
        file.write_text("version: 1\nsources:\n  gone: {id: 6b03fbe5f66a892d7cfe18b4, active: true}\n")
        code, out, _ = sources("plan", file)
        assert code == 1
        assert "gone" in out

    def test_is_written_for_an_apply_and_for_an_approver(
        self, portal: Door, file: Path, tmp_path: Path, sources: Callable[..., Any]
    ) -> None:
        sources("plan", file, "-o", tmp_path / "plan.json", "--markdown", tmp_path / "plan.md")
        assert len(json.loads((tmp_path / "plan.json").read_text())["changes"]) == 2
        assert "2 to create" in (tmp_path / "plan.md").read_text()

    def test_needs_no_key(
        self, portal: Door, file: Path, sources: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("HARVEST_API_KEY")
        assert sources("plan", file)[0] == 2
        assert all(request.key is None for request in portal.requests)


class TestApply:
    def test_does_what_the_plan_says(
        self, portal: Door, file: Path, tmp_path: Path, sources: Callable[..., Any]
    ) -> None:
        sources("plan", file, "-o", tmp_path / "plan.json")
        code, out, err = sources("apply", tmp_path / "plan.json", "-o", tmp_path / "result.json")
        assert code == 0
        assert "2 sources written" in out
        assert "[2/2]" in err
        assert {source["name"] for source in portal.portal.sources.values()} == {"Towns", "Villages"}
        assert len(json.loads((tmp_path / "result.json").read_text())["done"]) == 2

    def test_needs_a_key(
        self, portal: Door, file: Path, sources: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("HARVEST_API_KEY")
        code, _, err = sources("apply", file, "--yes")
        assert (code, written(portal)) == (1, 0)
        assert "set HARVEST_API_KEY" in err

    def test_of_files_asks_first(self, portal: Door, file: Path, sources: Callable[..., Any]) -> None:
        code, _, err = sources("apply", file)  # standard input is no terminal here
        assert (code, written(portal)) == (1, 0)
        assert "--yes" in err

    def test_refuses_a_plan_that_may_be_an_accident(
        self, portal: Door, file: Path, sources: Callable[..., Any]
    ) -> None:
        code, _, err = sources("apply", file, "--yes", "--max-changes", "1")
        assert (code, written(portal)) == (1, 0)
        assert "2" in err

    def test_reports_by_exit_code_2_what_the_key_may_not_do(
        self, portal: Door, file: Path, sources: Callable[..., Any]
    ) -> None:
        portal.portal.keys[KEY] = dict(USER)
        file.write_text(FILE.replace("schedule: never", "schedule: 0 4 * * *"))
        code, out, _ = sources("apply", file, "--yes")
        assert code == 2
        assert "need a key with more rights" in out

    def test_of_a_changed_plan_is_refused(
        self, portal: Door, file: Path, tmp_path: Path, sources: Callable[..., Any]
    ) -> None:
        sources("plan", file, "-o", tmp_path / "plan.json")
        plan = tmp_path / "plan.json"
        plan.write_text(plan.read_text().replace("Towns", "Cities"))
        code, _, err = sources("apply", plan)
        assert (code, written(portal)) == (1, 0)
        assert "plan again" in err


class TestCreateOrganizations:
    @pytest.fixture
    def of_a_town(self, file: Path) -> Path:
        file.write_text(FILE.replace("{backend: dcat,", "{backend: dcat, organization: new-town,"))
        return file

    def test_is_off_by_default(self, portal: Door, of_a_town: Path, sources: Callable[..., Any]) -> None:
        code, out, _ = sources("apply", of_a_town, "--yes")
        assert (code, written(portal)) == (1, 0)
        assert "there is no organization 'new-town'" in out

    def test_creates_what_is_missing_and_then_the_sources(
        self, portal: Door, of_a_town: Path, sources: Callable[..., Any]
    ) -> None:
        code, out, err = sources("apply", of_a_town, "--yes", "--create-organizations")
        assert code == 0
        assert "1 organization to create: new-town." in out
        assert "Created 1 organization." in err
        assert [made["slug"] for made in portal.portal.organizations] == ["new-town"]
        assert len(portal.portal.sources) == 2
        assert sources("apply", of_a_town, "--yes", "--create-organizations")[0] == 0
        assert len(portal.portal.organizations) == 1

    def test_creates_nothing_on_the_word_of_a_proxy(
        self, portal: Door, of_a_town: Path, sources: Callable[..., Any]
    ) -> None:
        portal.script("GET", "/organizations/*", Always(html(404)))
        code, _, err = sources("apply", of_a_town, "--yes", "--create-organizations")
        assert (code, portal.portal.organizations, written(portal)) == (1, [], 0)
        assert "a proxy has responded in its place" in err

    def test_asks_first(self, portal: Door, of_a_town: Path, sources: Callable[..., Any]) -> None:
        assert sources("apply", of_a_town, "--create-organizations")[0] == 1  # standard input is no terminal here
        assert written(portal) == 0

    def test_does_not_go_with_a_plan(
        self, portal: Door, file: Path, tmp_path: Path, sources: Callable[..., Any]
    ) -> None:
        sources("plan", file, "-o", tmp_path / "plan.json")
        code, _, err = sources("apply", tmp_path / "plan.json", "--create-organizations")
        assert (code, written(portal)) == (1, 0)
        assert "--create-organizations" in err


class TestKey:
    def test_goes_nowhere_on_the_word_of_a_file(
        self, portal: Door, file: Path, sources: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("HARVEST_PORTAL")
        file.write_text(f"portal: {portal.url}\n{FILE}")
        code, _, err = sources("plan", file)
        assert (code, portal.requests) == (1, [])
        assert "--portal" in err

    def test_goes_nowhere_where_the_file_is_of_another_portal(
        self, portal: Door, file: Path, sources: Callable[..., Any]
    ) -> None:
        file.write_text(f"portal: https://other.example\n{FILE}")
        code, _, err = sources("plan", file)
        assert (code, portal.requests) == (1, [])
        assert f"The files are for https://other.example, and HARVEST_PORTAL is {portal.url}: " in err

    def test_is_sent_neither_by_export_nor_by_check(
        self, portal: Door, file: Path, sources: Callable[..., Any]
    ) -> None:
        assert sources("export")[0] == sources("check", file)[0] == 0
        assert all(request.key is None for request in portal.requests)


class TestCheck:
    def test_asks_the_portal_for_its_backends(self, portal: Door, file: Path, sources: Callable[..., Any]) -> None:
        assert sources("check", file) == (0, f"2 sources, checked against {portal.url}.\n", "")
        file.write_text(FILE.replace("dcat", "dcta"))
        code, _, err = sources("check", file)
        assert code == 1
        assert "sources.yaml:2: towns: backend 'dcta' does not exist on this portal" in err

    def test_works_without_a_portal(self, portal: Door, file: Path, sources: Callable[..., Any]) -> None:
        assert sources("check", file, "--offline") == (0, "2 sources, not checked against a portal.\n", "")
        assert portal.requests == []

    def test_reads_all_environments(self, file: Path, sources: Callable[..., Any]) -> None:
        file.write_text(f"environments: {{demo: , production: }}\n{FILE}")
        assert sources("check", file, "--offline")[1].splitlines() == [
            "demo: 2 sources, not checked against a portal.",
            "production: 2 sources, not checked against a portal.",
        ]

    def test_reports_what_is_wrong(self, file: Path, sources: Callable[..., Any]) -> None:
        file.write_text(FILE.replace("name: Towns", "nme: Towns"))
        code, _, err = sources("check", file, "--offline")
        assert code == 1
        assert err == "airflow-harvest: sources.yaml:4: sources.towns.nme is unknown here: did you mean 'name'?\n"


class TestList:
    """How a newcomer finds the id of a source."""

    @pytest.fixture(autouse=True)
    def town_and_others(self, portal: Door) -> str:
        """A source that was harvested, and one of each other state."""
        organization = {"id": "0" * 23 + "1", "name": "Town", "slug": "town"}
        portal.portal.organizations.append(organization)
        town = portal.portal.add_source("Town hall", organization=organization)
        job = portal.portal.add_job(town)
        portal.portal.end_job(job, "done-errors")
        portal.portal.jobs[job]["ended"] = "2026-11-26T04:05:06+00:00"
        portal.portal.add_source("Asleep", active=False)
        portal.portal.add_source("New", validation={"state": "pending"})
        portal.portal.add_source("Bad", validation={"state": "refused"})
        portal.portal.add_source("Gone", deleted="2026-11-26T04:05:06+00:00")
        return town

    def test_shows_id_state_last_harvest_and_name(
        self, portal: Door, town_and_others: str, sources: Callable[..., Any]
    ) -> None:
        code, out, err = sources("list")
        head, _, *rows = out.splitlines()
        assert (code, err) == (0, "")
        assert head.split() == ["source", "state", "last", "harvest", "(UTC)", "status", "name"]
        assert [row.split()[-1] for row in rows] == ["Asleep", "Bad", "New", "hall"]
        assert [row.split()[1] for row in rows] == ["inactive", "refused", "pending", "accepted"]
        assert rows[-1].split() == [
            town_and_others, "accepted", "2026-11-26", "04:05", "done-errors", "Town", "hall"
        ]  # fmt: skip
        assert all(request.key is None for request in portal.requests)

    @pytest.mark.parametrize(
        "arguments, names",
        [
            (("--name", "TOWN"), ["Town hall"]),
            (("--organization", "town"), ["Town hall"]),
            (("--owner", USER["id"]), ["Asleep", "Bad", "New", "Town hall"]),
        ],
    )
    def test_can_be_restricted(self, arguments: Any, names: list[str], sources: Callable[..., Any]) -> None:
        code, out, _ = sources("list", "--json", *arguments)
        assert (code, [source["name"] for source in json.loads(out)]) == (0, names)

    def test_writes_json(self, town_and_others: str, sources: Callable[..., Any]) -> None:
        (town,) = json.loads(sources("list", "--json", "--name", "town")[1])
        assert town["id"] == town_and_others
        assert (town["validation"], town["active"], town["backend"]) == ("accepted", True, "dcat")
        assert (town["last_harvest"], town["last_status"]) == ("2026-11-26T04:05:06+00:00", "done-errors")

    def test_says_that_none_matches(self, sources: Callable[..., Any]) -> None:
        code, out, err = sources("list", "--name", "nowhere")
        assert (code, out) == (0, "")
        assert err == "No source matches: leave the options out to list all sources of the portal.\n"

    def test_says_that_the_portal_has_none(self, portal: Door, sources: Callable[..., Any]) -> None:
        portal.portal.sources.clear()
        assert sources("list") == (0, "", "The portal has no harvest source.\n")


class TestExport:
    def test_of_a_portal_gives_a_file_whose_plan_is_empty(
        self, portal: Door, tmp_path: Path, sources: Callable[..., Any]
    ) -> None:
        for number in range(3):
            portal.portal.add_source(f"Catalogue {number}")
        code, out, err = sources("export", "-o", tmp_path / "exported.yaml")
        assert (code, out) == (0, "")
        assert err.endswith(f"3 sources written to {tmp_path / 'exported.yaml'}.\n")
        assert sources("plan", tmp_path / "exported.yaml")[0] == 0

    def test_goes_to_the_output_by_default(self, portal: Door, sources: Callable[..., Any]) -> None:
        assert sources("export")[1] == f"version: 1\nportal: {portal.url}\nsources: {{}}\n"

    def test_says_what_it_left_out(self, portal: Door, sources: Callable[..., Any]) -> None:
        portal.portal.add_source("Catalogue", url="https://me:hunter2hunter2@geo.example/")
        _, out, err = sources("export")
        assert "Left out: 'catalogue', url: " in err
        assert "hunter2" not in out + err


class TestHealth:
    @pytest.fixture(autouse=True)
    def failing(self, portal: Door) -> str:
        source = portal.portal.add_source("Town hall")
        portal.portal.end_job(portal.portal.add_job(source), "failed")
        return source

    def test_lists_all_findings_for_a_terminal(
        self, portal: Door, failing: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["health"]) == 2
        lines = capsys.readouterr().out.splitlines()
        assert lines[0] == f"{portal.url}: 1 source (1 accepted), 1 finding."
        assert lines[3].startswith(f"  {failing}  since ")

    def test_writes_a_message_for_a_chat(self, portal: Door, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["health", "--markdown"]) == 2
        assert capsys.readouterr().out.startswith(f"**Harvests on {portal.url}**: ")

    def test_says_what_is_new_since_the_run_that_wrote_its_file(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = str(tmp_path / "health.json")
        said = []
        for _ in range(2):
            assert main(["health", "--state", file]) == 2
            said.append(capsys.readouterr().out.splitlines()[0])
        assert [line.rpartition("source (1 accepted), ")[2] for line in said] == [
            "1 finding.",
            "1 finding, 0 of them new.",
        ]

    def test_does_not_compare_with_another_portal(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        file = tmp_path / "health.json"
        assert main(["health", "--state", str(file)]) == 2
        file.write_text(json.dumps({**json.loads(file.read_text()), "portal": "https://other.example"}))
        assert main(["health", "--state", str(file)]) == 1
        assert "is about another portal or organization: give another file" in capsys.readouterr().err

    @pytest.mark.parametrize("content", ["", "[1]", "{", "{}"])
    def test_does_not_overwrite_another_file(
        self, content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = tmp_path / "notes.txt"
        file.write_text(content)
        assert main(["health", "--state", str(file)]) == 1
        assert "give another file" in capsys.readouterr().err
        assert file.read_text() == content


def test_import_makes_a_file_of_a_list(tmp_path: Path, sources: Callable[..., Any]) -> None:
    path = tmp_path / "harvests.yaml"
    path.write_text(
        "harvests:\n  backend: csw-iso-19139\n  endpoints: [{name: A, org: a-b, url: https://geo.example}]\n"
    )
    code, out, err = sources("import", path)
    assert (code, err) == (0, "1 source written.\n")
    assert "organization: a-b" in out


def test_schema_is_that_of_the_package(sources: Callable[..., Any]) -> None:
    assert sources("schema")[1] == schema_text()


class TestErrors:
    def test_of_arguments_are_not_taken_for_changes(self, sources: Callable[..., Any]) -> None:
        code, _, err = sources("plan")
        assert code == 1
        assert "PATH" in err

    def test_without_a_portal_say_what_to_give(
        self, file: Path, sources: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("HARVEST_PORTAL", raising=False)
        code, _, err = sources("plan", file)
        assert code == 1
        assert "--portal" in err
        assert "HARVEST_PORTAL" in err

    def test_of_files_name_them(self, sources: Callable[..., Any], tmp_path: Path) -> None:
        code, _, err = sources("import", tmp_path / "nowhere.yaml")
        assert code == 1
        assert "nowhere.yaml" in err

    def test_of_the_portal_are_sentences(self, portal: Door, file: Path, sources: Callable[..., Any]) -> None:
        portal.script("GET", "/harvest/backends/", Always(Reply(500)))
        code, _, err = sources("check", file)
        assert code == 1
        assert err.startswith("airflow-harvest: ")
        assert "Traceback" not in err


def test_command_loads_no_airflow(commands: ForkServer, file: Path, tmp_path: Path) -> None:
    program = tmp_path / "check.py"
    program.write_text(
        "import sys; from airflow_provider_harvest.cli.main import main; "
        f"main(['sources', 'check', '--offline', {str(file)!r}]); print('airflow' in sys.modules)"
    )
    assert commands.run(program) == "False"
