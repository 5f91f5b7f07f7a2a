"""The file that an export writes: readable, the same each time, without secrets, and empty when it is planned."""

from __future__ import annotations

import random
import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.as_code.export import as_file, export_sources
from airflow_provider_harvest.portal.as_code.files.config import shorten
from airflow_provider_harvest.portal.as_code.files.reader import read
from airflow_provider_harvest.portal.as_code.files.yaml_document import parse, write
from airflow_provider_harvest.portal.as_code.plan.make_plan import make_plan
from airflow_provider_harvest.portal.http.unreadable_entries import UnreadableEntry
from airflow_provider_harvest.portal.models import HarvestBackend, HarvestRef, HarvestSource, HarvestValidation
from tests.support.examples import examples
from tests.support.fake_portal.managed import ManagedPortal
from tests.support.fake_portal.state import ORGANIZATION

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from airflow_provider_harvest.portal.client import HarvestClient
    from tests.support.fake_portal.server import Door

SITE = "https://www.example"
BACKENDS = ManagedPortal().list_backends()
SECRET = "hunter2hunter2"


def source(number: int, **fields: Any) -> HarvestSource:
    """An accepted, active source of an organization."""
    values: dict[str, Any] = {
        "name": f"Source {number}",
        "url": f"https://geo.example/{number}",
        "backend": "dcat",
        "active": True,
        "autoarchive": True,
        "validation": HarvestValidation("accepted"),
        "organization": HarvestRef("5e00000000000000000000a1", slug="north"),
        "created_at": datetime(2026, 1, number, tzinfo=timezone.utc),
        "schedule": f"{number} 4 * * *",
    }
    return HarvestSource(id=f"5f{number:022x}", **{**values, **fields})


def test_reads_like_a_file_that_a_person_wrote() -> None:
    prefix = {"extra_configs": [{"key": "remote_url_prefix", "value": "https://geo.example/#/"}]}
    exported = as_file(
        [
            source(3, config=prefix, description="Two\nlines", validation=HarvestValidation("pending")),
            source(2, config=prefix),
            source(1, config=prefix, active=False, schedule=None),
        ],
        BACKENDS,
        SITE,
    )
    assert exported.left_out == ()
    assert exported.text == (
        """\
version: 1
portal: https://www.example
defaults:
  backend: dcat
  config:
    extra_configs:
      remote_url_prefix: https://geo.example/#/
  organization: north
  active: true
  autoarchive: true
  validation: accepted
sources:
  source-1:
    name: Source 1
    url: https://geo.example/1
    active: false
    schedule: never
    id: 5f0000000000000000000001

  source-2:
    name: Source 2
    url: https://geo.example/2
    schedule: 2 4 * * *
    id: 5f0000000000000000000002

  source-3:
    name: Source 3
    url: https://geo.example/3
    description: |-
      Two
      lines
    schedule: 3 4 * * *
    id: 5f0000000000000000000003
    validation: null
"""
    )


def test_of_nothing_is_a_file_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "sources.yaml"
    path.write_text(as_file([], BACKENDS, SITE).text)
    assert read(path).sources == ()


def test_does_not_depend_on_the_order_of_the_portals_answer() -> None:
    sources = [source(number, name="Same") for number in range(1, 10)]
    shuffled = random.Random(1).sample(sources, len(sources))
    assert as_file(shuffled, BACKENDS, SITE).text == as_file(sources, BACKENDS, SITE).text


def test_puts_ids_under_an_environment() -> None:
    value = parse(as_file([source(1)], BACKENDS, SITE, "demo").text, "x").value
    assert value["environments"] == {"demo": {"portal": SITE}}
    assert value["sources"]["source-1"]["environments"] == {"demo": {"id": source(1).id}}


def test_leaves_portal_and_ids_out_for_another_portal() -> None:
    text = as_file([source(1)], BACKENDS, None).text
    assert SITE not in text
    assert source(1).id not in text


def test_takes_the_keys_of_markers() -> None:
    marked = source(1, description="Text\n\n[managed as code: us/ddt-01]")
    value = parse(as_file([marked], BACKENDS, SITE).text, "x").value
    assert value["managed_by"] == "us"
    assert value["sources"]["ddt-01"]["description"] == "Text"


