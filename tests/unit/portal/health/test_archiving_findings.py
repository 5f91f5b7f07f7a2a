"""What the health of a portal says of datasets that are about to be archived."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.exceptions import HarvestError, HarvestNotFound, HarvestServerError
from airflow_provider_harvest.portal.guard import survey as guard_survey
from airflow_provider_harvest.portal.guard.survey import examine
from airflow_provider_harvest.portal.health import archiving_findings, survey
from airflow_provider_harvest.portal.health.archiving_findings import as_before, troubles_of
from airflow_provider_harvest.portal.health.findings import (
    ALL_CHECKS,
    CHECKS,
    DATASETS_ARCHIVED,
    SHRUNK,
    VANISHING,
    Thresholds,
    chosen_checks,
)
from airflow_provider_harvest.portal.health.shrinkage import losses
from airflow_provider_harvest.portal.health.state import Items, Known, PassMemory, recall, remember
from airflow_provider_harvest.portal.models import HarvestJob, ItemCounts
from tests.support.fake_portal.harvested import JOB_BEGAN, NOW, YESTERDAY, HarvestedPortal
from tests.support.fake_portal.state import Response

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_harvest.portal.health.findings import HealthReport
    from airflow_provider_harvest.portal.models import HarvestSource


@pytest.mark.parametrize(
    "lost, kinds, start",
    [
        (1, [VANISHING], "the portal archives 1 dataset from 2026-12-03 on: 'Data "),
        (10, [SHRUNK, VANISHING], "the portal archives 10 datasets from 2026-12-03 on: 'Data "),
    ],
)
def test_loss_is_found_by_sets_and_with_its_day(lost: int, kinds: list[str], start: str) -> None:
    portal = HarvestedPortal()
    portal.add_harvested(lost=lost)
    (case,) = examine(portal).cases
    troubles = list(troubles_of(case, ALL_CHECKS, PassMemory()))
    assert [trouble.kind for trouble in troubles] == kinds
    assert troubles[-1].detail.startswith(start)
    for check in (SHRUNK, VANISHING):
        found = [trouble.kind for trouble in troubles_of(case, (check,), PassMemory())]
        assert found == [kind for kind in kinds if kind == check]


@contextmanager
def broken_records(monkeypatch: pytest.MonkeyPatch, portal: HarvestedPortal, source: HarvestSource) -> Iterator[None]:
    """Let the records of the organization of a source be unreadable meanwhile."""
    answer, owner = portal.answer, source.organization.id  # type: ignore[union-attr]

    def answering(name: str, method: str, path: str, query: dict[str, str], *rest: Any) -> Response:
        if name == "list_datasets" and query.get("organization") in (None, owner):
            return Response(500, {"message": "Broken."})
        return answer(name, method, path, query, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(portal, "answer", answering)
        yield


class TestFromPassToPass:
    """A loss that lasts is one finding: new once, and from one day on, whatever the passes in between read."""

    @pytest.fixture
    def portal(self) -> HarvestedPortal:
        return HarvestedPortal()

    def look(self, portal: HarvestedPortal, before: HealthReport | None = None, **options: Any) -> HealthReport:
        portal.clock.sleep(3600)
        state = None if before is None else json.loads(json.dumps(before.state))
        return survey.examine(portal, previous=state, **{"checks": ALL_CHECKS, **options})

    def found(self, report: HealthReport) -> dict[str, tuple[bool, str, str]]:
        by_sets = [finding for finding in report.findings if finding.kind in (SHRUNK, VANISHING)]
        return {finding.kind: (finding.is_new, str(finding.since), finding.detail) for finding in by_sets}

    def harvest(self, portal: HarvestedPortal, source: HarvestSource) -> None:
        portal.harvest_again(source, datetime.fromtimestamp(portal.clock.now() + 60, tz=timezone.utc))

    def test_is_new_once(self, portal: HarvestedPortal) -> None:
        sources = [portal.add_harvested(lost=20, kept=100), portal.add_harvested()]
        first = report = self.look(portal)
        assert {kind: is_new for kind, (is_new, *_) in self.found(first).items()} == {SHRUNK: True, VANISHING: True}
        as_known = {kind: (False, *rest) for kind, (_, *rest) in self.found(first).items()}
        for harvested in (None, 1, None, None, 0):
            if harvested is not None:
                self.harvest(portal, sources[harvested])
            report = self.look(portal, report)
            assert self.found(report) == as_known

    def test_ends_with_the_loss(self, portal: HarvestedPortal) -> None:
        source = portal.add_harvested(lost=20, kept=100)
        report = self.look(portal, self.look(portal))
        portal.records = [record for record in portal.records if "-kept-" in record.key]
        self.harvest(portal, source)
        assert self.found(self.look(portal, report)) == {}

    def test_lasts_over_a_pass_that_cannot_compare(
        self, portal: HarvestedPortal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        source = portal.add_harvested(lost=20, kept=100, organization="north")
        other = portal.add_harvested(organization="south")
        first = self.look(portal)
        self.harvest(portal, other)
        with broken_records(monkeypatch, portal, source):
            second = self.look(portal, first)
        assert "Not compared: 1 of the organization" in str(second.incomplete)
        self.harvest(portal, other)
        for report in (second, self.look(portal, second)):
            assert {kind: is_new for kind, (is_new, *_) in self.found(report).items()} == {
                SHRUNK: False,
                VANISHING: False,
            }

    def test_is_found_by_the_next_pass_if_one_could_not_compare(
        self, portal: HarvestedPortal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Although nothing is harvested in between: else a pass would call well what nobody has compared."""
        compared: list[tuple[str, ...] | None] = []

        def noting(*args: Any, since: float | None, again: tuple[str, ...], **options: Any) -> Any:
            compared.append(None if since is None else again)
            return examine(*args, since=since, again=again, **options)

        monkeypatch.setattr(guard_survey, "examine", noting)
        source = portal.add_harvested(kept=100, organization="north")
        portal.add_harvested(organization="south")
        report = self.look(portal)
        portal.harvest_again(source, datetime.fromtimestamp(portal.clock.now() + 60, tz=timezone.utc), missed=30)
        with broken_records(monkeypatch, portal, source):
            report = self.look(portal, self.look(portal, report))
        assert (self.found(report), str(report.incomplete)[:13]) == ({}, "Not compared:")
        report = self.look(portal, report, checks=CHECKS)
        for _ in range(2):
            report = self.look(portal, report)
            assert (set(self.found(report)), report.incomplete) == ({SHRUNK, VANISHING}, None)
        assert compared == [None, None, (source.id,), (source.id,)]  # all; all; what could not be; that, and it could

    def test_does_not_hide_a_loss_that_the_counters_show(self) -> None:
        known = Known(JOB_BEGAN, "10 of 40 records are missing")
        memory = PassMemory(at=YESTERDAY, open={SHRUNK: {"a": known}}, items={"a": Items(30, 0)})
        job = HarvestJob("b", "done", created=NOW, ended=NOW, counts=ItemCounts(total=3, done=3))
        [trouble] = losses("a", [job], Thresholds(), memory, NOW)
        assert trouble.detail == "the last harvest found 3 items, of 30 before"
        assert (trouble.since, trouble.baseline) == (JOB_BEGAN, 30)

    def test_is_not_reported_once_its_check_is_not_made(self) -> None:
        memory = PassMemory(open={kind: {"a": Known(JOB_BEGAN, "lost")} for kind in (SHRUNK, VANISHING)})
        assert [trouble.kind for trouble in as_before("a", (VANISHING,), memory)] == [VANISHING]

    def test_found_by_counters_is_judged_by_them_again(self) -> None:
        memory = PassMemory(open={SHRUNK: {"a": Known(JOB_BEGAN, baseline=30)}})
        assert list(as_before("a", ALL_CHECKS, memory)) == []


