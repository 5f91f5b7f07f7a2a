"""The guard's line in a description: read as it was written, and nothing else taken for it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from airflow_provider_harvest.portal.sources.guard_note import NOTE_ACCEPTED, NOTE_HELD, Note, join, split
from tests.support.fake_portal.harvested import JOB_BEGAN, NOW


class TestNote:
    @pytest.mark.parametrize("text", [None, "Data of the town.", "Two\nlines", "Ends with a break\n"])
    @pytest.mark.parametrize("state", [NOTE_HELD, NOTE_ACCEPTED])
    def test_is_read_as_it_was_written_and_leaves_the_description_alone(self, text: str | None, state: str) -> None:
        note = Note(state, NOW, 1234, JOB_BEGAN)
        assert split(join(text, note)) == (text, note)

    @pytest.mark.parametrize("more", ["", "\r\nMore.", "\r\n", "\nMore.", "  \nMore."])
    def test_survives_an_editor_that_changes_line_breaks_or_adds_text(self, more: str) -> None:
        note = Note(NOTE_HELD, NOW, 10, JOB_BEGAN)
        text, read = split(str(join("Data of the town.", note)).replace("\n", "\r\n") + more)
        assert read == note
        assert text == f"Data of the town.{more.strip(' ')}"
        again = Note(NOTE_ACCEPTED, NOW, 10, JOB_BEGAN)
        assert split(join(text, again)) == (text, again)

    def test_of_a_copied_description_counts_once(self) -> None:
        older, newer = Note(NOTE_HELD, NOW - timedelta(days=3), 10, JOB_BEGAN), Note(NOTE_HELD, NOW, 20, JOB_BEGAN)
        for first, second in ((older, newer), (newer, older)):
            assert split(join(join("Data of the town.", first), second)) == ("Data of the town.", newer)

    @pytest.mark.parametrize(
        "description",
        [
            None,
            "",
            "[harvest guard: autoarchive held]",
            "[harvest guard: autoarchive held on yesterday, 3 records last seen before today]",
            "[harvest guard: autoarchive held on 2026-11-26T05:00:00, 3 records last seen before 2026-11-26T04:00:00]",
            "[managed as code: town/first]",
        ],
        ids=["none", "empty", "cut short", "no times", "times without a zone", "another line"],
    )
    def test_what_the_guard_did_not_write_stays(self, description: str | None) -> None:
        assert split(description) == (description or None, None)
