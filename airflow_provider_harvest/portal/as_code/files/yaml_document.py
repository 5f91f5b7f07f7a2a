"""YAML to plain JSON values with the line of each, and back; called by the reader and by the export.

Read by the rules of YAML 1.2, as editors do: ``yes`` and ``on`` are strings, ``12:30`` is not a number. PyYAML's own
constructors are not used: they know YAML 1.1, drop the lines, and take a second value of a key silently.
"""

from __future__ import annotations

import math
import re
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import HarvestError
from airflow_provider_harvest.portal.as_code.model import InvalidDeclaration

try:
    import yaml
except ImportError as error:  # Airflow brings it along
    raise HarvestError("PyYAML is missing: pip install 'airflow-provider-harvest[code]'") from error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_harvest.portal.as_code.files.kinds import Path

#: How many values a file may have once its aliases are expanded: a few lines of aliases can become millions.
MAX_VALUES = 500_000

_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_TAGS = {"str", "seq", "map"}
_QUOTES = ("'", '"', "|", ">")
# PyYAML's messages quote names out of the file.
_QUOTED = re.compile(r"'[^']{2,}'|\"[^\"]{2,}\"")


@dataclass
class Document:
    """A file as it was read.

    :param name: of the file, for messages.
    :param value: its content, as JSON values; keys of mappings are strings as written.
    :param lines: the line of each value, or of its key, counted from 1.
    """

    name: str
    value: Any
    lines: dict[Path, int] = field(default_factory=dict)

    def where(self, path: Path = ()) -> str:
        """Return file and line of a value, or of the nearest value around it, as in ``sources.yaml:12``."""
        while path and path not in self.lines:
            path = path[:-1]
        return f"{self.name}:{self.lines.get(path, 1)}"


def parse(text: str, name: str) -> Document:
    """Read a YAML document.

    :param text: one document.
    :param name: of the file, for messages.
    :raises InvalidDeclaration: if it is not YAML, or has what JSON cannot express, such as dates and tags.
    """
    builder = _Builder(name)
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = min(mark.line, text.rstrip().count("\n")) + 1 if mark else 1  # its end may be a line too far
        problem = _QUOTED.sub("'...'", error.problem or error.context or "it cannot be read")
        hint = " A string that begins with * or & or contains ': ' needs quotes, as in '0 4 * * *'."
        raise InvalidDeclaration([f"{name}:{line}: not valid YAML: {problem}.{hint}"]) from None
    except yaml.YAMLError:  # a character that YAML does not allow
        raise InvalidDeclaration([f"{name}: not valid YAML: it holds control characters."]) from None
    if root is None:
        return Document(name, None)
    value = builder.value_of(root, ())
    if builder.problems:
        raise InvalidDeclaration(builder.problems)
    return Document(name, value, builder.lines)


class _Builder:
    """Makes plain values from PyYAML's nodes."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lines: dict[Path, int] = {}
        self.problems: list[str] = []
        self._inside: set[int] = set()
        self._left = MAX_VALUES

    def value_of(self, node: yaml.Node, path: Path) -> Any:
        """Return the value of a node, and remember its place and the places of all values in it."""
        self.lines.setdefault(path, node.start_mark.line + 1)
        self._left -= 1
        if self._left < 0 or id(node) in self._inside:
            why = "its aliases expand to too many values" if self._left < 0 else "an alias lies inside its own anchor"
            raise InvalidDeclaration([f"{self.name}:{node.start_mark.line + 1}: {why}."])
        if node.tag.removeprefix("tag:yaml.org,2002:") not in _TAGS:
            self._problem(node, "a tag (a word that begins with !) is not known here")
            return None
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        self._inside.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            built: Any = [self.value_of(entry, (*path, number)) for number, entry in enumerate(node.value)]
        else:
            built = dict(self._entries(node, path))
        self._inside.discard(id(node))
        return built

    def _entries(self, node: yaml.Node, path: Path) -> Iterator[tuple[str, Any]]:
        seen = set()
        for key, entry in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._problem(key, "a key must be a string")
                continue
            if key.value == "<<" and key.style not in _QUOTES:
                self._problem(key, "merge keys (<<) are not known here: use 'defaults', or repeat what is shared")
                continue
            if key.value in seen:
                self._problem(key, f"the key {key.value[:60]!r} is there twice: one of them would be lost")
                continue
            seen.add(key.value)
            here = (*path, key.value)
            self.lines[here] = key.start_mark.line + 1
            yield key.value, self.value_of(entry, here)

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        text = node.value
        if node.style in _QUOTES:
            return text
        if _NULL.fullmatch(text):
            return None
        if _BOOL.fullmatch(text):
            return text.lower() == "true"
        if _INT.fullmatch(text) and len(text) <= 40:
            return int(text)
        if _FLOAT.fullmatch(text) and math.isfinite(float(text)):
            return float(text)
        return text

    def _problem(self, node: yaml.Node, text: str) -> None:
        self.problems.append(f"{self.name}:{node.start_mark.line + 1}: {text}.")


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Parses, ten times faster where PyYAML was built with libyaml; what a plain scalar means is decided here."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own name and type


# --- writing -------------------------------------------------------------------------------------------------------


def write(value: object) -> str:
    """Return JSON values as YAML that :func:`parse` reads back the same, and YAML 1.1 readers, too.

    :param value: mappings keep their order; strings of several lines are written as blocks.
    """
    text: str = yaml.dump(
        value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=sys.maxsize, default_flow_style=False
    )
    return text


class _Dumper(yaml.SafeDumper):
    """Writes strings so that they are read as strings again, and never anchors."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002  # PyYAML's signature
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002  # PyYAML's
        super().increase_indent(flow, False)


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = None
    lines = text.removesuffix("\n").split("\n")
    if not all(line.isprintable() for line in lines) or any(r.fullmatch(text) for r in (_NULL, _BOOL, _INT, _FLOAT)):
        style = '"'
    elif "\n" in text:
        style = "|" if all(line and not line.endswith(" ") and line == line.lstrip() for line in lines) else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)
