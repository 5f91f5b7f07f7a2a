"""Checks the built site against the code: every public name is on it, and no page loads anything from elsewhere.

`docs.build` runs it after Sphinx. The names come from the code: a new argument that no page documents
fails the build.
"""

from __future__ import annotations

import html
import importlib
import inspect
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest import exceptions, portal, provider_info
from airflow_provider_harvest.cli import shared
from docs.generate import parsers

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = "airflow_provider_harvest"
ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "build" / "site"
#: What a browser loads by itself: scripts, images, frames and style sheets. A plain link waits for the reader.
_LOADS = re.compile(
    r"""<(?:script|img|iframe|source|video)\b[^>]*?\ssrc=["'](https?:)?//|<link\b[^>]*?\shref=["'](https?:)?//""",
    re.IGNORECASE,
)
_CSS_LOADS = re.compile(r"""@import\s+["'(]|url\(\s*["']?(https?:)?//""", re.IGNORECASE)


def public_classes() -> dict[str, type]:
    """Return the classes that Airflow loads from this package, by path: operators, sensor, hook and triggers."""
    info: Any = provider_info.get_provider_info()
    modules = {
        module
        for kind in ("operators", "sensors", "hooks", "triggers")
        for entry in info[kind]
        for module in entry["python-modules"]
    }
    found = {}
    for module in map(importlib.import_module, sorted(modules)):
        for name, value in vars(module).items():
            is_public = inspect.isclass(value) and name.startswith("Harvest") and value.__module__ == module.__name__
            if is_public and not name.endswith("Mixin"):
                found[f"{module.__name__}.{name}"] = value
    return found


def arguments(value: Any) -> list[str]:
    """Return the names of all arguments of a class or function that this package defines, inherited ones too."""
    functions = [value] if not inspect.isclass(value) else [
        vars(base)["__init__"]
        for base in value.__mro__
        if base.__module__.startswith(PACKAGE) and "__init__" in vars(base)
    ]  # fmt: skip
    names = [name for function in functions for name in _named(function)]
    return list(dict.fromkeys(names))


def _named(function: Any) -> Iterator[str]:
    for name, parameter in inspect.signature(function).parameters.items():
        if name != "self" and parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            yield name


def errors() -> list[str]:
    """Return the names of all exceptions."""
    return [
        name
        for name, value in vars(exceptions).items()
        if inspect.isclass(value) and issubclass(value, exceptions.HarvestError)
    ]


def xcom_keys() -> list[str]:
    """Return the XCom keys that tasks push, read from the constants of the modules that push them."""
    found = set()
    for path in (ROOT / PACKAGE).rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if "xcom_push(" in text or "_KEY" in text:
            found |= set(re.findall(r"""(?m)^\w*KEY\w*(?:, \w+)* = .*?["'](harvest_[a-z_]+)["']""", text))
            found |= set(re.findall(r"""(?m)^\w*KEY\w*, \w+ = .*, ["'](harvest_[a-z_]+)["']""", text))
    return sorted(found)


def exit_codes() -> list[int]:
    """Return the exit codes of the command line."""
    return [shared.FINE, shared.ERROR, shared.ATTENTION, 130]


def options() -> list[tuple[str, str]]:
    """Return each option of each command: ``("airflow-harvest jobs", "--number")``."""
    return [
        (" ".join(path), option)
        for path, parser in parsers()
        for action in parser._actions
        for option in action.option_strings
    ]


def missing() -> Iterator[str]:
    """Yield a sentence for each public name that the site does not have where it belongs."""
    for path, value in public_classes().items():
        page = "python-api.html" if "Hook" in path or "Trigger" in path else "operators.html"
        yield from _missing_arguments(page, path, value)
    for name in portal.__all__:
        value = getattr(portal, name)
        if f"{PACKAGE}.portal.{name}" not in _ids("python-api.html"):
            yield f"python-api.html has no section for portal.{name}."
        elif name[0].islower():
            yield from _missing_arguments("python-api.html", f"{PACKAGE}.portal.{name}", value)
    for name in errors():
        if f"{PACKAGE}.exceptions.{name}" not in _ids("exceptions.html"):
            yield f"exceptions.html has no section for {name}."
    reference, commands = _text("reference.html"), _text("command-line.html")
    yield from (f"reference.html does not name the XCom key {key}." for key in xcom_keys() if key not in reference)
    yield from (
        f"command-line.html has no row for exit code {code}." for code in exit_codes() if f"\n{code}\n" not in commands
    )
    yield from (f"command-line.html lacks {option} of {path}." for path, option in options() if option not in commands)


def _missing_arguments(page: str, path: str, value: Any) -> Iterator[str]:
    section = _section(page, path)
    if section is None:
        yield f"{page} has no section for {path}."
        return
    refers_to_base = "<strong>kwargs</strong>" in section
    for name in _named(vars(value)["__init__"]) if refers_to_base else arguments(value):
        if f"<strong>{name}</strong>" not in section:
            yield f"{page}: {path} does not document its argument {name}."


def _section(page: str, path: str) -> str | None:
    """Return the HTML of one documented object: from its anchor to the next one of its module level."""
    text = (SITE / page).read_text(encoding="utf-8")
    start = text.find(f'id="{path}"')
    if start < 0:
        return None
    end = re.compile(r'<dl class="py (?:class|function|exception)">').search(text, start)
    return text[start : end.start() if end else len(text)]


def _ids(page: str) -> set[str]:
    return set(re.findall(r'id="([^"]+)"', (SITE / page).read_text(encoding="utf-8")))


def _text(page: str) -> str:
    """Return a page without its markup, each cell of a table on a line of its own."""
    text = re.sub(r"</?(?:td|th|p|tr|pre)\b[^>]*>", "\n", (SITE / page).read_text(encoding="utf-8"))
    return html.unescape(re.sub(r"\n\s*\n", "\n", re.sub(r"<[^>]+>", "", text)))


def loaded_from_elsewhere() -> Iterator[str]:
    """Yield a sentence for each file of the site that would load something from another server."""
    for path in sorted(SITE.rglob("*")):
        pattern = {".html": _LOADS, ".css": _CSS_LOADS}.get(path.suffix)
        if pattern and (found := pattern.search(path.read_text(encoding="utf-8"))):
            yield f"{path.relative_to(SITE)} loads something from elsewhere: {found[0]!r}."


def main() -> int:
    """Check the site; return the exit code."""
    problems = [*missing(), *loaded_from_elsewhere()]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
