"""What a person may mistype: each mistake is refused by the name that was typed, before any request."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.cli import main as command_line
from airflow_provider_harvest.cli.main import main
from airflow_provider_harvest.cli.parser import in_options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.fake_portal.server import Door

ID = "0" * 24


def subcommands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    nested = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return dict(nested[0].choices) if nested else {}


def commands() -> Iterator[tuple[tuple[str, ...], argparse.ArgumentParser]]:
    """Every command that does something, with its parser."""
    for name, _, _ in command_line._COMMANDS:
        parser = subcommands(command_line._parser([name]))[name]
        inner = subcommands(parser)
        yield from (((name, other), nested) for other, nested in inner.items()) if inner else [((name,), parser)]


COMMANDS = dict(commands())


def needed(parser: argparse.ArgumentParser) -> list[str]:
    """A value for each argument without which a command does nothing."""
    return [ID for action in parser._actions if not action.option_strings and action.nargs in (None, "+")]


def options(*types: str) -> list[Any]:
    """Every option of every command whose type has one of some names."""
    return [
        pytest.param(path, action.option_strings[-1], id=" ".join([*path, action.option_strings[-1]]))
        for path, parser in COMMANDS.items()
        for action in parser._actions
        if action.option_strings and getattr(action.type, "__qualname__", "").partition(".")[0] in types
    ]


def refusal(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit) as exit_:
        main(words)
    said = capsys.readouterr()
    assert (exit_.value.code, said.out) == (1, "")
    return said.err.splitlines()[-2 if "All options" in said.err else -1]


def test_no_number_is_left_to_pythons_own_words() -> None:
    plain = [(path, action.dest) for path, parser in COMMANDS.items() for action in parser._actions
             if action.type in (int, float)]  # fmt: skip
    assert plain == []


@pytest.mark.parametrize("value", ["", " ", "x y", "-7", "nan", "inf", "1e999", "9" * 30])
@pytest.mark.parametrize("path, option", options("whole", "number"))
def test_a_number_is_checked_by_its_option(
    path: tuple[str, ...], option: str, value: str, portal: Door, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refusal(capsys, *path, *needed(COMMANDS[path]), f"{option}={value}")
    assert re.search(rf"argument (-\w/)?{option}: must be a (whole )?number", said), said
    assert portal.requests == []


@pytest.mark.parametrize("value", ["", "  "])
@pytest.mark.parametrize("path, option", options("selecting", "organization", "owner_id"))
def test_a_blank_selection_selects_not_all(
    path: tuple[str, ...], option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refusal(capsys, *path, *needed(COMMANDS[path]), f"{option}={value}")
    assert said.endswith(f"argument {option}: must not be blank: leave the option out to select all")


@pytest.mark.parametrize("path, option", options("filled"))
def test_another_option_that_is_blank_would_select_nothing(
    path: tuple[str, ...], option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refusal(capsys, *path, *needed(COMMANDS[path]), f"{option}=")
    assert re.search(rf"argument (-\w/)?{option}: must not be blank$", said)


@pytest.mark.parametrize(
    "words, says",
    [
        (["sources", "list", "--owner", "me"], "argument --owner: must be an id (24 hexadecimal digits), not 'me'"),
        (
            ["health", "--organization", "a b"],
            "argument --organization: must be an id (24 hexadecimal digits) or a slug, not 'a b'",
        ),
        (["run", "a", "--max-failed-ratio", "1.5"], "--max-failed-ratio: must be a number from 0 to 1, not '1.5'"),
        (["guard", "hold", "--expire-days", "0"], "--expire-days: must be a number of days from 1 to 3,660, not '0'"),
        (["guard", "report", "--grace-days=-2"], "must be a whole number from -1 to 3,660, not '-2'"),
        (["guard", "release", "a", "--held-since", "monday"], "--held-since: must be a time in ISO form with a zone"),
        (["report", ID, "-f", "pdf"], "argument -f/--format: formats must be some of html, csv, json, md, not pdf"),
        (["run", "a", "--timeout", "1h"], "--timeout: must be a number of seconds from 0 to 2,678,400, not '1h'"),
        (["jobs", "a", "--limit", "3"], "airflow-harvest jobs: unrecognized arguments: --limit 3"),
        (["sources", "lst"], "airflow-harvest sources: argument COMMAND: invalid choice: 'lst'"),
        (["--portal", "x", "health"], "--portal comes after the command, as in: airflow-harvest health --json"),
        (["--portal=x", "health"], "airflow-harvest: --portal comes after the command"),
    ],
)  # fmt: skip
def test_a_mistake_is_named(words: list[str], says: str, portal: Door, capsys: pytest.CaptureFixture[str]) -> None:
    assert says in refusal(capsys, *words)
    assert portal.requests == []


def test_a_long_usage_does_not_hide_the_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["run", "a", "--interval", "x"])
    assert capsys.readouterr().err.splitlines() == [
        "airflow-harvest run: argument --interval: must be a number of seconds from 0 to 2,678,400, not 'x'",
        "All options: airflow-harvest run --help",
    ]


@pytest.mark.parametrize(
    "words, listed", [([], "zombies"), (["sources"], "apply"), (["guard"], "forecast")], ids=["all", "sources", "guard"]
)
def test_without_a_command_the_commands_are_listed(
    words: list[str], listed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(words)
    said = capsys.readouterr()
    assert (code, said.out) == (1, "")
    assert said.err.startswith("usage: ")
    assert re.search(rf"^ +{listed} +\w+", said.err, re.MULTILINE)


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_help_of_each_command_whose_exit_code_says_more_says_what(path: tuple[str, ...]) -> None:
    says_more = " ".join(path) not in (
        "jobs", "guard release", "sources list", "sources export", "sources import", "sources check", "sources schema",
    )  # fmt: skip
    lines = COMMANDS[path].format_help().splitlines()
    codes = [line[2] for line in lines[lines.index("exit codes:") + 1 :]] if "exit codes:" in lines else []
    assert codes == (["0", "2", "1"] if says_more else [])


def test_a_blank_variable_names_no_portal(
    portal: Door, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HARVEST_PORTAL", " ")
    assert main(["health"]) == 1
    assert "give --portal, or set HARVEST_PORTAL" in capsys.readouterr().err


# --- names in messages ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text, said",
    [
        ("set max_skipped_ratio=1.", "set --max-skipped-ratio 1."),
        ("and if_running='fail' is set", "and --if-running fail is set"),
        ("lower min_done_items.", "lower --min-done-items."),
        ("set fail_on_job_errors=False if they", "set --allow-job-errors if they"),
        ("remote_ids are not there", "--remote-id are not there"),
        ("the portal waits for a source", "the portal waits for a source"),
        ("my_max_failed_items and --max_failed_items", "my_max_failed_items and --max_failed_items"),
        ("1 failed: 'remote_ids', \"max_failed_items\"", "1 failed: 'remote_ids', \"max_failed_items\""),
    ],
)
def test_a_message_names_options_in_place_of_arguments(text: str, said: str) -> None:
    assert in_options(text, command_line._parser(["run"]).parse_args(["run", "a"]).options) == said
