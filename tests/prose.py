"""Keeps dialect out of what people read: comments, docstrings, messages, names of tests, pages; `make lint` runs this.

python3 -m tests.prose
"""

from __future__ import annotations

import io
import re
import sys
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
PLACES = (
    "airflow_provider_harvest",
    "benchmarks",
    "docs",
    "example_dags",
    "sandbox",
    "tests",
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
)
#: Patterns that plain technical English does without, and what to write instead.
WORDS = (
    (r"\banew\b", "again"),
    (r"\bunder way\b", "running, in progress"),
    (r"\bone's own\b", "your own"),
    (r"\bfor ever\b", "forever"),
    (r"\bPure:", "nothing: test_architecture holds it"),
    (r"\b(must be a|not a|blank|empty) texts?\b", "string"),
    (r"\b(None|empty|True|False|nothing|none) where\b", "if"),
    (r":raises \w+: where\b", "if"),
    (r"(^|[.:;] )Where (the|a|an|no|nothing|there|this|it|one|many|somebody)\b(?![^.]*:$)", "if"),
    (r"\bin vain\b", "without effect"),
    (r"(?<!there )\bis none\b", "if it is invalid, if there is none"),
    (r"\b(look|looks|looked) into\b", "examine"),
    (r"\b(look|looks|looked|looking) (at|for|whether|again|once|into)\b", "check, examine, search for, poll"),
    (r"(?i)\b(tell|tells|told) (?!apart\b)", "report, show, return; 'distinguish' for 'tell from'"),
    (r"(?i)\b(stands|stood) (in|for|once|under|inside|as|here)\b", "is, block"),
    (r"(?i)\b(an answer|answers?|answered) (4|5|2)\d\d\b", "responds with"),
    (r"(?i)\b(became|becomes?|comes?|came) of\b", "the result of, happens to"),
    (r"\bcannot be right\b", "invalid"),
    (r"\b[Ff]rom where on\b", "above which"),
    (r"\bwhoever\b", "no matter who, the person who"),
    (r"\basked for\b", "requested"),
    (r"\bgoing on with\b|\bgo on with\b", "continue with"),
    (r"\bhangs? on\b", "depends on"),
    (r"\blest\b|\bamid\b|\bbesides?\b(?! each other)", "so that ... not, among, next to, in addition to"),
    (r"\btravel in clear\b|\bin clear\b", "unencrypted"),
    (r"\bletter by letter\b", "unchanged"),
    (r"(?<![.'\"])\borganis(e|ation)\b(?![.:'])", "organization"),
)


def main() -> int:
    """Print each place with a word of the list; return the exit code."""
    found = [f"{path.relative_to(ROOT)}:{line}: {text}" for path in files() for line, text in problems(path)]
    print("\n".join(found) if found else "No word of the list was found.")
    return 1 if found else 0


def files() -> Iterator[Path]:
    """Yield the files that are checked."""
    for place in PLACES:
        path = ROOT / place
        found = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.suffix in (".py", ".md"))
        yield from (file for file in found if file != Path(__file__).resolve())


def problems(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the line and the word for each finding in a file."""
    for line, text in prose(path):
        for pattern, instead in WORDS:
            if found := re.search(pattern, text):
                yield line, f"{found[0]!r}: write {instead}"


def prose(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines that people read: all of a page; the comments, strings and names of tests of a module."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        yield from enumerate(text.splitlines(), 1)
        return
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        is_text = token.type in (tokenize.COMMENT, tokenize.STRING) or tokenize.tok_name[token.type].startswith("FSTR")
        if is_text:
            yield from enumerate(token.string.splitlines(), token.start[0])
        elif token.string.startswith("test_"):
            yield token.start[0], token.string.replace("_", " ")


if __name__ == "__main__":
    sys.exit(main())
