"""The code blocks of README and docs: which there are, and which commands with which output a console block shows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A code block.

    :param page: name of its page, such as ``how-to.md``.
    :param line: line of the page that it begins on, from 1.
    :param language: what follows the fence, such as ``console``.
    :param text: its lines.
    """

    page: str
    line: int
    language: str
    text: str

    @property
    def title(self) -> str:
        return f"{self.page}-{self.line}"


@dataclass(frozen=True)
class Step:
    """A command of a console block, and the output that is shown below it.

    :param command: without the prompt; its lines are joined by line breaks.
    :param output: empty if none is shown.
    """

    command: str
    output: str


def blocks(*languages: str, page: str | None = None) -> list[Block]:
    """Return the code blocks of some languages, in the order of the pages.

    :param page: only those of the page with this name.
    """
    return [
        Block(path.name, text.count("\n", 0, match.start()) + 1, match[1], match[2])
        for path in PAGES
        if page in (None, path.name)
        for text in [path.read_text(encoding="utf-8")]
        for match in _BLOCK.finditer(text)
        if match[1] in languages
    ]


def steps(block: Block) -> list[Step]:
    """Split a console block into its commands."""
    found: list[tuple[list[str], list[str]]] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            found.append(([line.removeprefix("$ ")], []))
        elif found and found[-1][0][-1].endswith("\\"):
            found[-1][0].append(line)
        else:
            found[-1][1].append(line)
    return [Step("\n".join(command), "\n".join(output)) for command, output in found]
