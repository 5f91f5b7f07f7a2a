"""A person who approves a plan sees all that an apply writes: no differing field, and no difference, is left out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from airflow_provider_harvest.portal.as_code import ownership_marker
from airflow_provider_harvest.portal.as_code.plan import render
from airflow_provider_harvest.portal.as_code.plan.excerpts import change as changed
from airflow_provider_harvest.portal.as_code.plan.planned_changes import Change, Plan
from airflow_provider_harvest.portal.as_code.plan.values import leaves, normal
from airflow_provider_harvest.portal.text.untrusted import plain
from tests.support.declared_sources import declared, planned
from tests.support.examples import examples
from tests.support.fake_portal.managed import ManagedPortal

SAME_IN_A_LOG = [
    pytest.param("a  b", "a b", r'"a\u0020\u0020b" -> "a b"', id="two blanks"),
    pytest.param("a\u00a0b", "a b", r'"a\u00a0b" -> "a b"', id="a blank of another kind"),
    pytest.param("a\u200bb", "ab", r'"a\u200bb" -> "ab"', id="an invisible character"),
    pytest.param(["a  b"], ["a b"], r'["a\u0020\u0020b"] -> ["a b"]', id="in a list"),
    pytest.param("x " * 99 + " b", "x " * 99 + "b", None, id="in a long text"),
]


@pytest.mark.parametrize("before, after, told", SAME_IN_A_LOG)
def test_difference_that_a_log_would_hide_is_spelled_out(before: Any, after: Any, told: str | None) -> None:
    assert told in (None, changed(before, after))
    for limit in (None, 200):
        one, other = plain(changed(before, after, limit), None).split(" -> ")
        assert one != other
        assert len(one) < 700


def test_new_source_shows_what_is_off_empty_or_nothing() -> None:
    portal = ManagedPortal()
    portal.state.backend_fields = {
        **portal.state.backend_fields,
        "features": [{"key": "GeoDCAT", "type": "boolean", "default": True}],
    }
    config = {
        "features": {"GeoDCAT": False},
        "extra_configs": [{"key": "remote_url_prefix", "value": ""}],
        "limit": 0,
        "free": None,
    }
    text = render.text(planned(portal, declared(config=config)))
    for shown in ("config.features.GeoDCAT false", 'config.remote_url_prefix ""', "config.limit 0", "config.free"):
        assert shown in text


LEAVES: list[tuple[str, dict[str, Any], dict[str, Any], list[str]]] = [
    ("null", {}, {"x": None}, ["config.x"]),
    ("one entry with a list, and two entries", {"filters": [{"key": "a", "value": ["x", "y"]}]},
     {"filters": [{"key": "a", "value": "x"}, {"key": "a", "value": "y"}]}, ["config.filters.a"]),
    ("what reads alike next to what does not", {"y": 1}, {"x": None, "y": 2}, ["config.x", "config.y"]),
    ("entry without a value", {"filters": [{"key": "a"}]}, {"filters": [{"key": "a", "value": None}]},
     ["config.filters.a"]),
]  # fmt: skip


@pytest.mark.parametrize("before, after, paths", [case[1:] for case in LEAVES], ids=[case[0] for case in LEAVES])
def test_every_place_of_a_config_that_differs(before: dict[str, Any], after: dict[str, Any], paths: list[str]) -> None:
    found = list(leaves("config", before, after))
    assert [path for path, _, _ in found] == paths
    assert all(changed(old, new).split(" -> ")[0] != changed(old, new).split(" -> ")[1] for _, old, new in found)


texts = st.text(st.sampled_from("ab \n\t\u00a0\u200b\u0430A"), max_size=6)
scalars = st.one_of(st.none(), st.booleans(), st.integers(0, 2), texts)
entries = st.fixed_dictionaries(
    {"key": st.sampled_from(["tags", "x"])},
    optional={
        "value": st.one_of(scalars, st.lists(scalars, max_size=2)),
        "type": st.sampled_from(["include", "exclude"]),
    },
)
configs = st.fixed_dictionaries(
    {},
    optional={
        "filters": st.lists(entries, max_size=3),
        "extra_configs": st.lists(entries, max_size=2),
        "features": st.dictionaries(st.sampled_from(["x", "y"]), st.booleans(), max_size=2),
        "x": scalars,
        "tags": st.lists(scalars, max_size=2),
    },
)
markers = st.sampled_from([None, ("us", "town"), ("us", "other")])
descriptions = st.tuples(texts, markers).map(
    lambda said: ownership_marker.join(said[0], *said[1]) if said[1] else said[0]
)
#: What a field may be before, and what a plan may want of it.
FIELDS: dict[str, tuple[st.SearchStrategy[Any], st.SearchStrategy[Any]]] = {
    "name": (texts, texts),
    "url": (texts, texts),
    "backend": (texts, texts),
    # A marker is never taken off: it stays if the files stop using one.
    "description": (
        descriptions,
        st.tuples(texts, st.just(("us", "town"))).map(lambda s: ownership_marker.join(s[0], *s[1])),
    ),
    "config": (configs, configs),
    "active": (st.booleans(), st.booleans()),
    "autoarchive": (st.booleans(), st.booleans()),
    "schedule": (st.one_of(st.none(), texts), st.one_of(st.none(), texts)),
}


@examples(300)
@given(st.sampled_from(sorted(FIELDS)).flatmap(lambda name: st.tuples(st.just(name), *FIELDS[name])), st.booleans())
def test_every_field_that_differs_is_an_entry(field: tuple[str, Any, Any], is_brief: bool) -> None:
    name, before, after = field[0], normal(field[0], field[1]), normal(field[0], field[2])
    found = Change("town", "", "Town", source_id="5f" + "0" * 22, seen={name: before}, wanted={name: after})
    assume(found.differing)
    plan = Plan("https://portal.example", changes=(found,))

    shown = render.markdown(plan) if is_brief else render.text(plan)

    entries = [line.strip() for line in shown.splitlines()[2:] if line.strip() and "town" in line]
    assert entries, shown
    for entry in entries:
        one, arrow, other = entry.partition(" -> ")
        assert not arrow or not one.endswith(other.rpartition(": town")[0]), entry
