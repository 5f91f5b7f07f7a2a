"""``airflow-harvest run``: it waits for its own harvest, never requests twice, and its exit code is the verdict."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.cli.main import main
from airflow_provider_harvest.portal.clock import Clock
from tests.support.fake_portal.response_faults import Reply, Reset
from tests.support.fake_portal.state import KEY

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.fake_portal.server import Door
    from tests.support.fake_portal.state import PortalState


class Story:
    """What happens on the portal in the pauses of a command."""

    def __init__(self) -> None:
        self.steps: list[Callable[[], object]] = []
        self.pauses = 0

    def sleep(self, seconds: float) -> None:
        self.pauses += 1
        assert self.pauses < 200, "the command waits forever"
        if self.steps:
            self.steps.pop(0)()


@pytest.fixture
def story(monkeypatch: pytest.MonkeyPatch) -> Story:
    made = Story()
    monkeypatch.setattr(Clock, "sleep", lambda self, seconds: made.sleep(seconds))
    return made


@pytest.fixture
def source(portal: Door) -> str:
    return portal.portal.add_source("Towns")


@pytest.fixture
def run(source: str, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs `airflow-harvest run SOURCE ...`; gives its exit code, its standard output, and its standard error."""

    def run_it(*arguments: str) -> tuple[int, str, str]:
        code = main(["run", source, *arguments])
        captured = capsys.readouterr()
        assert KEY not in captured.out + captured.err
        return code, captured.out, captured.err

    return run_it


def runs(portal: Door) -> int:
    """How often the portal was asked to run a source."""
    return sum(1 for request in portal.requests if request.method == "POST" and request.path.endswith("/run/"))


def at_once(status: str = "done", **counts: int) -> Callable[[PortalState], object]:
    """A worker that harvests whatever is in the queue at once."""
    return lambda state: state.work(status, **counts)


@pytest.mark.parametrize(
    "status, counts, arguments, code",
    [
        ("done", {"done": 3}, (), 0),
        ("done-errors", {"done": 3, "failed": 1}, (), 2),
        ("done-errors", {"done": 3, "failed": 1}, ("--max-failed-items", "1"), 0),
        ("done", {"archived": 3}, (), 2),
        ("done", {"done": 3, "skipped": 1}, ("--max-skipped-ratio", "0.1"), 2),
        ("done", {"done": 3, "skipped": 1}, ("--max-skipped-ratio", "0.25"), 0),
        ("done-errors", {"done": 3, "failed": 1}, ("--max-failed-ratio", "0.25"), 0),
        ("done-errors", {"done": 3, "failed": 1}, ("--max-failed-ratio", "0.2"), 2),
        ("done-errors", {"done": 3, "failed": 1}, ("--max-failed-ratio", "0.5", "--max-failed-items", "0"), 2),
        ("done", {"archived": 3}, ("--min-done-items", "0"), 0),
        ("done", {"done": 3}, ("--min-done-items", "4"), 2),
        ("done-errors", {"done": 3, "failed": 1}, ("--remote-id", "record-1", "--remote-id", "record-3"), 0),
        ("done-errors", {"done": 3, "failed": 1}, ("--remote-id", "record-1", "--remote-id", "record-4"), 2),
        ("done", {"done": 3}, ("--remote-id", "record-9"), 2),
        ("failed", {}, (), 2),
    ],
)
def test_exit_codes(
    portal: Door, run: Any, story: Story, status: str, counts: dict[str, int], arguments: Any, code: int
) -> None:
    portal.portal.worker = at_once(status, **counts)
    assert run("--wait", *arguments)[0] == code
    assert runs(portal) == 1


def test_json_is_the_result_and_nothing_else(portal: Door, run: Any, story: Story) -> None:
    portal.portal.worker = at_once(done=3)
    code, out, _ = run("--wait", "--json")
    result = json.loads(out)
    assert (code, result["outcome"], result["how"], result["items"]["done"]) == (0, "success", "started", 3)


