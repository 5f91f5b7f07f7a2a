"""The benchmarks measure what they say: few waits on the imitated job system, and nothing about seconds."""

from __future__ import annotations

import asyncio
import gc
import json
import time
from typing import TYPE_CHECKING

import pytest
import requests

from airflow_provider_harvest.portal.client import HarvestClient
from benchmarks import calls, health_passes, report, waits
from benchmarks.contenders import CONTENDERS
from benchmarks.job_system import JobSystem
from benchmarks.responses import Jobs, answer, job_id, masked, parse_mask, source_id
from benchmarks.run import Results
from benchmarks.wait_process import Order, Run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def system() -> Iterator[JobSystem]:
    """A job system with three jobs that continue."""
    with JobSystem() as running:
        running.reset(3)
        yield running


class TestJobSystem:
    @pytest.mark.parametrize(
        "path, going_on, over",
        [
            pytest.param("/api/public/v1/jobs/1", ("status", "running"), ("status", "succeeded"), id="airbyte"),
            pytest.param("/status/1", None, None, id="plain-http"),
            pytest.param(f"/api/1/harvest/job/{job_id(1)}/", ("status", "initialized"), ("status", "done"), id="udata"),
        ],
    )
    def test_a_job_goes_on_until_its_end(
        self, path: str, going_on: tuple[str, str] | None, over: tuple[str, str] | None
    ) -> None:
        jobs = Jobs(3, begun=100.0, ends={1: 200.0})
        before, after = answer(jobs, path, "", None, 199.0), answer(jobs, path, "", None, 200.0)
        if going_on is None or over is None:
            assert (before[0], after[0]) == (404, 200)
        else:
            assert json.loads(before[1])[going_on[0]] == going_on[1]
            assert json.loads(after[1])[over[0]] == over[1]

    def test_a_dbt_run_goes_on_until_its_end(self) -> None:
        jobs = Jobs(3, begun=100.0, ends={1: 200.0})
        read = [json.loads(answer(jobs, "/api/v2/accounts/1/runs/1/", "", None, now)[1]) for now in (199.0, 200.0)]
        assert [run["data"]["status"] for run in read] == [3, 10]

    def test_the_client_takes_it_for_a_new_udata(self, system: JobSystem) -> None:
        with HarvestClient(f"http://127.0.0.1:{system.port}") as client:
            assert client.find_generation().letter == "D"
            assert [source.id for source in client.iter_sources()] == [source_id(number) for number in range(3)]
            assert client.peek_job(job_id(2)).ended is None
            system.end({2: time.time()})
            assert client.peek_job(job_id(2)).has_ended

    def test_counts_requests_by_kind_and_connections(self, system: JobSystem) -> None:
        with requests.Session() as session:
            for number in (0, 1, 1):
                session.get(f"http://127.0.0.1:{system.port}/status/{number}", timeout=10)
            counts = system.counts()
        assert counts == {"requests": 3, "routes": {"status/{}": 3}, "asked": 2, "open": 1, "most_open": 1}

    def test_a_hung_one_counts_and_does_not_answer(self, system: JobSystem) -> None:
        system.reset(1, delay=None)
        with pytest.raises(requests.Timeout):
            requests.get(f"http://127.0.0.1:{system.port}/status/0", timeout=0.2)
        assert system.counts()["requests"] == 1

    def test_masks_leave_what_they_name(self) -> None:
        entry = {"id": 1, "name": "x", "last_job": {"id": 2, "status": "done", "items": {"total": 3, "other": 4}}}
        mask = parse_mask("data{id,last_job{id,items{total}}},total")
        assert masked({"data": [entry], "total": 1, "page": 1}, mask) == {
            "data": [{"id": 1, "last_job": {"id": 2, "items": {"total": 3}}}],
            "total": 1,
        }


def test_waits_are_watched_until_their_jobs_have_ended(
    system: JobSystem, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in CONTENDERS["harvest"].connection_settings("bench", system.port, 1.0).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("benchmarks.wait_process._ALONE", 0.05)
    monkeypatch.setattr("benchmarks.wait_process._WARM_UP", 0.05)
    monkeypatch.setattr("airflow_provider_harvest.triggers.job.MIN_LIFE", 0.0)
    order = Order("harvest", waits=3, other=0, interval=1.0, spread=0.1, idle=0.1, ends=3, patience=20.0)
    system.end({number: time.time() + 0.5 for number in range(3)})
    asyncio.run(Run(order).carry_out())
    gc.unfreeze()  # it puts what the tests made aside
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith('{"step"')]
    assert [line["step"] for line in told] == ["ready", "started", "idle", "ended"]
    assert {key: event[1]["state"] for key, event in told[-1]["events"].items()} == dict.fromkeys(
        ("bench/0", "bench/1", "bench/2"), "ended"
    )


def test_delays_are_those_of_the_jobs_that_ended() -> None:
    events = {"bench/1": (103.0, {}), "bench/7": (109.0, {}), "bench/3": (104.0, "broken")}
    found = waits.delays(events, {1: 100.0, 7: 105.0, 8: 105.0}, "bench")
    assert found["delay"] == (3.5, 4.0)
    assert found["missed"] == (1, 3)
    assert "1 waits ended although their jobs went on, as with broken" in found["trouble"]


def test_a_call_is_measured_against_a_bare_session() -> None:
    assert calls.measure(1).session > 0


def test_a_pass_without_news_takes_one_request_for_500_sources() -> None:
    assert health_passes.measure(500).requests == 1


class TestReport:
    def test_figures_are_given_for_the_usual_interval(self) -> None:
        seen = waits.Waits(
            "http", "well", 1000, 10.0, requests=6000.0, cpu=12.0, memory=10_000.0, sockets=7, stall=0.02,
            start_stall=0.03, delay=(5.0, 9.5), missed=(0, 50),
        )  # fmt: skip
        line = report.in_a_line(seen)
        assert "requests / min 1,000" in line
        assert "CPU s / min 2.00" in line

    def test_says_the_end_of_those_that_were_given_up(self) -> None:
        seen = waits.Waits("airbyte", "well", 10_000, 30.0, trouble="given up after 90 s")
        assert report.in_a_line(seen) == "airbyte: given up after 90 s"

    def test_keeps_what_was_written_by_hand(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(report, "version", lambda distribution: "1.0")
        path = tmp_path / "benchmarks.md"
        path.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
        report.write(Results("make bench", "today"), path)
        text = path.read_text()
        assert text.startswith("before\n")
        assert text.endswith("\nafter\n")
        assert "old" not in text
        assert "`make bench` made this" in text
