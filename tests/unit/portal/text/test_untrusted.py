"""How what a portal or a catalogue says is made safe to show."""

from __future__ import annotations

import time

import pytest

from airflow_provider_harvest.portal.text.untrusted import markdown, markdown_link, plain, web_link

ESC, BEL, ST = "\x1b", "\x07", "\x1b\\"


class TestPlain:
    @pytest.mark.parametrize(
        "said, shown",
        [
            pytest.param("Données du Léman, 東京 🚲", "Données du Léman, 東京 🚲", id="letters of any script stay"),
            pytest.param("a\nINFO - Outcome: success.", "a INFO - Outcome: success.", id="no forged line"),
            pytest.param("a\r\n\tb\x0bc\x0cd", "a b c d", id="every kind of white space is a blank"),
            pytest.param("a\u2028b\u2029c\x85d\u00a0e", "a b c d e", id="separators of Unicode and C1 too"),
            pytest.param(f"{ESC}[1;31mred{ESC}[0m alert", "red alert", id="colours"),
            pytest.param(f"{ESC}[2J{ESC}[Hgone", "gone", id="a cleared screen"),
            pytest.param("\x9b31mred", "red", id="the same as one C1 character"),
            pytest.param(f"{ESC}]8;;https://evil.example{ST}portal{ESC}]8;;{ST}", "portal", id="an OSC 8 link"),
            pytest.param(f"{ESC}]0;title{BEL}name", "name", id="a window title"),
            pytest.param(f"a{ESC}]8;;never ended", "a 8;;never ended", id="an unfinished sequence hides nothing"),
            pytest.param("a\x00b\x08c\x7fd", "a b c d", id="control characters"),
            pytest.param("gnp.\u202eexe\u202c.txt", "gnp.exe.txt", id="marks that reverse the order"),
            pytest.param("\u2066a\u2069\u200bb\ufeffc\u00add", "abcd", id="invisible marks"),
            pytest.param("a\U000e0041b", "ab", id="tags that nobody sees"),
            pytest.param("\u0646\u200c\u0645 👩\u200d🔬", "\u0646\u200c\u0645 👩\u200d🔬", id="joiners"),
            pytest.param("half \ud83d of one", "half \ufffd of one", id="what no log can encode"),
            pytest.param(None, "", id="nothing"),
            pytest.param({"a": "b\nc"}, "{'a': 'b\\nc'}", id="an object instead of a string"),
        ],
    )  # fmt: skip
    def test_shows_one_safe_line(self, said: object, shown: str) -> None:
        assert plain(said) == shown
        plain(said).encode()

    @pytest.mark.parametrize(
        "said, limit, shown",
        [("a" * 6, 6, "aaaaaa"), ("abcdefg", 6, "abcde…"), ("a" * 500, None, "a" * 500), ("a  b  c", 5, "a b c")],
    )
    def test_is_cut_after_it_was_cleaned(self, said: str, limit: int | None, shown: str) -> None:
        assert plain(said, limit) == shown

    def test_keeps_both_ends_since_the_cause_is_at_the_end(self) -> None:
        shown = plain("begin " + "x" * 1_000_000 + " end", 40, middle=True)
        assert (shown.startswith("begin x"), shown.endswith("x end"), len(shown)) == (True, True, 40)

    @pytest.mark.parametrize(
        "piece", ["\x9d", "\x9d" + "a" * 50, f"{ESC}]", "\x9b", "\u202e", "\ud800", f"{ESC}[1;1;1"]
    )
    def test_a_hostile_text_of_megabytes_costs_little(self, piece: str) -> None:
        begun = time.process_time()
        plain(piece * (4_000_000 // len(piece)))
        assert time.process_time() - begun < 0.5


class TestMarkdown:
    @pytest.mark.parametrize(
        "said, shown",
        [
            ("[click](https://evil.example)", r"\[click\](https://evil.example)"),
            ("*bold* _it_ `code` <b> ~x~ a|b # c \\", r"\*bold\* \_it\_ \`code\` \<b\> \~x\~ a\|b \# c \\"),
            ("@channel", "@\u200bchannel"),
            ("<!channel>", "\\<\u200b!channel\\>"),
            ("a\n# heading", r"a \# heading"),
        ],
    )
    def test_shows_signs_of_markup_as_they_are_and_calls_nobody(self, said: str, shown: str) -> None:
        assert markdown(said) == shown

    def test_a_link_leads_to_the_web_only(self) -> None:
        assert markdown_link("a]b", "https://a.example/(1)") == r"[a\]b](https://a.example/%281%29)"
        assert markdown_link("a", "javascript:alert(1)") == "a"

    @pytest.mark.parametrize(
        "url",
        ["https://a.example/b?c=d#e", "http://127.0.0.1:8080/", "https://[::1]/", "HTTPS://A.example/é"],
    )
    def test_an_address_of_the_web_is_kept_as_it_is(self, url: str) -> None:
        assert web_link(url) == url

    @pytest.mark.parametrize(
        "url",
        [
            *("javascript:alert(1)", "data:text/html,x", "ftp://a.example/", "//a.example/", "/path", "", "https://"),
            *("https://user@a.example/", "https://a.example/ b", "https://a.example/\n", "https://a\\@b.example/"),
            *("https://a.example/\u202e", "https://a.example:port/", "https://[a/", None, 7, {"href": "https://a.example"}),
        ],
    )  # fmt: skip
    def test_anything_else_is_no_link(self, url: object) -> None:
        assert web_link(url) is None