def test_an_answer_that_is_lost_is_followed_by_looking_not_by_asking_again(
    portal: Door, source: str, run: Any, story: Story
) -> None:
    portal.script("POST", f"/harvest/source/{source}/run/", Reset(handled=True))
    story.steps = [lambda: None, lambda: portal.portal.work(done=2)]
    code, out, err = run("--wait")
    assert (code, runs(portal)) == (0, 1)
    assert "Waiting for the job instead of requesting again." in err
    assert "2 done" in out


def test_a_500_may_have_queued_a_harvest(portal: Door, source: str, run: Any, story: Story) -> None:
    portal.script("POST", f"/harvest/source/{source}/run/", Reply(500))
    story.steps = [lambda: portal.portal.queue.append(source), lambda: portal.portal.work(done=2)]
    assert run("--wait")[0] == 0
    assert runs(portal) == 1


def test_no_job_within_the_start_timeout_is_an_error(portal: Door, run: Any, story: Story) -> None:
    portal.portal.worker = None
    code, _, err = run("--wait", "--start-timeout", "0")
    assert (code, runs(portal)) == (1, 1)
    assert "No job has appeared" in err


class TestWhereAJobIsUnderWay:
    @pytest.fixture(autouse=True)
    def running(self, portal: Door, source: str) -> str:
        job = portal.portal.add_job(source)
        portal.portal.add_items(job, done=1)
        return job

    def test_it_ends_first_and_then_a_harvest_of_its_own_is_requested(
        self, portal: Door, run: Any, story: Story, running: str
    ) -> None:
        seen = []

        def end() -> None:
            seen.append(runs(portal))
            portal.portal.end_job(running)
            portal.portal.worker = at_once(done=5)

        story.steps = [lambda: None, end]
        code, out, err = run("--wait", "--json")
        assert (code, seen, runs(portal)) == (0, [0], 1)
        assert json.loads(out)["items"]["done"] == 5
        assert "it must end first" in err

    def test_another_that_waited_and_was_quicker_ends_first(
        self, portal: Door, source: str, run: Any, story: Story, running: str
    ) -> None:
        quicker: list[str] = []
        asked: list[int] = []

        def be_quicker() -> None:
            asked.append(runs(portal))
            quicker.append(portal.portal.add_job(source))
            portal.portal.add_items(quicker[0], done=1)

        def end_it() -> None:
            asked.append(runs(portal))
            portal.portal.end_job(quicker[0])
            portal.portal.worker = at_once(done=5)

        # The first pause lies between two polls of the job, the second between its end and the request.
        story.steps = [lambda: portal.portal.end_job(running), be_quicker, end_it]
        code, out, _ = run("--wait", "--json")
        assert (code, asked, runs(portal)) == (0, [0, 0], 1)
        assert json.loads(out)["job_id"] not in (running, quicker[0])

    def test_attach_takes_it_as_the_answer(self, portal: Door, run: Any, story: Story, running: str) -> None:
        story.steps = [lambda: portal.portal.end_job(running)]
        code, out, _ = run("--wait", "--json", "--if-running", "attach")
        assert (code, runs(portal)) == (0, 0)
        assert (json.loads(out)["job_id"], json.loads(out)["how"]) == (running, "attached")

    def test_fail_fails(self, portal: Door, run: Any, story: Story, running: str) -> None:
        code, _, err = run("--wait", "--if-running", "fail")
        assert (code, runs(portal)) == (1, 0)
        assert f"Job {running} of source 'Towns' is running" in err

    def test_without_wait_nothing_is_requested(self, portal: Door, run: Any, running: str) -> None:
        code, out, err = run("--json")
        assert (code, runs(portal)) == (2, 0)
        assert json.loads(out)["running_job_id"] == running
        assert "--wait" in err


def test_without_wait_it_asks_and_says_which_jobs_there_were(portal: Door, source: str, run: Any) -> None:
    old = portal.portal.add_job(source)
    portal.portal.end_job(old)
    code, out, _ = run("--json")
    assert (code, json.loads(out)["asked"], json.loads(out)["known_job_ids"]) == (0, True, [old])
    assert runs(portal) == 1


