"""What is said of files of sources that are wrong, or hold a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_harvest.portal.as_code.files import yaml_document
from airflow_provider_harvest.portal.as_code.files.reader import read
from airflow_provider_harvest.portal.as_code.model import Declaration, DeclaredSource, InvalidDeclaration

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ID = "6b03fbe5f66a892d7cfe18b4"
SECRET = "hunter2hunter2"


def source_lines(*lines: str) -> str:
    return "version: 1\nsources:\n  one:\n    url: https://one.example\n" + "".join(f"    {line}\n" for line in lines)


WRONG = {
    "no YAML": ("version: 1\nsources: [", ["sources.yaml:2: not valid YAML"]),
    "a cron that begins with a star": (
        source_lines("schedule: * 4 * * *"),
        ["sources.yaml:5: not valid YAML", "quotes"],
    ),
    "a key twice": (source_lines("name: a", "name: b"), ["sources.yaml:6: the key 'name' is there twice"]),
    "nothing": ("", ["sources.yaml: the file is empty", "version: 1"]),
    "no version": ("sources: {}", ["sources.yaml:1: the file lacks 'version'"]),
    "a later version": ("version: 2", ["sources.yaml:1: version must be 1"]),
    "a misspelt key": (
        source_lines("organisation: x"),
        ["sources.yaml:5: sources.one.organisation", "'organization'?"],
    ),
    "a number as name": (source_lines("name: 12"), ["sources.yaml:5: sources.one.name must be a string", "quotes"]),
    "a word as flag": (source_lines("active: yes"), ["sources.yaml:5: sources.one.active must be true or false"]),
    "a wrong cron": (source_lines("schedule: 61 4 * * *"), ["sources.yaml:5: one: schedule: ", "minute"]),
    "a window as string": (source_lines("schedule: 00:00-05:00"), ["sources.yaml:5: one: schedule: ", "{window:"]),
    "an empty window": (
        source_lines("schedule: {window: 01:00-01:00}"),
        ["sources.yaml:5: one: schedule: ", "no length"],
    ),
    "wrong days": (source_lines("schedule: {window: 01:00-02:00, days: 7}"), ["sources.yaml:5", "days must be"]),
    "a filter of another kind": (
        source_lines("config: {filters: [{key: a, value: b, type: exlude}]}"),
        ["sources.yaml:5: sources.one.config.filters[0].type must be include or exclude"],
    ),
    "a section that nobody reads": (
        source_lines("config: {filter: {a: b}}"),
        ["sources.yaml:5: one: config", "'filters'?"],
    ),
    "a name of signs": (source_lines("name: '///'"), ["sources.yaml:5: one: name must hold a letter"]),
    "an address of another scheme": (
        "version: 1\nsources: {one: {url: file:///x}}",
        ["sources.yaml:2: one: url must begin"],
    ),
    "neither url nor id": ("version: 1\nsources:\n  one: {name: x}", ["sources.yaml:3: one: url is missing"]),
    "two owners": (source_lines("organization: x", f"owner: {ID}"), ["sources.yaml:6: one: organization and owner"]),
    "an unknown environment": (
        source_lines("environments: {demo: absent}"),
        ["sources.yaml:5: one: the environment 'demo' is not at the top of sources.yaml: there are none"],
    ),
    "an id for all environments": (
        "version: 1\nenvironments: {demo: }\nsources:\n  one:\n    id: 6b03fbe5f66a892d7cfe18b4\n",
        ["sources.yaml:5: one: id differs from portal to portal"],
    ),
    "a portal without address": ("version: 1\nportal: ftp://x", ["sources.yaml:2: portal must be an address"]),
    "a tag": (source_lines("name: !env NAME"), ["sources.yaml:5: a tag"]),
    "a merge key": (source_lines("<<: {name: x}"), ["sources.yaml:5: merge keys"]),
}


class TestAWrongFile:
    @pytest.mark.parametrize("text, told", WRONG.values(), ids=WRONG.keys())
    def test_is_reported_with_file_line_and_key(
        self, said: Callable[..., Declaration], text: str, told: list[str]
    ) -> None:
        with pytest.raises(InvalidDeclaration) as caught:
            said(text)
        message = str(caught.value)
        assert all(part in message for part in told), message

    def test_is_reported_with_all_that_is_wrong(self, said: Callable[..., Declaration]) -> None:
        bad = "".join(f"  s{number}: {{url: nowhere}}\n" for number in range(30))
        with pytest.raises(InvalidDeclaration) as caught:
            said(f"version: 1\nsources:\n{bad}")
        assert len(caught.value.problems) == 30
        assert str(caught.value).endswith("... and 10 more.")

    def test_must_be_utf_8(self, tmp_path: Path) -> None:
        (tmp_path / "a.yaml").write_bytes(b"version: 1 # \xe9")
        with pytest.raises(InvalidDeclaration, match="UTF-8"):
            read(tmp_path / "a.yaml")

    def test_whose_aliases_multiply_is_not_followed(
        self, said: Callable[..., Declaration], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert yaml_document.MAX_VALUES <= 500_000  # which takes seconds to count
        monkeypatch.setattr(yaml_document, "MAX_VALUES", 10_000)
        levels = "".join(f"l{n + 1}: &l{n + 1} [{', '.join([f'*l{n}'] * 10)}]\n" for n in range(9))
        with pytest.raises(InvalidDeclaration, match="aliases expand to too many"):
            said(f"l0: &l0 [x]\n{levels}")


SECRETS = {
    "a password in a URL": "url: https://me:{}@one.example",
    "a token in a query": "url: https://one.example/?token={}",
    "a key in config": "config: {{apikey: {}}}",
    "a key in an entry": "config: {{extra_configs: [{{key: api_key, value: {}}}]}}",
    "a key in a short entry": "config: {{extra_configs: {{api-key: {}}}}}",
    "a password in a URL in config": "config: {{extra_configs: {{prefix: 'https://me:{}@x.example'}}}}",
    "a token in a description": "description: see https://one.example/?access_token={}",
    "a key under an unknown name": "api_key: {}",
    "a key of udata": "description: use udata_{}",
    "a signed token": "description: eyJhbGciOiJIUzUxMiJ9.eyJ1c2VyIjoiNmIwMyJ9.{}",
    "a key in a comment": "# api_key: {}",
    "a private key": "description: '-----BEGIN PRIVATE KEY----- {}'",
}


class TestSecrets:
    @pytest.mark.parametrize("line", SECRETS.values(), ids=SECRETS.keys())
    def test_are_refused_and_never_repeated(self, said: Callable[..., Declaration], line: str) -> None:
        secret = SECRET + "A" * 30
        text = f"version: 1\nsources:\n  one:\n    {line.format(secret)}\n"
        with pytest.raises(InvalidDeclaration) as caught:
            said(text)
        assert "sources.yaml:4: " in str(caught.value)
        assert "secret" in str(caught.value)
        assert SECRET not in str(caught.value)

    @pytest.mark.parametrize(
        "text",
        [
            f"version: 1\nsources: {{one: {{url: [{SECRET}, }}",
            f"version: 1\nsources: {{one: {{active: {SECRET}}}}}",
            f"version: 1\nsources: {{one: {{backend: [{SECRET}]}}}}",
            f"version: 1\nsources: {{one: {{url: '//{SECRET}'}}, two: *{SECRET}}}",
        ],
    )
    def test_are_not_repeated_by_other_sentences(self, said: Callable[..., Declaration], text: str) -> None:
        with pytest.raises(InvalidDeclaration) as caught:
            said(text)
        assert SECRET not in str(caught.value)

    @pytest.mark.parametrize(
        "line",
        [
            "description: Ask for a token at https://one.example/tokens",
            "config: {filters: {tags: password}}",
            "config: {extra_configs: {remote_url_prefix: 'https://x.example/catalog.search#/metadata/'}}",
            "name: Mots de passe # not a secret: a catalogue of them",
            "description: write to me@one.example",
        ],
    )
    def test_are_distinguished_from_words_about_them(self, one: Callable[..., DeclaredSource], line: str) -> None:
        assert one(line).key == "one"
