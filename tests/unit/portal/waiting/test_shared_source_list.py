"""What the portal's list leaves behind from one reading to the next."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.portal.http.unreadable_entries import UnreadableEntry
from airflow_provider_harvest.portal.waiting.shared_source_list import Listing
from tests.support.fake_portal.scripted import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest


class Entry(dict[str, Any]):
    """A dict whose end can be noticed."""


class Client:
    """Returns new objects for each reading, as JSON does."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.status = "initialized"
        self.answered: list[weakref.ref[Entry]] = []

    def portal_now(self) -> float:
        return self.clock.now()

    def iter_last_jobs(self, *, counters: bool, owners: bool = False) -> Iterator[dict[str, Any]]:
        entry = Entry(id="s", active=True, deleted=None, last_job={"id": "j", "status": self.status})
        self.answered.append(weakref.ref(entry))
        yield entry


class ClientWithABrokenSource:
    """Finds out by many requests which source has no owner any more, and only if owners are requested."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.ids = ["a", "broken", "c"]
        self.searches = self.reads = 0

    def portal_now(self) -> float:
        return self.clock.now()

    def iter_last_jobs(
        self, *, counters: bool, owners: bool = False, on_unreadable: Any = None
    ) -> Iterator[dict[str, Any]]:
        self.reads += 1
        self.searches += owners
        for place, ident in enumerate(self.ids, start=1):
            entry = {"id": ident, "active": True, "last_job": None}
            if not owners:
                yield entry
            elif ident == "broken":
                on_unreadable(UnreadableEntry(place, {"id": ident}))
            else:
                yield {**entry, "name": ident.upper(), "organization": {"id": f"org-{ident}"}}


def test_a_source_that_makes_the_list_fail_is_not_searched_for_in_each_round(caplog: pytest.LogCaptureFixture) -> None:
    client = ClientWithABrokenSource()
    listing = Listing(client)  # type: ignore[arg-type]
    for _ in range(120):
        listing.read(None, owners=True)
        client.clock.advance(60)
    assert client.searches == 2
    assert [(one.id, one.name, one.organization_id) for one in listing.sources.values()] == [
        ("a", "A", "org-a"), ("broken", None, None), ("c", "C", "org-c"),
    ]  # fmt: skip
    assert len(caplog.messages) == 1


def test_a_new_source_next_to_a_broken_one_is_read_with_its_owner() -> None:
    client = ClientWithABrokenSource()
    listing = Listing(client)  # type: ignore[arg-type]
    listing.read(None, owners=True)
    client.ids.insert(0, "new")
    listing.read(None, owners=True)
    assert listing.sources["new"].organization_id == "org-new"
    assert (client.searches, client.reads) == (2, 3)


def test_what_is_the_same_as_before_leaves_no_new_objects() -> None:
    client = Client()
    listing = Listing(client)  # type: ignore[arg-type]
    listing.read(None)
    first = listing.sources["s"]
    listing.read(None)
    assert listing.sources["s"] is first
    assert [answered() is not None for answered in client.answered] == [True, False]


def test_what_has_changed_takes_the_place_of_what_was_known() -> None:
    client = Client()
    listing = Listing(client)  # type: ignore[arg-type]
    listing.read(None)
    client.status = "done"
    listing.read(None)
    job = listing.sources["s"].last_job
    assert job is not None
    assert job.status == "done"
    assert [answered() is not None for answered in client.answered] == [False, True]
