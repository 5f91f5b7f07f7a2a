"""How numbers, lists and long texts are written."""

from __future__ import annotations

import pytest

from airflow_provider_harvest.portal.text.words import count, few, log_lines, shorten

ESC, BEL, ST = "\x1b", "\x07", "\x1b\\"


class TestNumbersAndLists:
    @pytest.mark.parametrize(
        "number, shown", [(0, "0 sources"), (1, "1 source"), (2, "2 sources"), (12345, "12,345 sources")]
    )
    def test_counts(self, number: int, shown: str) -> None:
        assert count(number, "source") == shown

    def test_counts_with_a_plural_of_its_own(self) -> None:
        assert [count(n, "source is", "sources are") for n in (1, 2)] == ["1 source is", "2 sources are"]

    @pytest.mark.parametrize(
        "total, shown",
        [(0, ""), (1, "0"), (3, "0, 1, 2"), (4, "0, 1, 2 and 1 more"), (2003, "0, 1, 2 and 2,000 more")],
    )
    def test_lists_the_first_few(self, total: int, shown: str) -> None:
        assert few([str(number) for number in range(total)], 3) == shown

    def test_lists_a_few_of_what_was_counted_elsewhere(self) -> None:
        assert few(["a", "b"], 2, separator="; ", total=9) == "a; b and 7 more"

    @pytest.mark.parametrize(
        "text, lines",
        [
            ("", []),
            ("short\n\nlines", ["short", "", "lines"]),
            ("one two three four", ["one two", "  three", "  four"]),
            ("  one two three", ["  one", "    two", "    three"]),
            ("see https://portal.example/a-b", ["see", "  https://portal.example/a-b"]),
            ("https://portal.example/a-b", ["https://portal.example/a-b"]),
            ("two  blanks", ["two", "  blanks"]),
            ("One. Two three.", ["One.", "  Two", "  three."]),
            ("One. T. Three.", ["One. T.", "  Three."]),
        ],
    )
    def test_breaks_lines_between_words(self, text: str, lines: list[str]) -> None:
        assert log_lines(text, 8) == lines

    @pytest.mark.parametrize("limit", [5, 6, 7, 40])
    @pytest.mark.parametrize("middle", [False, True])
    def test_nothing_is_longer_than_allowed(self, limit: int, middle: bool) -> None:
        assert len(shorten("abc" * 50, limit, middle=middle)) <= limit
