"""Creating, changing and deleting sources twice, and against portals whose responses are lost, late or errors."""

from __future__ import annotations

import logging
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.exceptions import (
    HarvestAuthError,
    HarvestError,
    HarvestInvalidInput,
    HarvestNotFound,
    HarvestRequestRejected,
    HarvestServerError,
    HarvestSourceNotRunnable,
    HarvestUnavailable,
)
from airflow_provider_harvest.portal.client import HarvestClient
from airflow_provider_harvest.portal.http.unreadable_entries import UnreadableEntry
from airflow_provider_harvest.portal.sources.guard_note import NOTE_HELD, Note, is_held, join, split
from airflow_provider_harvest.portal.sources.writes import ensure_deleted, ensure_fields, ensure_source
from tests.support.fake_portal.response_faults import CARRIED_OUT, NOT_CARRIED_OUT, Reply, Reset, Step, html
from tests.support.fake_portal.scripted import T0, FakeClock, instant
from tests.support.fake_portal.server import Always, Door, InProcess
from tests.support.fake_portal.state import KEY, ORGANIZATION, USER

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.models import HarvestSource

SOURCES = "/harvest/sources/"
UNKNOWN_ID = "5f00000000000000000000ff"
TOWN: dict[str, Any] = {"name": "Town", "url": "https://town.example/catalog.xml", "backend": "dcat"}