@pytest.mark.parametrize(
    "name, key",
    [
        ("Géo-IDE DDT 01", "geo-ide-ddt-01"),
        ("  ", "source"),
        ("数据", "source"),
        ("2024", "2024"),
        ("x" * 200, "x" * 80),
    ],
)
def test_makes_keys_of_names(name: str, key: str) -> None:
    exported = as_file([source(1, name=name)], BACKENDS, SITE)
    assert list(parse(exported.text, "x").value["sources"]) == [key]


LEFT_OUT = {
    "a password in the URL": ({"url": f"https://me:{SECRET}@geo.example/"}, "url: "),
    "a token in the URL": ({"url": f"https://geo.example/?token={SECRET}"}, "url: "),
    "a secret in the description": ({"description": f"https://geo.example/?api_key={SECRET}"}, "description: "),
    "a backend that is off": ({"backend": "gone"}, "backend: "),
    "a setting that the backend does not know": (
        {"config": {"filters": [{"key": "unknown", "value": "x"}]}},
        "config: config.filters[0] has the key 'unknown'",
    ),
    "a schedule that is no cron": ({"schedule": "every 6 hours"}, "schedule: "),
    "a name without letters": ({"name": "///"}, "name: "),
}


@pytest.mark.parametrize("fields, told", LEFT_OUT.values(), ids=LEFT_OUT.keys())
def test_leaves_out_what_no_file_may_hold(tmp_path: Path, fields: dict[str, Any], told: str) -> None:
    exported = as_file([source(1), source(2), source(3, **fields)], BACKENDS, SITE)
    assert len(exported.left_out) == 1
    assert told in exported.left_out[0]
    assert exported.text.startswith("# Left out: ")
    assert SECRET not in exported.text
    path = tmp_path / "sources.yaml"
    path.write_text(exported.text)
    (own,) = (declared for declared in read(path).sources if declared.portal_id == source(3).id)
    assert next(iter(fields)) not in {**own.fields, **({"schedule": 1} if own.schedule else {})}


@pytest.mark.parametrize("name", ["Pass", "Token", "Jeton", "API key", "Mots de passe", "Pass 2: abcdefgh"])
@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"backend": "oldie"}, id="backend"),
        pytest.param({"backend": "token=abcdefgh"}, id="backend that looks like a secret"),
        pytest.param({"schedule": "a b c d e"}, id="schedule"),
        pytest.param({"url": f"https://me:{SECRET}@geo.example/"}, id="url"),
        pytest.param({"config": {"apikey": SECRET}}, id="config"),
        pytest.param({"description": f"See # password: {SECRET}"}, id="description that a reader takes for a comment"),
        pytest.param({"description": f"See\n# password: {SECRET}\nand more"}, id="the same in its second line"),
    ],
)
@pytest.mark.parametrize("site", [SITE, None])
def test_can_be_read_whatever_a_source_is_called(
    tmp_path: Path, name: str, fields: dict[str, Any], site: str | None
) -> None:
    broken = UnreadableEntry(1, {"id": "5f" + "a" * 22, "name": f"{name}: {SECRET}", "url": f"{name}: abcdefghi"})
    exported = as_file([source(1, **{"name": name, **fields}), source(2)], BACKENDS, site, unreadable=[broken])
    path = tmp_path / "sources.yaml"
    path.write_text(exported.text)
    assert len(read(path).sources) == exported.count
    assert len(exported.left_out) > 1
    assert exported.text.count("# Left out: ") == len(exported.left_out)


CONFIGS_WITH_SECRETS = [
    pytest.param({"apikey": SECRET}, {}, id="at its top"),
    pytest.param(
        {"filters": [{"key": "organization", "value": "north"}], "apikey": SECRET},
        {"filters": [{"key": "organization", "value": "north"}]},
        id="next to filters",
    ),
    pytest.param(
        {"extra_configs": [{"key": "remote_url_prefix", "value": "x"}, {"key": "apikey", "value": SECRET}]},
        {"extra_configs": [{"key": "remote_url_prefix", "value": "x"}]},
        id="an entry of a list",
    ),
    pytest.param({"free": {"kept": 1, "link": f"https://me:{SECRET}@geo.example/"}}, {"free": {"kept": 1}}, id="deep"),
]


