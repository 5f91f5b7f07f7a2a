"""What the portal's list leaves behind from one reading to the next."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.portal.waiting.source_list import Listing
from tests.support.scripted_portal import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator


class Entry(dict[str, Any]):
    """A dict whose end can be noticed."""


class Client:
    """Answers each reading with new objects, as JSON does."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.status = "initialized"
        self.answered: list[weakref.ref[Entry]] = []

    def portal_now(self) -> float:
        return self.clock.now()

    def iter_last_jobs(self, *, counters: bool, owners: bool) -> Iterator[dict[str, Any]]:
        entry = Entry(id="s", active=True, deleted=None, last_job={"id": "j", "status": self.status})
        self.answered.append(weakref.ref(entry))
        yield entry


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
