"""What files of sources say: fields, defaults, environments, folders."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.portal.as_code.files.reader import Files, read
from airflow_provider_harvest.portal.as_code.model import (
    Acceptance,
    Cron,
    Declaration,
    DeclaredSource,
    InvalidDeclaration,
    Unscheduled,
    Window,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ID = "6b03fbe5f66a892d7cfe18b4"


class TestASource:
    def test_says_nothing_that_its_file_does_not(self, one: Callable[..., DeclaredSource]) -> None:
        assert one() == DeclaredSource("one", "sources.yaml:3", {"url": "https://one.example"})

    @pytest.mark.parametrize(
        "line, field, value",
        [
            ("name: ' One '", "name", "One"),
            ("name: yes", "name", "yes"),
            ("backend: ckan", "backend", "ckan"),
            ("description: 'a '", "description", "a "),
            ("active: false", "active", False),
            ("autoarchive: true", "autoarchive", True),
            ("config: {}", "config", {}),
            ("config: {features: [x]}", "config", {"features": {"x": True}}),
        ],
    )
    def test_has_fields(self, one: Callable[..., DeclaredSource], line: str, field: str, value: Any) -> None:
        assert one(line).fields[field] == value

    @pytest.mark.parametrize(
        "line, schedule",
        [
            ("schedule: 0  4 * * 1-5", Cron("0 4 * * 1-5")),
            ("schedule: never", Unscheduled()),
            ("schedule: {window: 00:00-05:00}", Window(0, 300)),
            ("schedule: {window: 22:00-05:00, days: mon-fri}", Window(1320, 300, "mon-fri")),
            ("schedule: {window: 00:00-24:00}", Window(0, 1440)),
            ("schedule:", None),
        ],
    )
    def test_has_a_schedule(self, one: Callable[..., DeclaredSource], line: str, schedule: Any) -> None:
        assert one(line).schedule == schedule

    @pytest.mark.parametrize(
        "line, validation",
        [
            ("validation: accepted", Acceptance()),
            ("validation: {state: accepted, comment: Fine.}", Acceptance("Fine.")),
            ("validation: null", None),
        ],
    )
    def test_may_be_accepted(self, one: Callable[..., DeclaredSource], line: str, validation: Any) -> None:
        assert one(line).validation == validation

    def test_belongs_to_somebody(self, one: Callable[..., DeclaredSource]) -> None:
        assert one("organization: my-org").organization == "my-org"
        assert one(f"owner: {ID}").owner == ID

    def test_has_ids_as_the_portal_writes_them(self, one: Callable[..., DeclaredSource]) -> None:
        assert one(f"organization: {ID.upper()}").organization == one(f"owner: {ID.upper()}").owner == ID
        assert one(f"id: {ID.upper()}").portal_id == ID
        assert one("organization: My-Org").organization == "My-Org"

    def test_knows_the_line_of_what_it_says(self, one: Callable[..., DeclaredSource]) -> None:
        source = one("name: One", above="defaults:\n  active: true\n")
        assert (source.line_of("name"), source.line_of("active")) == ("sources.yaml:7", "sources.yaml:3")
        assert source.line_of("backend") == source.where == "sources.yaml:5"


class TestDefaults:
    DEFAULTS = "defaults:\n  backend: ckan\n  organization: my-org\n  config: {filters: {tags: a}, features: [f]}\n"

    def test_hold_where_a_source_says_nothing(self, one: Callable[..., DeclaredSource]) -> None:
        source = one(above=self.DEFAULTS)
        assert (source.fields["backend"], source.organization) == ("ckan", "my-org")

    def test_yield_to_what_a_source_says(self, one: Callable[..., DeclaredSource]) -> None:
        assert one("backend: dcat", above=self.DEFAULTS).fields["backend"] == "dcat"

    def test_are_taken_back_by_null(self, one: Callable[..., DeclaredSource]) -> None:
        source = one("backend: null", "organization:", above=self.DEFAULTS)
        assert "backend" not in source.fields
        assert source.organization is None

    def test_yield_section_by_section_in_config(self, one: Callable[..., DeclaredSource]) -> None:
        source = one("config: {filters: {tags: b}}", above=self.DEFAULTS)
        assert source.fields["config"] == {"filters": [{"key": "tags", "value": "b"}], "features": {"f": True}}

    def test_do_not_give_an_organization_to_a_source_of_a_user(self, one: Callable[..., DeclaredSource]) -> None:
        source = one(f"owner: {ID}", above=self.DEFAULTS)
        assert (source.owner, source.organization) == (ID, None)


class TestEnvironments:
    TEXT = f"""
