"""What holds for every life of a portal: a wait comes to one end, and no task turns green by mistake.

The lives are made of what udata releases can do: jobs appear late, never or several at a time, grow, stand still, end
in any status or never, are purged; the source is edited, deleted, purged; the portal fails for a while.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hypothesis import event, given
from hypothesis import strategies as st

from airflow_provider_harvest.exceptions import HarvestError
from airflow_provider_harvest.portal.clock import SAME_CLOCK
from airflow_provider_harvest.portal.models import HarvestValidation
from airflow_provider_harvest.portal.outcome.read_ended_job import conclude
from airflow_provider_harvest.portal.outcome.verdict import OutcomePolicy
from airflow_provider_harvest.portal.statuses import ENDED, FAILURE_KINDS, FINAL_STATES
from airflow_provider_harvest.portal.waiting.shared_source_list import ListedWait, Listing
from airflow_provider_harvest.portal.waiting.wait_plan import Poll, WaitPlan
from airflow_provider_harvest.portal.waiting.which_job import JobLimits
from tests.support.examples import examples
from tests.support.fake_portal.scripted import (
    SOURCE_ID,
    T0,
    Event,
    FakeClock,
    ScriptedClient,
    instant,
    items_move,
    job_appears,
    job_ends,
    job_is_purged,
    not_found,
    outage,
    portal_of,
    rate_limited,
    server_error,
    source_changes,
    source_is_purged,
    unreachable,
)

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.outcome.result import HarvestResult

HOUR = 3600.0
LIMITS = JobLimits(run_timeout=3 * HOUR, stall_timeout=HOUR, first_item_timeout=1.5 * HOUR)
START_TIMEOUT = 4 * HOUR
#: By then every wait is over: the start, the longest job, and the longest outages on the way.
LONGEST = START_TIMEOUT + LIMITS.run_timeout + 20 * HOUR
KNOWN = ("known-0", "known-1", "known-2")

minutes = st.integers(0, 5 * 60).map(lambda number: number * 60.0)
lengths = st.integers(1, 70).map(lambda number: number * 60.0)
# Made once: to make one takes longer than to draw from it.
some_lengths = st.lists(lengths, max_size=4)
some_items = st.dictionaries(st.sampled_from(["done", "done", "failed", "skipped"]), st.integers(1, 9), max_size=2)
statuses = st.sampled_from(["done", "done", "done", "done-errors", "failed", "unheard-of", None])
some_job_errors = st.lists(st.just("1000 max items reached"), max_size=1)
new_jobs = st.sampled_from([1, 1, 2, 3, 0])
outages = st.sampled_from([0, 0, 1, 3])
skews = st.sampled_from([0.0, 0.0, 3 * HOUR, -3 * HOUR])
generations = st.sampled_from("ABCD")
looks_between_restarts = st.sampled_from([3, 10, 1000])
EDITS: list[Event] = [
    source_changes(deleted=instant(T0)),
    source_changes(active=False),
    source_changes(validation=HarvestValidation("refused")),
    source_is_purged,
]


@dataclass
class Life:
    """Everything that a portal lives through, and how it is watched."""

    timeline: list[tuple[float, Event]]
    generation: str
    skew: float
    plan: dict[str, Any]
    restarts_every: int
    is_listed: bool
    told: list[str] = field(default_factory=list)

    def __repr__(self) -> str:
        seen = f"skew={self.skew}, restarts={self.restarts_every}, listed={self.is_listed}"
        return f"Life({self.generation}, {seen}, {self.plan}, {self.told})"


@st.composite
def jobs(draw: st.DrawFn, job_id: str, earliest: float, told: list[str]) -> list[tuple[float, Event]]:
    """One job from its appearance to its end, if it has one."""
    at = earliest + draw(minutes)
    told.append(f"{job_id} appears at {at:.0f}")
    story: list[tuple[float, Event]] = [(at, job_appears(job_id))]
    for pause in draw(some_lengths):
        at += pause
        moved = draw(some_items)
        story.append((at, items_move(job_id, **moved)))
        told.append(f"{job_id} moves {moved} at {at:.0f}")
    status = draw(statuses)
    if status is not None:
        at += draw(lengths)
        story.append((at, job_ends(job_id, status, *draw(some_job_errors))))
        told.append(f"{job_id} ends {status} at {at:.0f}")
    if draw(st.integers(0, 9)) == 0:
        at += draw(minutes)
        story.append((at, job_is_purged(job_id)))
        told.append(f"{job_id} is purged at {at:.0f}")
    return story


@st.composite
def lives(draw: st.DrawFn) -> Life:
    told: list[str] = []
    timeline: list[tuple[float, Event]] = []
    known = KNOWN[: draw(st.integers(0, len(KNOWN)))]
    for job_id in known:
        timeline += [(min(at, -60.0) if n == 0 else at, what)
                     for n, (at, what) in enumerate(draw(jobs(job_id, -6 * HOUR, told)))]  # fmt: skip
    for number in range(draw(new_jobs)):
        timeline += draw(jobs(f"new-{number}", 1.0, told))
    faults = [unreachable(), server_error(500), server_error(503, 120.0), rate_limited(600.0), not_found()]
    for _ in range(draw(outages)):
        begin, length, fault = draw(minutes), draw(lengths), draw(st.sampled_from(faults))
        timeline += outage(begin, begin + length, fault)
        told.append(f"{fault} from {begin:.0f} to {begin + length:.0f}")
    if draw(st.integers(0, 5)) == 0:
        at, edit = draw(minutes), draw(st.sampled_from(EDITS))
        timeline.append((at, edit))
        told.append(f"the source is edited or purged at {at:.0f}")
    skew = draw(skews)
    asked = T0 + skew  # the times of a plan are the portal's
    ways: list[dict[str, Any]] = [
        {"known": known},
        {"after": asked},
        {"after": asked, "due": asked + 2 * HOUR},
        {"ended_after": asked},
        {"job_id": "new-0"},
    ]
    plan = {**draw(st.sampled_from(ways)), **draw(st.sampled_from([{}, {"deadline": asked + 6 * HOUR}]))}
    return Life(
        timeline,
        draw(generations),
        skew,
        plan,
        draw(looks_between_restarts),
        draw(st.booleans()),
        told,
    )


class Watch:
    """A wait on such a portal, followed to its end, with the process that waits being replaced now and then."""

    def __init__(self, life: Life) -> None:
        self.clock = FakeClock()
        self.portal = portal_of(self.clock, life.timeline, skew=life.skew, generation=life.generation)
        self.client = ScriptedClient(self.portal)
        begun = T0 + life.skew
        self.plan = WaitPlan(
            SOURCE_ID, "started", begun=begun, start_deadline=begun + START_TIMEOUT, limits=LIMITS, **life.plan
        )
        self._is_listed = life.is_listed
        self.end = self._follow(life.restarts_every)

    def _look(self, wait: ListedWait) -> Poll:
        """Look alone, or as the poller does for many: by the list first."""
        if not self._is_listed:
            return wait.poll()
        try:
            self._listing.read({SOURCE_ID}, counters=wait.wants_counters())
        except HarvestError as error:
            return wait.fail(error)
        return wait.consider(self._listing.sources, self._listing.asked_at) or wait.poll()

    def _follow(self, restarts_every: int) -> Poll:
        self._listing = Listing(self.client)
        wait = ListedWait(self.plan, self.client)
        looks = 0
        while True:
            poll = self._look(wait)
            self.plan = wait.plan
            if poll.is_final:
                return poll
            looks += 1
            assert poll.pause > 0
            assert self.clock.now() - T0 < LONGEST, "the wait does not end"
            self.clock.sleep(poll.pause)
            if looks % restarts_every == 0:
                travelled = json.loads(json.dumps(self.plan.to_dict()))
                wait = ListedWait(WaitPlan.from_dict(travelled), self.client)

    def result(self, policy: OutcomePolicy) -> HarvestResult | None:
        """What the worker makes of it; None if the wait ended without an ended job."""
        if self.end.state != ENDED:
            return None
        self.portal.life.fault = None
        return conclude(self.client, self.portal.life.source, str(self.plan.job_id), "started", policy)


policies = st.sampled_from(
    [
        OutcomePolicy.create(),
        OutcomePolicy.create(max_failed_ratio=1.0, min_done_items=0, fail_on_job_errors=False),
        OutcomePolicy.create(remote_ids=["record-0", "record-1"]),
    ]
)


@given(lives())
def test_every_wait_has_exactly_one_end(life: Life) -> None:
    end = Watch(life).end
    event(end.state)
    assert end.state in FINAL_STATES
    assert bool(end.detail) == (end.state != ENDED), "every end but a job's own has a sentence"


@given(lives(), policies)
def test_every_ended_job_is_a_success_or_a_failure_with_reasons(life: Life, policy: OutcomePolicy) -> None:
    result = Watch(life).result(policy)
    if result is None:
        return
    event(f"{result['outcome']} {result['failure_kind']}")
    assert (result["outcome"], result["failure_kind"] is None, bool(result["reasons"])) in (
        ("success", True, False),
        ("failure", False, True),
    )
    assert result["failure_kind"] in (None, *FAILURE_KINDS)


@examples(200)
@given(lives(), policies)
def test_no_life_of_a_portal_turns_a_wrong_job_green(life: Life, policy: OutcomePolicy) -> None:
    watch = Watch(life)
    result = watch.result(policy)
    if result is None or result["outcome"] != "success":
        return
    job = watch.portal.life.jobs[str(result["job_id"])]
    assert job.ended is not None
    assert job.status in ("done", "done-errors")
    began_after_asking = job.created >= T0 + life.skew - SAME_CLOCK
    if "known" in life.plan or "after" in life.plan:
        assert began_after_asking


@given(lives())
def test_the_job_that_is_taken_is_the_one_that_was_requested(life: Life) -> None:
    """Never one that was known or passed over, and of several new ones the first, whenever they are seen."""
    watch = Watch(life)
    if watch.end.state != ENDED:
        return
    assert watch.plan.job_id not in watch.plan.passed_over
    mine = watch.portal.life.jobs[str(watch.plan.job_id)]
    if "job_id" in life.plan:
        assert mine.id == life.plan["job_id"]
    if "known" in life.plan:
        assert mine.id not in life.plan["known"]
        older = {job.id for job in watch.portal.life.jobs.values() if job.created < mine.created}
        assert older <= set(life.plan["known"])
    if "ended_after" in life.plan:
        assert mine.ended is not None
        assert mine.ended >= T0 + life.skew - SAME_CLOCK
