"""Each command that README and docs show is typed into a shell on the sandbox; what runs nowhere is at least parsed."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from airflow_provider_harvest.cli import main as command_line
from airflow_provider_harvest.portal.client import HarvestClient
from sandbox import Sandbox
from tests.support.documented import PAGES, ROOT, Block, Step, blocks, steps
from tests.support.shell import Shell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.integration

#: Pages whose commands are run from the first to the last in one shell, each beginning with an empty portal.
RUN = ("first-harvest.md", "sources-as-code.md", "how-to.md", "guard.md")
#: A paragraph of a page that says why the block below it is not run.
NOT_RUN = "<!-- not run: "
GIT_NAMES = ("AUTHOR_NAME", "AUTHOR_EMAIL", "COMMITTER_NAME", "COMMITTER_EMAIL")
CATALOGUES = ("cities", "mixed", "empty", "slow")


@pytest.fixture(scope="module")
def own_portal() -> Iterator[Sandbox]:
    """A portal that no other test writes to: the pages show whole exports of it."""
    with Sandbox.start() as sandbox:
        for name in CATALOGUES:
            sandbox.catalogue.put(name, datasets=0 if name == "empty" else 3)
        yield sandbox


@pytest.fixture
def admin_of_own_portal(own_portal: Sandbox) -> Iterator[HarvestClient]:
    """A client with a sysadmin's key, of a portal without sources."""
    with HarvestClient(own_portal.url, own_portal.keys.admin) as client:
        for source in list(client.iter_sources()):
            client.delete_source(source.id)
        yield client


class Reader:
    """Somebody who types in what a page shows, with the addresses and the key of a portal of their own.

    :param page: the name of the page.
    """

    def __init__(self, page: str, portal: Sandbox, folder: Path) -> None:
        self.folder = folder
        self.blocks = blocks("console", "yaml", page=page)
        self._portal = portal
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("HARVEST", "GIT_"))},
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "GIT_CONFIG_GLOBAL": os.devnull,
            **{
                f"GIT_{who}_{what}": "reader@example.org"
                for who in ("AUTHOR", "COMMITTER")
                for what in ("NAME", "EMAIL")
            },
        }

    def own(self, text: str) -> str:
        """Replace the portal, the catalogues and the key of a text by the reader's own."""
        text = re.sub(r"http://127\.0\.0\.1:\d+/(\w+)\.xml", lambda match: self._portal.catalogue.url(match[1]), text)
        text = re.sub(r"http://127\.0\.0\.1:40793", self._portal.url, text)
        return text.replace("HARVEST_API_KEY=...", f"HARVEST_API_KEY={self._portal.keys.admin}")

    def read(self, before: Callable[[Step], None] = lambda step: None) -> None:
        """Do all that the page shows, and compare the output with what it shows.

        :param before: does what the page says in words only, before a command.
        """
        with Shell(self.folder, self.environment) as shell:
            for block in self.blocks:
                for step in _run_steps(block):
                    before(step)
                    output, code = shell.run(self.own(step.command))
                    if step.output:
                        assert comparable(output) == comparable(self.own(step.output)), f"{block.title}: {step.command}"
                    else:
                        assert code == 0, f"{block.title}: {step.command}: {output}"


def _run_steps(block: Block) -> list[Step]:
    if block.language != "console" or _is_not_run(block):
        return []
    return [step for step in steps(block) if not step.command.startswith("pip ")]


def _is_not_run(block: Block) -> bool:
    (page,) = (path for path in PAGES if path.name == block.page)
    lines = page.read_text(encoding="utf-8").splitlines()[: block.line - 1]
    paragraph = next((line for line in reversed(lines) if line), "")
    return paragraph.startswith(NOT_RUN)


