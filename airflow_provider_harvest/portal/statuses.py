"""The statuses that udata defines, and the states and kinds that this package defines; read by all layers.

What a portal returns may be a status that no release had when this was written, so those are strings. What this package
itself says of a wait and of a result is one of the literals below.
"""

from __future__ import annotations

from typing import Final, Literal

DONE = "done"
DONE_ERRORS = "done-errors"
FAILED = "failed"
#: Statuses of items only.
SKIPPED = "skipped"
ARCHIVED = "archived"

#: Job statuses in udata's own order (``HARVEST_JOB_STATUS``), with their meaning as seen in real releases.
JOB_STATUSES: dict[str, str] = {
    "pending": "Defined by udata, never seen: a job is created when its work begins.",
    "initializing": "The catalogue is being fetched (up to 7.0.7).",
    "initialized": "Running: the catalogue is being fetched, or items are being processed.",
    "processing": "Defined by udata, never seen.",
    DONE: "Ended; no item failed. Items may have been skipped, and there may be none at all.",
    DONE_ERRORS: "Ended; at least one item failed.",
    FAILED: "Ended; the catalogue could not be fetched or read. The reason is in the job's errors.",
}

#: Not a status of udata: of a preview that took longer than allowed.
PREVIEW_TIMEOUT: Final = "timeout"

#: A job has ended when ``ended`` is set and its status is one of these; anything else is running or unknown.
TERMINAL_JOB_STATUSES = frozenset({DONE, DONE_ERRORS, FAILED})

#: Item statuses in udata's own order.
ITEM_STATUSES: tuple[str, ...] = ("pending", "started", "done", "failed", "skipped", "archived")

ACCEPTED = "accepted"
REFUSED = "refused"
PENDING = "pending"
#: What a validation may be set to. ``pending`` is left out on purpose: every release takes it as *refused*.
VALIDATION_STATES: tuple[str, ...] = (ACCEPTED, REFUSED)

# --- requests, waits and results --------------------------------------------------------------------------------------

#: What to do if a job of the source is running, or if the portal does not let a key start a harvest.
WAIT: Final = "wait"
ATTACH: Final = "attach"
FAIL: Final = "fail"
IF_RUNNING = (WAIT, ATTACH, FAIL)
ON_RUN_REFUSED = (FAIL, WAIT)

#: States of a wait after a poll. All but ``waiting`` end it; each has its own exception, raised on the worker.
WaitState = Literal["waiting", "ended", "not_started", "stalled", "overran", "timed_out", "unreachable", "gone"]
WAITING: Final = "waiting"
ENDED: Final = "ended"
NOT_STARTED: Final = "not_started"
STALLED: Final = "stalled"
OVERRAN: Final = "overran"
TIMED_OUT: Final = "timed_out"
UNREACHABLE: Final = "unreachable"
GONE: Final = "gone"
FINAL_STATES: frozenset[WaitState] = frozenset({ENDED, NOT_STARTED, STALLED, OVERRAN, TIMED_OUT, UNREACHABLE, GONE})

#: ``how`` of a wait and of its result: requested by this task, joined while running, waited for, watched by an event
#: trigger, or previewed; ``blocked``: only waited for since it must end before a harvest is requested.
How = Literal["started", "attached", "waited", "watched", "previewed", "blocked"]
STARTED: Final = "started"
ATTACHED: Final = "attached"
WAITED: Final = "waited"
WATCHED: Final = "watched"
PREVIEWED: Final = "previewed"
BLOCKED: Final = "blocked"

#: ``outcome`` of a result.
OutcomeName = Literal["success", "failure"]
SUCCESS: Final = "success"
FAILURE: Final = "failure"

#: Which ends of jobs an event trigger reports.
EndCondition = Literal["ended", "success", "failure"]
ANY_END: Final = "ended"
END_CONDITIONS: tuple[EndCondition, ...] = (ANY_END, SUCCESS, FAILURE)

#: ``failure_kind`` of a result.
FailureKind = Literal[
    "timeout",
    "unfinished",
    "unknown_status",
    "remote_unreachable",
    "unreadable",
    "job",
    "remote_ids",
    "items",
    "skipped",
    "empty",
    "loss",
    "job_errors",
]
#: The meaning of each. A job that fails in several ways has the first one that is checked.
FAILURE_KINDS: dict[FailureKind, str] = {
    "timeout": "The preview took the portal longer than allowed.",
    "unfinished": "The job has not ended.",
    "unknown_status": "The job ended in a status that this version does not know.",
    "remote_unreachable": "The job failed since the portal could not reach the remote catalogue.",
    "unreadable": "The job failed because the remote server did not return a whole catalogue.",
    "job": "The job failed: the catalogue could not be fetched or read.",
    "remote_ids": "One of the requested records was not harvested.",
    "items": "More items failed than allowed.",
    "skipped": "More items were skipped than allowed.",
    "empty": "Fewer items were harvested than required.",
    "loss": "Too much is missing of what was there before.",
    "job_errors": "The job ended, and reports errors (for example a harvest that was cut short).",
}
