"""Errors that mean the same are one group; the corpus is of real udata runs, of each failure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from airflow_provider_harvest.portal.outcome.hints import HINTS, NOBODY, PORTAL, PRODUCER
from airflow_provider_harvest.portal.reporting.error_groups import MAX_GROUPS, UNKNOWN, ErrorGroups, fingerprint

#: Messages of udata 17.18.0, 16.6.1, 13.0.0 and 9.2.4, with the number of items and jobs that said them.
CORPUS = json.loads(Path(__file__).with_name("udata_messages.json").read_text())


def test_twelve_groups_cover_95_percent_of_what_real_releases_say() -> None:
    groups = ErrorGroups()
    for entry in CORPUS:
        for _ in range(entry["count"]):
            groups.add(entry["message"])
    largest = [group.count for group in groups.result()]
    assert {entry["release"] for entry in CORPUS} == {"17.18.0", "16.6.1", "13.0.0", "9.2.4"}
    assert sum(largest[:12]) >= 0.95 * sum(largest)
    assert sum(largest) == sum(entry["count"] for entry in CORPUS)


@pytest.mark.parametrize(
    "one, other",
    [
        ("Record 12 is broken", "Record 7,541 is broken"),
        ("Cannot write 'Trees of A'", "Cannot write 'Lakes of B'"),
        ("See https://a.example/1?x=2 now", "See http://b.example/ now"),
        ("Lost 6b07db37f2096c6b67e284c1 again", "Lost 6b07dbc79cbd7e80365e4ca7 again"),
        ("Duplicate key “trees”", "Duplicate key “lakes”"),
        ("File /data/a.xml not found", "File /srv/b/c.xml not found"),
        ("Retries exceeded with url: /x (timed out)", "Retries exceeded with url: /y/z?page=2 (timed out)"),
        ("Seen on 2026-11-26 only", "Seen on 2025-01-01T10:00:00Z only"),
        ("No user a@b.example here", "No user c.d@e.example here"),
        ("No such licence: cc-by", "No such licence: odbl"),
    ],
)
def test_messages_that_differ_in_a_value_are_one_group(one: str, other: str) -> None:
    assert fingerprint(one) == fingerprint(other)


def test_messages_of_different_words_are_two_groups() -> None:
    assert fingerprint("The title is empty") != fingerprint("The licence is empty")
    assert fingerprint("No closing </title> and/or </name>") != fingerprint("No closing </licence> and/or </name>")


@pytest.mark.parametrize(
    "message, who",
    [
        ("missing identifier", PRODUCER),
        ("Item has another owner: 6b07dbc79cbd7e80365e4ca7", PORTAL),
        ("503 Server Error: Service Unavailable for url: http://x", NOBODY),
        ("something that nobody has seen before", UNKNOWN),
    ],
)
def test_a_group_says_who_must_act(message: str, who: str) -> None:
    groups = ErrorGroups()
    groups.add(message)
    assert [group.who for group in groups.result()] == [who]


def test_every_hint_has_a_name_of_its_own() -> None:
    names = [hint.name for hint in HINTS]
    assert all(names)
    assert len(set(names)) == len(names)


def test_a_group_has_three_examples_and_only_links_that_can_be_followed() -> None:
    groups = ErrorGroups()
    for number in range(5):
        groups.add(
            "missing title",
            f"id-{number}",
            "A\x1b[31m title\u202e",
            "javascript:alert(1)" if number else "http://x.example/",
        )
    (group,) = groups.result()
    assert group.count == 5
    assert [example["remote_id"] for example in group.examples] == ["id-0", "id-1", "id-2"]
    assert [example["url"] for example in group.examples] == ["http://x.example/", None, None]
    assert group.examples[0]["title"] == "A title"


def test_a_catalogue_of_a_thousand_different_messages_does_not_fill_the_memory() -> None:
    groups = ErrorGroups()
    for number in range(1000):
        groups.add("x" + "".join(chr(97 + int(digit)) for digit in str(number)))
    assert len(groups.result()) == MAX_GROUPS + 1
    assert sum(group.count for group in groups.result()) == 1000