@pytest.mark.parametrize("config, kept", CONFIGS_WITH_SECRETS)
@pytest.mark.parametrize("site", [SITE, None], ids=["with ids", "for another portal"])
def test_drops_the_secret_of_a_config_and_nothing_else(
    tmp_path: Path, config: dict[str, Any], kept: dict[str, Any], site: str | None
) -> None:
    exported = as_file([source(1, config=config)], BACKENDS, site)
    path = tmp_path / "sources.yaml"
    path.write_text(exported.text)
    (own,) = read(path).sources
    assert SECRET not in exported.text
    assert (own.fields["config"], own.incomplete) == (kept, ("config",))


def test_copy_that_lacks_something_is_created_inactive_and_stays_so(tmp_path: Path) -> None:
    """Switched on, it would harvest without the filters that its config held."""
    first = ManagedPortal()
    first.add(name="Towns", config={"apikey": SECRET}, validation=HarvestValidation("accepted"), schedule="5 4 * * *")
    path = tmp_path / "sources.yaml"
    path.write_text(export_sources(first, with_ids=False).text)
    assert make_plan(first, read(path)).is_clean

    plan = make_plan(ManagedPortal(), read(path))

    [change] = plan.changes
    assert change.wanted["active"] is False
    assert [note for note in plan.notes if "towns is created inactive" in note and "lack its config" in note]
    inactive = ManagedPortal()
    inactive.add(name="Towns", active=False, validation=HarvestValidation("accepted"), schedule="5 4 * * *")
    assert make_plan(inactive, read(path)).changes == ()
    path.write_text(re.sub(r"\n +incomplete:(\n +- \w+)+", "", path.read_text()))
    assert make_plan(inactive, read(path)).changes[0].wanted["active"] is True


def test_leaves_a_source_out_that_could_not_be_found_again() -> None:
    exported = as_file([source(1, url="nowhere"), source(2)], BACKENDS, None)
    assert exported.count == 1
    assert "the whole source" in exported.left_out[-1]


def test_refuses_two_owners() -> None:
    with pytest.raises(HarvestInvalidInput, match="give one of them"):
        export_sources(ManagedPortal(), "north", "5e0000000000000000000002")


# --- whatever a portal holds ---------------------------------------------------------------------------------------

LINES = st.text(max_size=8) | st.sampled_from(["yes", "null", "12:30", "1e3", "# x", "- x", "a: b", "'", "\u2028", "é"])
CONFIGS = st.fixed_dictionaries(
    {},
    optional={
        "filters": st.lists(
            st.fixed_dictionaries(
                {"key": st.sampled_from(["organization", "tags"]), "value": LINES},
                optional={"type": st.sampled_from(["include", "exclude"])},
            ),
            max_size=3,
        ),
        "extra_configs": st.lists(
            st.fixed_dictionaries({"key": st.just("remote_url_prefix"), "value": LINES}), max_size=2
        ),
        "free": st.none() | LINES | st.lists(st.integers() | st.booleans(), max_size=2),
    },
)


@st.composite
def portals(draw: st.DrawFn) -> ManagedPortal:
    portal = ManagedPortal()
    for _ in range(draw(st.integers(0, 5))):
        portal.add(
            name=draw(st.sampled_from(["Towns", "Villages"]) | LINES.map(lambda text: f"x{text}")),
            description=draw(st.none() | LINES | LINES.map(lambda text: f"{text}\n{text}")),
            config=draw(st.just({}) | CONFIGS),
            backend=draw(st.sampled_from(["dcat", "ckan"])),
            active=draw(st.booleans()),
            autoarchive=draw(st.booleans()),
            organization=draw(st.sampled_from(["north", "south", None])),
            schedule=draw(st.sampled_from([None, "0 0 * * *", "5  4 * * 1-5", "every hour"])),
            validation=HarvestValidation(draw(st.sampled_from(["accepted", "pending", "refused"]))),
        )
    return portal