def test_ctrl_c_says_that_the_harvest_goes_on_and_how_to_wait_for_it_again(
    portal: Door, source: str, run: Any, story: Story
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    story.steps = [lambda: portal.portal.work(None, done=1), lambda: None, interrupt]
    code, out, err = run("--wait")
    job = next(iter(portal.portal.jobs))
    assert (code, out) == (130, "")
    assert f"The harvest continues: udata cannot cancel one. See {portal.url}/api/1/harvest/job/{job}/" in err
    assert f"airflow-harvest run {source} --wait --if-running attach" in err
    assert "the same command" not in err


@pytest.mark.parametrize(
    "fields, sentence",
    [({"active": False}, "is inactive"), ({"backend": "ods"}, "does not have switched on")],
)
def test_what_cannot_be_harvested_is_not_requested(
    portal: Door, source: str, run: Any, fields: dict[str, Any], sentence: str
) -> None:
    portal.portal.sources[source].update(fields)
    code, _, err = run("--wait")
    assert (code, runs(portal)) == (1, 0)
    assert sentence in err


def test_a_key_is_needed(portal: Door, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HARVEST_API_KEY")
    code, _, err = run("--wait")
    assert (code, portal.requests) == (1, [])
    assert "set HARVEST_API_KEY" in err


class TestWhereThePortalLetsThisKeyStartNoHarvest:
    """udata says so in the source's permissions, or by refusing the request, or there is no key at all."""

    @pytest.fixture(params=["no key", "no right", "refused by the portal's settings"])
    def refused(
        self, request: pytest.FixtureRequest, portal: Door, source: str, monkeypatch: pytest.MonkeyPatch
    ) -> int:
        """How many requests for a harvest are sent although it is refused: what is known beforehand is not tried."""
        if request.param == "no key":
            monkeypatch.delenv("HARVEST_API_KEY")
            return 0
        if request.param == "no right":
            portal.portal.sources[source]["permissions"] = {"run": False}
            return 0
        portal.script("POST", f"/harvest/source/{source}/run/", Reply(400, {"message": "Cannot run source manually"}))
        return 1

    def test_it_fails_by_default(self, portal: Door, refused: int, run: Any, story: Story) -> None:
        code, _, err = run("--wait")
        assert (code, runs(portal)) == (1, refused)
        assert err.strip()

    def test_it_waits_for_the_portals_own_run_where_that_is_requested(
        self, portal: Door, source: str, refused: int, run: Any, story: Story
    ) -> None:
        earlier = portal.portal.add_job(
            source, started="2026-01-01T00:00:00+00:00", created="2026-01-01T00:00:00+00:00"
        )
        portal.portal.end_job(earlier)
        by_schedule = [lambda: portal.portal.queue.append(source), lambda: portal.portal.work(done=2)]
        story.steps = [lambda: None, *by_schedule]
        code, out, err = run("--wait", "--json", "--on-run-refused", "wait")
        result = json.loads(out)
        assert (code, runs(portal)) == (0, refused), err
        assert (result["how"], result["items"]["done"]) == ("waited", 2)
        assert result["job_id"] != earlier
        assert "The portal runs this source by cron" in err

    def test_ctrl_c_says_that_nothing_was_requested(self, portal: Door, refused: int, run: Any, story: Story) -> None:
        def interrupt() -> None:
            raise KeyboardInterrupt

        story.steps = [interrupt]
        code, _, err = run("--wait", "--on-run-refused", "wait")
        assert code == 130
        assert "No harvest was requested; those that the portal starts by itself are not affected." in err

    def test_a_source_without_a_schedule_is_not_waited_for(
        self, portal: Door, source: str, refused: int, run: Any, story: Story
    ) -> None:
        portal.portal.sources[source]["schedule"] = None
        code, _, err = run("--wait", "--on-run-refused", "wait")
        assert (code, story.pauses) == (1, 0)
        assert "has no schedule, so the portal will not harvest it by itself" in err


def test_waiting_for_the_portal_takes_wait(portal: Door, run: Any) -> None:
    code, _, err = run("--on-run-refused", "wait")
    assert (code, portal.requests) == (1, [])
    assert "give --wait, too" in err