class TestCreate:
    @pytest.mark.parametrize("generation", "ABCD")
    @pytest.mark.parametrize(
        "whose",
        [
            pytest.param({}, id="the key's user"),
            pytest.param({"organization": ORGANIZATION["slug"]}, id="organization by slug"),
            pytest.param({"organization": ORGANIZATION["id"]}, id="organization by id"),
            pytest.param({"organization": ORGANIZATION["id"].upper()}, id="organization by id in upper case"),
            pytest.param({"owner_id": USER["id"]}, id="a user by id"),
            pytest.param({"owner_id": USER["id"].upper()}, id="a user by id in upper case"),
        ],
    )
    def test_twice_creates_once(self, generation: str, whose: dict[str, Any]) -> None:
        with InProcess(generation) as server, HarvestClient(server.url, KEY) as client:
            first, created = ensure_source(client, **TOWN, **whose)
            second, created_again = ensure_source(
                client, **{**TOWN, "name": "Another", "url": f" {TOWN['url']} "}, **whose
            )
        assert (created, created_again) == (True, False)
        assert second == first
        assert server.count("POST") == 1

    def test_what_is_left_out_is_sent_as_true_or_empty(self, server: Door, client: HarvestClient) -> None:
        ensure_source(client, **TOWN)
        body = next(request.body for request in server.requests if request.method == "POST")
        assert body == {**TOWN, "description": None, "config": {}, "active": True, "autoarchive": True}

    @pytest.mark.parametrize("step", CARRIED_OUT.values(), ids=CARRIED_OUT)
    def test_lost_answer_to_a_creation_is_looked_up(self, server: Door, client: HarvestClient, step: Step) -> None:
        server.script("POST", SOURCES, step)
        source, created = ensure_source(client, **TOWN)
        assert created
        assert [source.id] == list(server.portal.sources)
        assert server.count("POST") == 1

    @pytest.mark.parametrize("step, error", NOT_CARRIED_OUT.values(), ids=NOT_CARRIED_OUT)
    def test_creation_that_was_not_carried_out_is_left_to_a_retry(
        self, server: Door, client: HarvestClient, step: Step, error: type[HarvestError]
    ) -> None:
        server.script("POST", SOURCES, step)
        with pytest.raises(error):
            ensure_source(client, **TOWN)
        assert server.count("POST") == 1
        assert ensure_source(client, **TOWN)[1] is True
        assert len(server.portal.sources) == 1

    @pytest.mark.parametrize(
        "told, creates",
        [
            pytest.param({}, False, id="it does not say which one"),
            pytest.param({"url": TOWN["url"], "backend": "dcat"}, False, id="the same URL and backend"),
            pytest.param({"url": f"{TOWN['url']}/", "backend": "dcat"}, False, id="the same URL in other letters"),
            pytest.param({"url": TOWN["url"], "backend": "ckan"}, True, id="another backend"),
            pytest.param({"url": "https://other.example/", "backend": "dcat"}, True, id="another URL"),
        ],
    )
    def test_source_that_cannot_be_listed_may_be_the_one(
        self, server: Door, client: HarvestClient, told: dict[str, str], creates: bool
    ) -> None:
        read = client.iter_sources

        def with_broken(*args: Any, on_unreadable: Any = None, **how: Any) -> Any:
            on_unreadable(UnreadableEntry(4, told))
            return read(*args, **how)

        client.iter_sources = with_broken  # type: ignore[method-assign]
        if creates:
            assert ensure_source(client, **TOWN)[1] is True
            return
        with pytest.raises(HarvestServerError, match="It may be the source that harvests"):
            ensure_source(client, **TOWN)
        assert server.count("POST") == 0

    def test_creation_that_takes_effect_late_is_waited_for(self, server: Door) -> None:
        class SlowPortalClock(FakeClock):
            """The portal carries the request out during the second pause."""

            def sleep(self, seconds: float) -> None:
                super().sleep(seconds)
                if len(self.slept) == 2:
                    server.portal.add_source(**TOWN)

        server.script("POST", SOURCES, Reset())
        with HarvestClient(server.url, KEY, clock=SlowPortalClock()) as client:
            assert ensure_source(client, **TOWN)[1] is True
        assert server.count("POST") == 1

    @pytest.mark.parametrize(
        "step, error",
        [
            pytest.param(Reply(400, {"errors": {"url": "Bad"}}), HarvestRequestRejected, id="400"),
            pytest.param(Reply(401, {"message": "Expired API token"}), HarvestAuthError, id="401"),
            pytest.param(Reply(403, {"message": "No"}), HarvestAuthError, id="403"),
            pytest.param(Reply(423, {"message": "Read only"}), HarvestUnavailable, id="423"),
        ],
    )
    def test_refused_creation_is_not_looked_up(
        self, server: Door, client: HarvestClient, clock: FakeClock, step: Step, error: type[HarvestError]
    ) -> None:
        server.script("POST", SOURCES, Always(step))
        with pytest.raises(error):
            ensure_source(client, **TOWN)
        assert server.count("POST") == 1
        assert server.count("GET", SOURCES) == 1
        assert clock.slept == []

    @pytest.mark.parametrize(
        "payload, told",
        [
            pytest.param(Reply(403, {"message": "No"}), True, id="403"),
            pytest.param(Reply(401, {"message": "Revoked API token"}), False, id="401 is another matter"),
            pytest.param(Reply(400, {"errors": {"organization": ["Permission denied"]}}), True, id="400 of 17.3"),
            pytest.param(Reply(400, {"errors": {"organization": "Permission denied"}}), True, id="400 of 17.4"),
            pytest.param(Reply(400, {"errors": {"url": "Bad"}}), False, id="400 for another reason"),
            pytest.param(Reply(400, "Bad request"), False, id="400 without JSON"),
        ],
    )
    def test_lack_of_a_right_says_who_has_it(
        self, server: Door, client: HarvestClient, payload: Step, told: bool
    ) -> None:
        server.script("POST", SOURCES, payload)
        with pytest.raises(HarvestError) as refusal:
            ensure_source(client, **TOWN)
        assert ("by one of its admins" in str(refusal.value)) is told

    def test_of_several_the_oldest_is_taken_and_all_are_named(
        self, server: Door, client: HarvestClient, caplog: pytest.LogCaptureFixture
    ) -> None:
        ids = [server.portal.add_source(**TOWN) for _ in range(3)]
        source, created = ensure_source(client, **TOWN)
        assert (source.id, created) == (ids[0], False)
        assert f"3 sources of the same owner harvest {TOWN['url']}: {', '.join(ids)}." in caplog.text

    def test_existing_one_is_returned_as_it_is_and_differences_are_reported(
        self, server: Door, client: HarvestClient, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        server.portal.add_source(**{**TOWN, "name": "Old"})
        source, _ = ensure_source(client, **TOWN, description="New")
        assert source.name == "Old"
        assert "differs in name, description" in caplog.text

    def test_existing_one_is_updated_only_in_what_was_given(self, server: Door, client: HarvestClient) -> None:
        server.portal.add_source(**{**TOWN, "name": "Old", "description": "Kept", "active": False})
        source, created = ensure_source(client, **TOWN, if_exists="update")
        assert (source.name, source.description, source.active, created) == ("Town", "Kept", False, False)

    def test_existing_one_is_refused(self, server: Door, client: HarvestClient) -> None:
        ident = server.portal.add_source(**TOWN)
        with pytest.raises(HarvestInvalidInput, match=f"{ident}.* if_exists='fail'"):
            ensure_source(client, **TOWN, if_exists="fail")
        assert server.count("POST") == 0

    @pytest.mark.parametrize(
        "created_at, ours",
        [(T0 + 10, True), (T0, True), (T0 - 10, False)],
        ids=["after asking", "when asking", "before asking"],
    )
    def test_existing_one_that_an_earlier_try_created_is_no_other(
        self, server: Door, client: HarvestClient, clock: FakeClock, created_at: float, ours: bool
    ) -> None:
        server.portal.now = clock.now
        server.portal.add_source(**TOWN, created_at=instant(created_at).isoformat())
        clock.advance(60)
        if ours:
            assert ensure_source(client, **TOWN, if_exists="fail", asked_since=T0)[1] is True
        else:
            with pytest.raises(HarvestInvalidInput, match="if_exists='fail'"):
                ensure_source(client, **TOWN, if_exists="fail", asked_since=T0)
        assert server.count("POST") == 0

    def test_time_of_asking_is_set_against_the_portals_clock(
        self, server: Door, client: HarvestClient, clock: FakeClock
    ) -> None:
        server.portal.now = lambda: clock.now() - 3600  # its clock is an hour behind
        server.portal.add_source(**TOWN, created_at=instant(T0 - 3600 + 10).isoformat())
        clock.advance(60)
        assert ensure_source(client, **TOWN, if_exists="fail", asked_since=T0)[1] is True

    def test_portal_that_fails_while_looking_is_not_taken_for_an_empty_one(
        self, server: Door, client: HarvestClient
    ) -> None:
        server.portal.add_source(**TOWN)
        server.script("GET", SOURCES, Always(Reply(503)))
        with pytest.raises(HarvestServerError):
            ensure_source(client, **TOWN)
        assert server.count("POST") == 0

    @pytest.mark.parametrize(
        "given, words",
        [
            pytest.param({"name": None}, "name is missing", id="no name"),
            pytest.param({"url": None}, "url is missing", id="no url"),
            pytest.param({"backend": None}, "backend is missing", id="no backend"),
            pytest.param({"backend": "Dcat"}, "Did you mean 'dcat'", id="backend"),
            pytest.param({"description": 5}, "description must be a string", id="description"),
            pytest.param({"config": []}, "config must be a dict", id="config"),
            pytest.param({"config": {"apikey": "s3cr3t"}}, "config", id="secret in the config"),
            pytest.param({"active": 1}, "active must be", id="active"),
            pytest.param({"organization": "nobody"}, "no organization 'nobody'", id="organization"),
            pytest.param({"organization": UNKNOWN_ID}, f"no organization '{UNKNOWN_ID}'", id="organization by id"),
            pytest.param({"owner_id": "ada"}, "owner_id must be an id", id="owner by slug"),
            pytest.param({"owner_id": UNKNOWN_ID, "organization": ORGANIZATION["slug"]}, "both given", id="two owners"),
            pytest.param({"if_exists": "adopt"}, "if_exists must be one of", id="if_exists"),
        ],
    )
    def test_bad_input_writes_nothing(
        self, server: Door, client: HarvestClient, given: dict[str, Any], words: str
    ) -> None:
        with pytest.raises((HarvestInvalidInput, HarvestNotFound), match=words) as refusal:
            ensure_source(client, **{**TOWN, **given})
        assert server.portal.sources == {}
        assert "s3cr3t" not in str(refusal.value)


class TestUpdate:
    def test_only_what_changes_is_sent(self, server: Door, client: HarvestClient) -> None:
        source = client.get_source(server.portal.add_source(**TOWN))
        changed = ensure_fields(client, source, description="New", name=None)
        body = next(request.body for request in server.requests if request.method == "PUT")
        assert body == {"description": "New"}
        assert changed.description == "New"

    @pytest.mark.parametrize(
        "fields", [{}, {"name": None}, {"name": " Town "}, {"config": {}}, {"active": "true"}], ids=str
    )
    def test_nothing_is_written_without_a_change(
        self, server: Door, client: HarvestClient, fields: dict[str, Any]
    ) -> None:
        source = client.get_source(server.portal.add_source(**TOWN))
        assert ensure_fields(client, source, **fields) == source
        assert server.count("PUT") == 0

    @pytest.mark.parametrize("step", [Reset(), Reset(handled=True), Reply(502)], ids=["reset", "lost", "502"])
    def test_is_repeated_by_itself(self, server: Door, client: HarvestClient, step: Step) -> None:
        source = client.get_source(server.portal.add_source(**TOWN))
        server.script("PUT", "*", step)
        assert ensure_fields(client, source, name="City").name == "City"
        assert server.count("PUT") == 2

    def test_deleted_source_is_refused(self, server: Door, client: HarvestClient) -> None:
        ident = server.portal.add_source(**TOWN, deleted="2026-03-02T12:00:00+00:00")
        with pytest.raises(HarvestSourceNotRunnable, match="was deleted on 2026-03-02"):
            ensure_fields(client, client.get_source(ident), name="City")
        assert server.count("PUT") == 0

    def test_config_of_a_source_whose_backend_was_switched_off_is_left_to_the_portal(
        self, server: Door, client: HarvestClient
    ) -> None:
        source = client.get_source(server.portal.add_source(**{**TOWN, "backend": "ods"}))
        config = {"filters": [{"key": "tags", "value": "water"}]}
        assert ensure_fields(client, source, config=config).config == config

    def test_new_url_of_an_accepted_source_is_reported(
        self, server: Door, client: HarvestClient, caplog: pytest.LogCaptureFixture
    ) -> None:
        source = client.get_source(server.portal.add_source(**TOWN))
        ensure_fields(client, source, url="https://elsewhere.example/")
        assert "The source stays accepted" in caplog.text


class TestHeldByTheGuard:
    """A task that runs each night neither forgets a hold nor ends one: only a person does."""

    NOTE = Note(NOTE_HELD, datetime(2026, 11, 26, tzinfo=timezone.utc), 10, datetime(2026, 11, 25, tzinfo=timezone.utc))

    @pytest.fixture
    def held(self, server: Door, client: HarvestClient) -> HarvestSource:
        return client.get_source(
            server.portal.add_source(**TOWN, description=join("Old", self.NOTE), autoarchive=False)
        )

    @pytest.mark.parametrize("description", ["New", "", "Old", join("Copied", NOTE)])
    def test_its_line_stays_below_a_new_description(
        self, client: HarvestClient, held: HarvestSource, description: str
    ) -> None:
        changed = ensure_fields(client, held, description=description, name="City")
        assert changed.name == "City"
        assert split(changed.description) == (split(description)[0], self.NOTE)
        assert is_held(changed)

    def test_archiving_stays_off_and_that_is_said(
        self, client: HarvestClient, held: HarvestSource, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert is_held(ensure_fields(client, held, autoarchive=True))
        assert f"airflow-harvest guard release {held.id}" in caplog.text

    def test_creating_it_again_with_an_update_leaves_it_held(self, client: HarvestClient, held: HarvestSource) -> None:
        given = {**TOWN, "description": "New", "autoarchive": True, "if_exists": "update"}
        source, created = ensure_source(client, **given)
        assert (created, source.id, is_held(source)) == (False, held.id, True)

    def test_a_hold_whose_line_a_new_description_has_overwritten_is_named(
        self,
        server: Door,
        client: HarvestClient,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """The guard holds between the reading and the write."""
        source = client.get_source(server.portal.add_source(**TOWN, description="Old"))
        update = client.update_source

        def after_a_hold(source_id: str, **given: Any) -> HarvestSource:
            update(source_id, description=join("Old", self.NOTE), autoarchive=False)
            return update(source_id, **given)

        monkeypatch.setattr(client, "update_source", after_a_hold)
        ensure_fields(client, source, description="New")
        assert f"autoarchive of source {source.id} was switched off" in caplog.text

    def test_an_owner_may_switch_on_what_the_guard_does_not_hold(self, server: Door, client: HarvestClient) -> None:
        source = client.get_source(server.portal.add_source(**TOWN, autoarchive=False))
        assert ensure_fields(client, source, autoarchive=True).autoarchive is True


class TestDelete:
    def test_twice_deletes_once(self, server: Door, client: HarvestClient) -> None:
        ident = server.portal.add_source(**TOWN)
        first = ensure_deleted(client, ident)
        assert first is not None
        assert first.deleted is not None
        assert ensure_deleted(client, ident) == first
        assert server.count("DELETE") == 1

    @pytest.mark.parametrize("generation", "ABCD")
    def test_unknown_source_is_gone_already(self, generation: str) -> None:
        with InProcess(generation) as server, HarvestClient(server.url, KEY) as client:
            assert ensure_deleted(client, UNKNOWN_ID) is None
            with pytest.raises(HarvestNotFound):
                ensure_deleted(client, UNKNOWN_ID, missing_ok=False)
        assert server.count("DELETE") == 0

    @pytest.mark.parametrize("generation", "ABCD")
    def test_a_proxys_page_is_no_proof_that_it_is_gone(self, generation: str) -> None:
        with InProcess(generation) as server, HarvestClient(server.url, KEY) as client:
            ident = server.portal.add_source(**TOWN)
            server.script("GET", "/harvest/source/*", Always(html(404)))
            with pytest.raises(HarvestNotFound, match="not the API's own words"):
                ensure_deleted(client, ident)

    def test_deleted_source_is_missing(self, server: Door, client: HarvestClient) -> None:
        ident = server.portal.add_source(**TOWN, deleted="2026-03-02T12:00:00+00:00")
        with pytest.raises(HarvestNotFound, match=f"{ident}.* was deleted on 2026-03-02 already"):
            ensure_deleted(client, ident, missing_ok=False)

    def test_lost_answer_is_no_failure(self, server: Door, client: HarvestClient) -> None:
        ident = server.portal.add_source(**TOWN)
        server.script("DELETE", "*", Reset(handled=True))
        deleted = ensure_deleted(client, ident)
        assert deleted is not None
        assert deleted.deleted is not None

    @pytest.mark.parametrize("ident", ["", "None", "{{ params.id }}", f"/harvest/source/{UNKNOWN_ID}/"], ids=repr)
    def test_garbage_is_no_id(self, server: Door, client: HarvestClient, ident: str) -> None:
        with pytest.raises(HarvestInvalidInput):
            ensure_deleted(client, ident)
        assert server.requests == []
