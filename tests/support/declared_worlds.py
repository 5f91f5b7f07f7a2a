"""Strategies for sources as code: portals with sources, and files that describe them; for tests of properties."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from airflow_provider_harvest.portal.as_code import ownership_marker
from airflow_provider_harvest.portal.as_code.model import (
    Acceptance,
    Cron,
    Declaration,
    DeclaredSource,
    Unscheduled,
    Window,
)
from airflow_provider_harvest.portal.models import HarvestValidation
from tests.support.fake_portal.managed import ADMIN, ORGANIZATIONS, ManagedPortal

KEYS = [f"key-{letter}" for letter in "abcdef"]
URLS = [f"https://{host}.example/{path}" for host in ("one", "two") for path in ("a.xml", "b.xml", "c.xml")]
CRONS = ["0 0 * * *", "15 3 * * *", "30 1 * * 1"]
CONFIGS: list[dict[str, Any]] = [
    {},
    {"filters": [{"key": "tags", "value": "x"}, {"key": "organization", "value": "y", "type": "exclude"}]},
    {"extra_configs": [{"key": "remote_url_prefix", "value": "https://prefix.example/"}]},
]
SCHEDULES = [None, Unscheduled(), Window(60, 300), Window(23 * 60, 60, "mon-fri"), *(Cron(text) for text in CRONS)]
VALIDATIONS = [None, Acceptance(), Acceptance("Seen")]

# Made once: to make one takes longer than to draw from it.
names = st.sampled_from(["Towns", "Villages"])
urls = st.sampled_from(URLS)
backends = st.sampled_from(["dcat", "ckan"])
configs = st.sampled_from(CONFIGS)
owners_in_files = st.sampled_from(["north", "south", ORGANIZATIONS["north"], "unknown", ADMIN, None])
schedules = st.sampled_from(SCHEDULES)
validations = st.sampled_from(VALIDATIONS)
organizations = st.sampled_from(["north", "south", None])
marks = st.sampled_from([None, None, "us", "them"])
marked_keys = st.sampled_from([*KEYS, "gone"])
texts = st.sampled_from([None, "Text"])
states = st.sampled_from(["pending", "accepted", "refused"])
crons = st.sampled_from([None, *CRONS])
managers = st.sampled_from([None, "us"])
lists_of_keys = st.lists(st.sampled_from(KEYS), unique=True)

maybe_fields = st.fixed_dictionaries(
    {},
    optional={
        "description": st.sampled_from(["", "Text", "Two\nlines"]),
        "config": configs,
        "active": st.booleans(),
        "autoarchive": st.booleans(),
    },
)


@st.composite
def declared_sources(draw: st.DrawFn, key: str) -> DeclaredSource:
    """A source that a file may describe; urls come from few, so that some are the same."""
    fields = {
        "name": draw(names),
        "url": draw(urls),
        "backend": draw(backends),
        **draw(maybe_fields),
    }
    whose = draw(owners_in_files)
    is_user = whose == ADMIN
    return DeclaredSource(
        key=key,
        where=f"sources.yaml:{KEYS.index(key) + 1}",
        fields=fields,
        organization=None if is_user else whose,
        owner=whose if is_user else None,
        schedule=draw(schedules),
        validation=draw(validations),
    )


@st.composite
def portals(draw: st.DrawFn) -> ManagedPortal:
    """A portal with some sources, marked or not; its urls are those of the files."""
    portal = ManagedPortal()
    for _ in range(draw(st.integers(0, 6))):
        organization = draw(organizations)
        key, manager = draw(marked_keys), draw(marks)
        mark = manager and (manager, key if manager == "us" else "key-a")
        text = draw(texts)
        portal.add(
            name=draw(names),
            url=draw(urls),
            backend=draw(backends),
            description=ownership_marker.join(text, *mark) if mark else text,
            config=draw(configs),
            active=draw(st.booleans()),
            autoarchive=draw(st.booleans()),
            organization=organization,
            validation=HarvestValidation(draw(states)),
            schedule=draw(crons),
        )
    return portal


@st.composite
def files_for(draw: st.DrawFn, portal: ManagedPortal) -> Declaration:
    """A file, in which some sources give the id of one of the portal's."""
    keys = draw(lists_of_keys)
    sources = [draw(declared_sources(key)) for key in keys]
    ids = sorted(portal.sources)
    sources = [
        replace(source, portal_id=draw(st.sampled_from(ids))) if ids and draw(st.integers(0, 4)) == 0 else source
        for source in sources
    ]
    ordered = tuple(sorted(sources, key=lambda source: source.key))
    return Declaration(ordered, managed_by=draw(managers))


@st.composite
def worlds(draw: st.DrawFn) -> tuple[ManagedPortal, Declaration]:
    """A portal, and a file for it."""
    portal = draw(portals())
    return portal, draw(files_for(portal))


@st.composite
def managed_worlds(draw: st.DrawFn) -> tuple[ManagedPortal, Declaration]:
    """A portal all of whose sources carry the files' marker, and files with a mistake here and there."""
    portal = ManagedPortal()
    for _ in range(draw(st.integers(1, 5))):
        text = ownership_marker.join(None, "us", draw(marked_keys))
        portal.add(name=draw(names), url=draw(urls), organization=draw(organizations), description=text)
    return portal, replace(draw(files_for(portal)), managed_by="us")
