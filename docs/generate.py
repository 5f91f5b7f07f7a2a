"""Writes the parts of the site that are made from code: the commands from `--help`, the file format from its schema."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from airflow_provider_harvest.cli import main as cli
from airflow_provider_harvest.portal.as_code.files.schema import schema_text

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent / "generated"
#: Width of the help texts.
_COLUMNS = "100"


def write_all() -> None:
    """Write all generated parts; a file that would not change is left alone, so that Sphinx need not read it again."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in (("commands.md", commands()), ("file-format.md", file_format())):
        path = FOLDER / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def commands() -> str:
    """Return the help of each command as Markdown."""
    with mock.patch.dict(os.environ, {"COLUMNS": _COLUMNS}):
        parts = [f"## {' '.join(path)}\n\n```text\n{parser.format_help().rstrip()}\n```" for path, parser in parsers()]
    return "\n\n".join(parts) + "\n"


def parsers() -> Iterator[tuple[tuple[str, ...], argparse.ArgumentParser]]:
    """Yield each command with its parser, in the order of the help: ``("airflow-harvest", "sources", "plan")``."""
    yield ("airflow-harvest",), cli._parser([])
    for name, _, _ in cli._COMMANDS:
        parser = subparsers(cli._parser([name]))[name]
        yield ("airflow-harvest", name), parser
        for inner, nested in subparsers(parser).items():
            yield ("airflow-harvest", name, inner), nested


def subparsers(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the commands below a parser; empty if it has none."""
    actions = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return dict(actions[0].choices) if actions else {}


def file_format() -> str:
    """Return the keys of a file of sources as Markdown tables, with the descriptions of the JSON Schema."""
    schema = json.loads(schema_text())
    keys, definitions = schema["properties"], schema["definitions"]
    source = _object(keys["sources"])["additionalProperties"]
    config = _object(definitions["config"])["properties"]
    tables = (
        ("Keys of a file", keys),
        ("Keys of an environment", _object(_object(keys["environments"])["additionalProperties"])["properties"]),
        ("Keys of a source", source["properties"]),
        ("Keys of `schedule`, if it is a window", _object(definitions["schedule"])["properties"]),
        ("Keys of `validation`, if it has a comment", _object(definitions["validation"])["properties"]),
        ("Keys of `config`", config),
    )
    return "\n\n".join(_table(title, properties) for title, properties in tables) + "\n"


def _table(title: str, properties: dict[str, Any]) -> str:
    rows = [
        f"| `{key}` | {_type(value)} | {_cell(value.get('description', ''))} |" for key, value in properties.items()
    ]
    return "\n".join([f"## {title}", "", "| key | type | description |", "|---|---|---|", *rows])


def _cell(text: str) -> str:
    return text.replace("|", r"\|").replace("\n", " ")


def _type(value: dict[str, Any]) -> str:
    """Return the JSON types that a value may have, such as ``string, null``."""
    if "enum" in value:
        return ", ".join(f"`{json.dumps(entry)}`" for entry in value["enum"])
    if "$ref" in value:
        return f"see `{value['$ref'].rpartition('/')[2]}`"
    if "anyOf" in value:
        return ", ".join(dict.fromkeys(_type(choice) for choice in value["anyOf"]))
    return str(value.get("type", "any"))


def _object(value: dict[str, Any]) -> dict[str, Any]:
    """Return the object among the types that a value may have."""
    found: dict[str, Any] = next(choice for choice in value.get("anyOf", [value]) if choice.get("type") == "object")
    return found
