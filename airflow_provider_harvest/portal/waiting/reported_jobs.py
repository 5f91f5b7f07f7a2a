"""What an event trigger has reported already: a cursor that travels as JSON between triggerers.

It holds a time by the portal's clock, short digests of the jobs reported shortly before it, the jobs that still run
behind a newer one of their source, and for each source that could not be read since when its reports are missing.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_harvest.portal.waiting.known_jobs import CLOCK_GRACE

#: Jobs whose digests are kept, the last to end: about 10 bytes each. Airflow stores 64 KiB at most.
MAX_DIGESTS = 2500
#: Sources that could not be read, and jobs behind newer ones, that a cursor holds.
_MAX_OWED, _MAX_BEHIND = 50, 200
#: Seconds before the last report in which a source that cannot be read may have ended.
_OWED_MARGIN = 300.0
#: Characters of a job's digest, and of its source's: several sources may share one.
_DIGEST, _MARK = 8, 2
#: Digests are kept in one string for each stretch of this many seconds.
_STRETCH = 300.0
_VERSION = 2


@dataclass
class Owed:
    """A source whose jobs, or some of them, could not be read: what ended since then is still to be reported.

    :param since: by the portal's clock; what ended earlier was reported.
    :param reported: digests of its jobs that were reported after that time.
    """

    since: float
    reported: set[str] = field(default_factory=set)


class Reported:
    """What was reported.

    :param site: the portal's; a cursor of another one is not taken.
    :param cursor: what :meth:`to_cursor` gave; None begins now. Keys that are unknown are ignored.
    """

    def __init__(self, site: str, cursor: dict[str, Any] | None = None) -> None:
        known = cursor or {}
        if known.get("portal") != site or known.get("version") not in (1, _VERSION):
            known = {}
        self._site = site
        self.since: float | None = known.get("since")
        self.began: float | None = known.get("began", self.since)
        #: Jobs that run behind a newer one, and their sources.
        self.behind: dict[str, str] = dict(known.get("behind") or {})
        self.owed: dict[str, Owed] = {
            source_id: Owed(float(since), set(_split(digests)))
            for source_id, (since, digests) in (known.get("owed") or {}).items()
        }
        self._floor = float(known.get("floor") or 0.0)
        self._digests: dict[str, tuple[float, str]] = {}
        told, marks = known.get("told") or {}, known.get("sources") or {}
        if known.get("version") == 1:
            self._digests = {digest_of(job_id): (float(ended), "") for job_id, ended in told.items()}
        else:
            for stretch, joined in told.items():
                digests, of = _split(joined), _split(marks.get(stretch) or "", _MARK)
                of = of if len(of) == len(digests) else [""] * len(digests)
                ended = float(stretch) * _STRETCH
                self._digests.update({digest: (ended, mark) for digest, mark in zip(digests, of, strict=True)})

    def begin(self, now: float) -> None:
        """Begin now, by the portal's clock."""
        self.since = self.began = now

    def is_new(self, source_id: str, job_id: str, ended: float) -> bool:
        """Whether a job that has ended is still to be reported.

        :param ended: by the portal's clock. What ended before the very beginning is history; later on a job may be
            seen a little late.
        """
        if self.holds(source_id, job_id):
            return False
        owed = self.owed.get(source_id)
        since = max(self._floor, (self.since or 0.0) - CLOCK_GRACE)
        return ended >= max(self.began or 0.0, since if owed is None else min(owed.since, since))

    def holds(self, source_id: str, job_id: str) -> bool:
        """Whether a job is known to have been reported."""
        owed = self.owed.get(source_id)
        digest = digest_of(job_id)
        return digest in self._digests or (owed is not None and digest in owed.reported)

    def add(self, source_id: str, job_id: str, ended: float, now: float) -> None:
        """Note that a job was reported.

        :param ended: by the clock of the portal's worker that harvested, which may be ahead.
        :param now: by the portal's clock: what ends from now on is not older than this report.
        """
        self._digests[digest_of(job_id)] = ended, _mark_of(source_id)
        self.since = max(self.since or 0.0, min(ended, now))
        if source_id in self.owed:
            self.owed[source_id].reported.add(digest_of(job_id))

    def owe(self, source_id: str) -> None:
        """Note that a source could not be read, so that what ended in it is reported however late that is.

        Nothing is missing before the beginning.
        """
        if self.since is None or source_id in self.owed:
            return
        since = max(self.began or 0.0, self._floor, (self.since or 0.0) - _OWED_MARGIN)
        mine = ("", _mark_of(source_id))  # "": reported by a version that did not note the source
        near = (digest for digest, (ended, of) in self._digests.items() if ended >= since - _STRETCH and of in mine)
        self.owed[source_id] = Owed(since, set(near))

    def settle(self, source_id: str) -> None:
        """Note that a source was read, and that nothing in it is left to report."""
        self.owed.pop(source_id, None)

    def to_cursor(self) -> dict[str, Any]:
        """Return all of this as JSON, of bounded size."""
        self._forget()
        stretches: dict[str, str] = {}
        sources: dict[str, str] = {}
        for digest, (ended, mark) in self._digests.items():
            stretch = str(int(ended // _STRETCH))
            stretches[stretch] = stretches.get(stretch, "") + digest
            sources[stretch] = sources.get(stretch, "") + mark
        behind = list(self.behind.items())[-_MAX_BEHIND:]
        return {
            "version": _VERSION,
            "portal": self._site,
            "began": self.began,
            "since": self.since or 0.0,
            "floor": self._floor,
            "told": stretches,
            "sources": sources,
            "behind": dict(behind),
            "owed": {
                source_id: [owed.since, "".join(sorted(owed.reported))]
                for source_id, owed in list(self.owed.items())[:_MAX_OWED]
            },
        }

    def _forget(self) -> None:
        """Drop the digests of jobs that ended too long ago to be met again; and the oldest if there are too many."""
        oldest = (self.since or 0.0) - CLOCK_GRACE - _STRETCH
        kept = sorted((pair for pair in self._digests.items() if pair[1][0] >= oldest), key=lambda pair: pair[1][0])
        if len(kept) > MAX_DIGESTS:
            self._floor = max(self._floor, kept[-MAX_DIGESTS - 1][1][0] + _STRETCH)
            kept = kept[-MAX_DIGESTS:]
        self._digests = dict(kept)


def digest_of(job_id: str) -> str:
    """Return a short name of a job: 48 bits, so that two of some thousand jobs do not share one."""
    return base64.urlsafe_b64encode(hashlib.blake2s(job_id.encode(), digest_size=6).digest()).decode()


def _mark_of(source_id: str) -> str:
    return digest_of(source_id)[:_MARK]


def _split(joined: str, width: int = _DIGEST) -> list[str]:
    return [joined[at : at + width] for at in range(0, len(joined), width)]