def comparable(output: str) -> str:
    """Leave out what is another in each run: ids, hashes, times, and the minute that a window gives a source."""
    output = re.sub(r"\b[0-9a-f]{24}\b", "ID", output)
    output = re.sub(r"\b\d{4}-\d\d-\d\d\b", "DAY", output)
    output = re.sub(r"^index \w+\.\.\w+", "index", output, flags=re.MULTILINE)
    output = re.sub(r"\bDAY \d\d:\d\d\b", "TIME", output)
    return re.sub(r"\b\d{1,2} [0-4] \* \* \*", "MINUTE HOUR * * *", output).strip()


def test_first_harvest(own_portal: Sandbox, admin_of_own_portal: HarvestClient, tmp_path: Path) -> None:
    reader = Reader("first-harvest.md", own_portal, tmp_path)
    (file,) = (block for block in reader.blocks if block.language == "yaml")
    (tmp_path / "first.yaml").write_text(reader.own(file.text))
    reader.environment |= {"HARVEST_PORTAL": own_portal.url, "HARVEST_API_KEY": own_portal.keys.admin}

    reader.read()

    (source,) = admin_of_own_portal.iter_sources()
    assert len(own_portal.datasets(source_id=source.id)) == 3


def test_guide_to_sources_as_code(own_portal: Sandbox, admin_of_own_portal: HarvestClient, tmp_path: Path) -> None:
    described(own_portal, admin_of_own_portal, "My town", "cities")
    reader = Reader("how-to.md", own_portal, tmp_path)
    reader.environment |= {"HARVEST_PORTAL": own_portal.url, "HARVEST_API_KEY": own_portal.keys.admin}
    reader.read()
    assert (tmp_path / "sources.yaml").exists()


def test_guard(own_portal: Sandbox, admin_of_own_portal: HarvestClient, tmp_path: Path) -> None:
    own_portal.catalogue.put("towns", datasets=25)
    source = described(own_portal, admin_of_own_portal, "Towns", "towns")
    own_portal.wait_for_next_second()
    own_portal.catalogue.put("towns", datasets=15)
    admin_of_own_portal.run_source(source)
    own_portal.control.wait_until_idle()
    Reader("guard.md", own_portal, tmp_path).read()
    assert admin_of_own_portal.get_source(source).autoarchive is True


def test_sources_as_code(own_portal: Sandbox, admin_of_own_portal: HarvestClient, tmp_path: Path) -> None:
    cities = described(own_portal, admin_of_own_portal, "Cities", "cities")
    described(own_portal, admin_of_own_portal, "Mixed records", "mixed")
    empty = described(own_portal, admin_of_own_portal, "Nothing yet", "empty")
    admin_of_own_portal.update_source(empty, description="Kept for next year.", active=False)
    reader = Reader("sources-as-code.md", own_portal, tmp_path)
    path = tmp_path / "sources.yaml"
    subprocess.run(["git", "init", "-q", tmp_path], check=True)  # noqa: S607

    def commit_with_a_first_line() -> None:
        path.write_text(f"# yaml-language-server: $schema=sources.schema.json\n{path.read_text()}")

    def change_as_shown(diff: str) -> None:
        command = ["git", "apply", "--unidiff-zero", "-"]
        subprocess.run(command, cwd=tmp_path, input=reader.own(diff) + "\n", text=True, check=True)

    def make_mistakes() -> None:
        bad = path.read_text().replace("  organization:", "  organisation:").replace("active: false", "active: 'no'")
        (tmp_path / "bad.yaml").write_text(bad.replace("slow.xml", "slow.xml?token=secret"))

    def take_out_the_last() -> None:
        path.write_text(path.read_text().partition("\n  slow-server:")[0])

    def before(step: Step) -> None:
        if step.command.startswith("git add"):
            commit_with_a_first_line()
        elif step.command.startswith("git diff"):
            change_as_shown(step.output)
        elif "bad.yaml" in step.command:
            make_mistakes()
        elif "1 to activate" in step.output:
            admin_of_own_portal.update_source(cities, name="Cities and villages", active=False)
        elif "to adopt" in step.output:
            admin_of_own_portal.update_source(cities, name="Cities", active=True)
        elif "no longer in the files" in step.output:
            take_out_the_last()

    reader.read(before)

    assert {source.name for source in admin_of_own_portal.iter_sources()} == {
        "Cities",
        "Records of the region",
        "Nothing yet",
    }