@examples(150)
@given(portals(), st.sampled_from([None, "demo"]), st.booleans())
def test_a_plan_right_after_an_export_is_empty(
    tmp_path_factory: pytest.TempPathFactory, portal: ManagedPortal, environment: str | None, with_ids: bool
) -> None:
    exported = export_sources(portal, environment=environment, with_ids=with_ids)
    path = tmp_path_factory.mktemp("export") / "sources.yaml"
    path.write_text(exported.text, encoding="utf-8")
    plan = make_plan(portal, read(path))
    assert plan.changes == ()
    assert plan.conflicts == ()
    assert plan.unchanged == exported.count


@pytest.mark.parametrize("below", ["By hand", "\n\nBy hand", "\r\nBy hand\r\n"])
def test_plan_after_an_export_is_empty_if_a_person_wrote_below_the_marker(tmp_path: Path, below: str) -> None:
    portal = ManagedPortal()
    portal.add(name="Town", organization="north", description=f"Text\n\n[managed as code: us/town]\n{below}")
    path = tmp_path / "sources.yaml"
    path.write_text(export_sources(portal).text, encoding="utf-8")
    declaration = read(path)
    assert declaration.managed_by == "us"
    assert make_plan(portal, declaration).is_clean


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | LINES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(LINES, inner, max_size=3),
    max_leaves=8,
)


@examples(200)
@given(JSON)
def test_what_is_written_as_yaml_is_read_back(value: Any) -> None:
    assert parse(write({"value": value}), "x").value == {"value": value}


@examples(50)
@given(CONFIGS)
def test_a_short_configuration_survives_yaml(config: dict[str, Any]) -> None:
    short = shorten(config)
    assert parse(write({"config": short}), "x").value["config"] == short


# --- at scale -------------------------------------------------------------------------------------------------------


@pytest.fixture
def crowded(newest: Door) -> Door:
    """A portal with two pages of sources of an organization."""
    for number in range(600):
        newest.portal.add_source(f"Source {number}", owner=None, organization=dict(ORGANIZATION), schedule="0 4 * * *")
    return newest


def test_plan_of_an_export_is_empty_and_takes_three_requests(
    crowded: Door, client_of: Callable[..., HarvestClient], tmp_path: Path
) -> None:
    def requests_of(work: Callable[[], Any]) -> tuple[Any, list[str]]:
        crowded.requests.clear()
        return work(), [request.path for request in crowded.requests]

    client = client_of(crowded)
    exported, asked = requests_of(lambda: export_sources(client))
    assert (exported.count, exported.left_out) == (600, ())
    assert asked == ["/harvest/sources/", "/harvest/sources/", "/harvest/backends/"]
    path = tmp_path / "sources.yaml"
    path.write_text(exported.text)

    plan, asked = requests_of(lambda: make_plan(client, read(path)))

    assert (plan.is_clean, plan.unchanged) == (True, 600)
    assert asked == ["/me/", "/harvest/sources/", "/harvest/sources/"]


def test_a_backend_without_features_is_no_obstacle() -> None:
    off = HarvestBackend("dcat", "DCAT")
    assert as_file([source(1, config={"features": {}})], [off], SITE).left_out == ()


def test_hold_of_the_guard_is_not_exported() -> None:
    line = "[harvest guard: {} on 2026-11-26T05:00:00+00:00, 3 records last seen before 2026-11-26T04:00:00+00:00]"
    held = source(1, autoarchive=False, description="Data.\n\n" + line.format("autoarchive held"))
    accepted = source(2, description="[managed as code: town/two]\n\n" + line.format("loss accepted"))
    owners_choice = source(3, autoarchive=False, description="Data.")
    text = as_file([held, accepted, owners_choice], BACKENDS, SITE).text
    written = yaml.safe_load(text)["sources"]
    assert "harvest guard" not in str(written)
    assert written["source-1"]["description"] == "Data."
    assert "autoarchive" not in written["source-1"]  # true, as the defaults say
    assert "description" not in written["two"]
    assert written["source-3"]["autoarchive"] is False