version: 1
environments:
  demo:
    portal: demo.example
    defaults: {{schedule: never, organization: demo-org}}
  production: {{portal: https://www.example}}
defaults: {{organization: my-org}}
sources:
  one:
    url: https://one.example
    environments:
      demo: {{id: {ID}, active: false}}
  two:
    url: https://two.example
    schedule: 0 4 * * *
    environments: {{demo: {{schedule: 0 5 * * *}}}}
  three:
    url: https://three.example
    environments: {{demo: absent}}
"""

    def test_differ_inside_a_source(self, said: Callable[..., Declaration]) -> None:
        one, _, two = said(self.TEXT, "production").sources
        assert (one.portal_id, "active" in one.fields, one.organization, one.schedule) == (None, False, "my-org", None)
        assert two.schedule == Cron("0 4 * * *")
        one, two = said(self.TEXT, "demo").sources
        assert (one.portal_id, one.fields["active"], one.organization) == (ID, False, "demo-org")
        assert (one.schedule, two.schedule) == (Unscheduled(), Cron("0 5 * * *"))

    def test_a_source_may_be_absent_from_one(self, said: Callable[..., Declaration]) -> None:
        assert [source.key for source in said(self.TEXT, "demo").sources] == ["one", "two"]

    def test_have_a_portal_each(self, said: Callable[..., Declaration]) -> None:
        assert said(self.TEXT, "demo").portal == "https://demo.example"
        assert said(self.TEXT, "production").portal == "https://www.example"

    def test_must_be_chosen_among_several(self, said: Callable[..., Declaration]) -> None:
        with pytest.raises(InvalidDeclaration, match="demo, production: name one of them"):
            said(self.TEXT)

    def test_must_be_known(self, said: Callable[..., Declaration]) -> None:
        with pytest.raises(InvalidDeclaration, match="do not define the environment 'prod': they define demo, "):
            said(self.TEXT, "prod")

    def test_need_no_name_where_there_is_one(self, said: Callable[..., Declaration]) -> None:
        assert said("version: 1\nenvironments: {demo: }\n").environment == "demo"

    def test_are_listed(self, tmp_path: Path) -> None:
        path = tmp_path / "sources.yaml"
        path.write_text(self.TEXT)
        assert Files.load(path).environments == ("demo", "production")


class TestAFolder:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        (tmp_path / "portal.yaml").write_text(
            "version: 1\nportal: https://www.example\nmanaged_by: us\ndefaults: {backend: dcat, active: true}\n"
        )
        (tmp_path / "north").mkdir()
        (tmp_path / "north" / "a.yaml").write_text(
            "version: 1\ndefaults: {backend: ckan}\nsources:\n  z: {url: https://z.example}\n"
        )
        (tmp_path / "south.yml").write_text("version: 1\nsources:\n  a: {url: https://a.example}\n")
        (tmp_path / ".hidden.yaml").write_text("nothing: here")
        (tmp_path / "README.md").write_text("# Ours")
        return tmp_path

    def test_is_read_as_one(self, folder: Path) -> None:
        declaration = read(folder)
        assert [(source.key, source.where) for source in declaration.sources] == [
            ("a", "south.yml:3"),
            ("z", "north/a.yaml:4"),
        ]
        assert (declaration.portal, declaration.managed_by) == ("https://www.example", "us")

    def test_has_defaults_for_all_and_for_each_file(self, folder: Path) -> None:
        south, north = read(folder).sources
        assert south.fields == {"url": "https://a.example", "backend": "dcat", "active": True}
        assert north.fields == {"url": "https://z.example", "backend": "ckan", "active": True}

    def test_says_portal_wide_things_once(self, folder: Path) -> None:
        (folder / "south.yml").write_text("version: 1\nmanaged_by: them\n")
        with pytest.raises(InvalidDeclaration, match=r"south.yml:2: managed_by applies to all files: put it"):
            read(folder)

    def test_has_each_key_once(self, folder: Path) -> None:
        (folder / "south.yml").write_text("version: 1\nsources:\n  z: {url: https://a.example}\n")
        with pytest.raises(InvalidDeclaration, match=r"south.yml:3: z: the key is already used at north/a.yaml:4"):
            read(folder)

    def test_leaves_out_what_is_hidden(self, folder: Path) -> None:
        (folder / ".git").mkdir()
        (folder / ".git" / "config.yaml").write_text("nothing: here")
        assert [source.key for source in read(folder).sources] == ["a", "z"]

    def test_that_cannot_be_read_whole_is_refused(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Its sources would count as taken out of the files, and be deleted with prune."""
        self.break_reading(monkeypatch, folder / "north", PermissionError(13, "Permission denied", "north"))
        with pytest.raises(InvalidDeclaration, match="The folder north cannot be read: Permission denied"):
            read(folder)

    def test_that_went_while_its_parent_was_read_is_left_out(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.break_reading(monkeypatch, folder / "north", FileNotFoundError(2, "No such file or directory", "north"))
        assert [source.key for source in read(folder).sources] == ["a"]

    @staticmethod
    def break_reading(monkeypatch: pytest.MonkeyPatch, broken: Path, error: OSError) -> None:
        scandir = os.scandir

        def refuse(path: str) -> object:
            if os.fspath(path) == os.fspath(broken):
                raise error
            return scandir(path)

        monkeypatch.setattr(os, "scandir", refuse)

    def test_must_hold_files(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidDeclaration, match="holds no file"):
            read(tmp_path)
        with pytest.raises(InvalidDeclaration, match="There is no file or folder"):
            read(tmp_path / "nowhere")