@pytest.mark.parametrize(
    "script", [block for block in blocks("python") if "DAG(" not in block.text], ids=lambda block: block.title
)
def test_script_runs_as_pasted(
    script: Block, own_portal: Sandbox, admin_of_own_portal: HarvestClient, tmp_path: Path
) -> None:
    own_portal.catalogue.put("gone", mode="error-404")
    failing = described(own_portal, admin_of_own_portal, "Gone", "gone")
    (tmp_path / "script.py").write_text(script.text.replace("https://www.data.gouv.fr", own_portal.url))
    with Shell(tmp_path, Reader(script.page, own_portal, tmp_path).environment) as shell:
        output, code = shell.run("python script.py")
    assert code == 0, output
    assert failing in output or "Gone" in output


def described(portal: Sandbox, client: HarvestClient, name: str, catalogue: str) -> str:
    """Make an accepted source of a catalogue; return its id."""
    url = portal.catalogue.url(catalogue)
    source = client.create_source(name, url, "dcat", organization=portal.organization.id)
    client.validate_source(source.id)
    portal.control.wait_until_idle()
    return source.id


# --- commands that are parsed -----------------------------------------------------------------------------------------


def _commands() -> list[tuple[str, str]]:
    """Every command of a console block, and every ``airflow-harvest ...`` of a sentence: where it is, and itself."""
    found = [(block.title, step.command) for block in blocks("console") for step in steps(block)]
    for path in PAGES:
        text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
        found += [
            (path.name, " ".join(command.split())) for command in re.findall(r"`(airflow-harvest \S[^`]*)`", text)
        ]
    return found


COMMANDS = _commands()
#: What replaces a word of a documented command.
STANDS_FOR = {"SOURCE": "town", "ID": "0" * 24, "JOB": "0" * 24, "N": "3", "...": "town"}


def words(command: str) -> list[str]:
    """Split a command into words, without its comment and what follows it in the shell."""
    split = shlex.split(command.replace("\\\n", " "), comments=True)
    end = next((at for at, word in enumerate(split) if word.endswith(";") or word in ("&&", "|", ">", "||")), None)
    if end is None:
        return split
    return [*split[:end], *([split[end].removesuffix(";")] if split[end].endswith(";") else [])]


def test_output_is_shown_on_pages_that_are_run_only() -> None:
    shown = {block.page for block in blocks("console") for step in steps(block) if step.output}
    assert shown <= set(RUN)


@pytest.mark.parametrize("place, command", [pytest.param(*one, id=f"{one[0]}: {one[1][:60]}") for one in COMMANDS])
def test_command_is_one_that_there_is(place: str, command: str) -> None:
    program, *arguments = words(command)
    if program == "airflow-harvest":
        given = [STANDS_FOR.get(argument, argument) for argument in arguments if argument != "..."]
        assert command_line._parser(given).parse_args(given).command
    elif program == "make":
        subprocess.run(["make", "--dry-run", *arguments], cwd=ROOT, check=True, capture_output=True)  # noqa: S607
    elif program == "pip":
        assert re.fullmatch(r"(airflow-provider-harvest|\.)(\[(cli,)?code\])?", arguments[-1])
    elif program == ".venvs/ui/bin/python":
        options = (ROOT / "tests/ui/conftest.py").read_text()
        named = [word for word in arguments if word.startswith("--") and not word.startswith("--confcutdir")]
        assert [option for option in named if f'"{option}"' not in options] == []
    else:
        assert program in ("airflow", "cat", "export", "git", "python3", "sed", "source"), (
            f"nothing tests this command of {place}"
        )


def test_there_are_commands() -> None:
    assert len(COMMANDS) > 40
