"""The statuses of jobs, items and validations that udata defines, and what each means; read by all layers."""

from __future__ import annotations

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
TIMED_OUT = "timeout"

#: A job has ended when ``ended`` is set and its status is one of these; anything else is running or unknown.
TERMINAL_JOB_STATUSES = frozenset({DONE, DONE_ERRORS, FAILED})

#: Item statuses in udata's own order.
ITEM_STATUSES: tuple[str, ...] = ("pending", "started", "done", "failed", "skipped", "archived")

ACCEPTED = "accepted"
REFUSED = "refused"
PENDING = "pending"
#: What a validation may be set to. ``pending`` is left out on purpose: every release takes it as *refused*.
VALIDATION_STATES: tuple[str, ...] = (ACCEPTED, REFUSED)

#: The cron that accepting a source gives it, unless the portal changed ``HARVEST_DEFAULT_SCHEDULE``.
DEFAULT_SCHEDULE = "0 0 * * *"