def test_it_is_checked_only_if_it_was_requested() -> None:
    assert VANISHING not in chosen_checks(None)
    assert chosen_checks("vanishing,failing") == ("failing", VANISHING)
    assert set(ALL_CHECKS) == {*CHECKS, VANISHING}


class TestArchivedBySets:
    """Twelve records were archived since the previous harvest, and as many came back: the counters are as before."""

    @pytest.mark.parametrize(
        "items, before, room, found",
        [
            pytest.param(Items(24, 12), Items(18, 12), 10, 12, id="the catalogue has grown"),
            pytest.param(Items(18, 12), None, 10, 12, id="the previous pass had no counters"),
            pytest.param(Items(18, 12), Items(18, 12), 10, None, id="counters as before: not read"),
            pytest.param(Items(30, 0), Items(18, 12), 10, None, id="nothing archived: not read"),
            pytest.param(None, Items(18, 12), 10, None, id="no counters: not read"),
            pytest.param(Items(24, 1), Items(18, 12), 10, 0, id="one archived: read"),
            pytest.param(Items(24, 12), Items(18, 12), 10, 0, id="the same were archived before"),
            pytest.param(Items(24, 12), Items(18, 12), 2, None, id="no room for requests: not read"),
        ],
    )
    @pytest.mark.parametrize("is_counted", [True, False], ids=["counted in the list", "counted in the job"])
    def test_is_read_where_it_may_hide(
        self,
        monkeypatch: pytest.MonkeyPatch,
        items: Items | None,
        before: Items | None,
        room: int,
        found: int | None,
        is_counted: bool,
    ) -> None:
        portal = HarvestedPortal()
        source = portal.add_harvested()
        counts = ItemCounts(total=36, done=24, archived=12) if is_counted else None
        job = replace(source.last_job, counts=counts)  # type: ignore[type-var]
        read: list[ItemCounts] = []

        def read_changes(_: object, __: str, job: HarvestJob, *___: object, **____: object) -> Any:
            read.append(job.counts)  # type: ignore[arg-type]
            return {"newly_archived": found} if found else None, set()

        monkeypatch.setattr(archiving_findings, "read_changes", read_changes)
        memory = PassMemory(at=YESTERDAY, items={} if before is None else {source.id: before})
        seen = archiving_findings.Foreseen()
        seen.read_archived(
            portal,
            memory,
            {} if items is None else {source.id: items},
            {source.id: job},  # type: ignore[dict-item]
            [source.id],
            Thresholds(),
            room=room,
        )
        troubles = seen.troubles.get(source.id, [])
        assert (len(read), seen.requests) == ((0, 0) if found is None else (1, 3 if is_counted else 4))
        assert portal.count("list_jobs") == (0 if found is None or is_counted else 1)
        assert all(counted is not None for counted in read)
        assert [trouble.kind for trouble in troubles] == ([DATASETS_ARCHIVED] if found else [])
        left_out = "what was archived of 1 source, since max_detail_requests leaves no room for it; "
        left_out += "the next pass begins with that."
        assert seen.not_compared == ([left_out] if room < 3 else [])
        assert all(f"archived {found} datasets" in trouble.detail and trouble.baseline == 0 for trouble in troubles)

    def test_what_a_pass_leaves_out_is_read_by_the_next_ones_first(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each pass has room for one source; a source that cannot be read waits behind the others, one gone for good
        is not read again."""
        portal = HarvestedPortal()
        sources = [portal.add_harvested() for _ in range(4)]
        counts = ItemCounts(total=36, done=24, archived=12)
        jobs = {source.id: replace(source.last_job, counts=counts) for source in sources}  # type: ignore[type-var]
        jobs["no items"] = jobs[sources[0].id]
        items = {ident: Items(24, 12) for ident in ("no job", *(source.id for source in sources))}
        errors: dict[str, HarvestError] = {
            sources[0].id: HarvestServerError("Away.", status_code=500),
            sources[1].id: HarvestNotFound("Gone.", status_code=404),
        }
        read: list[str] = []

        def read_changes(_: object, source_id: str, *__: object, **___: object) -> tuple[dict[str, int], set[str]]:
            read.append(source_id)
            if source_id in errors:
                raise errors.pop(source_id)
            return {"newly_archived": 12}, set()

        monkeypatch.setattr(archiving_findings, "read_changes", read_changes)
        memory, ended, not_compared = PassMemory(at=YESTERDAY, left_out=("no job", "no items")), jobs, []
        for _ in range(6):
            seen = archiving_findings.Foreseen()
            seen.read_archived(portal, memory, items, jobs, ended, Thresholds(), room=3)  # type: ignore[arg-type]
            not_compared += [sentence for sentence in seen.not_compared if sentence.startswith("the jobs of source")]
            state = remember("p", "all", NOW, PassMemory(NOW, items=items, left_out=tuple(seen.left_out)))
            (memory, _), ended = recall(json.loads(json.dumps(state)), "p", "all"), {}
        a, b, c, d = (source.id for source in sources)
        assert (read, memory.left_out) == ([a, b, c, d, a], ())
        assert not_compared == [f"the jobs of source {a}: Away.", f"the jobs of source {b}: Gone."]

    def test_is_part_of_a_pass_as_far_as_its_requests_reach(self, monkeypatch: pytest.MonkeyPatch) -> None:
        portal = HarvestedPortal()
        source = portal.add_harvested()

        def look(before: Any, **options: Any) -> Any:
            portal.clock.sleep(3600)
            state = None if before is None else json.loads(json.dumps(before.state))
            return survey.examine(portal, previous=state, checks=(VANISHING, DATASETS_ARCHIVED), **options)

        monkeypatch.setattr(archiving_findings, "read_changes", lambda *_, **__: ({"newly_archived": 12}, set()))
        items = [{"remote_id": str(n), "status": "archived" if n < 12 else "done"} for n in range(36)]
        portal.change_job(source, items=items[:30])
        first = look(None)
        portal.harvest_again(source, datetime.fromtimestamp(portal.clock.now() + 60, tz=timezone.utc))
        portal.change_job(source, items=items)
        second = look(first, max_detail_requests=2)
        third = look(second)
        assert [report.ids(DATASETS_ARCHIVED) for report in (first, second, third)] == [[], [], [source.id]]
        assert (second.incomplete is None, third.incomplete, third.detail_requests) == (False, None, 3)


@pytest.mark.parametrize("name", ["left_out", "uncompared"])
def test_state_of_a_version_that_left_nothing_to_read(name: str) -> None:
    state = remember("p", "all", NOW, PassMemory(NOW))
    del state[name]
    assert getattr(recall(state, "p", "all")[0], name) == ()


@pytest.mark.parametrize(
    "at, ended, is_news",
    [(None, NOW, False), (NOW, None, False), (YESTERDAY, NOW, True), (NOW, NOW, False), (NOW, YESTERDAY, False)],
)
def test_what_ended_since_the_previous_pass(at: datetime | None, ended: datetime | None, is_news: bool) -> None:
    assert PassMemory(at).ended_since(ended) == is_news
