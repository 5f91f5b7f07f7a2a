"""The result of an apply: what was done, and what was not; made by the run, shown by the rendering."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class ApplyResult:
    """The result of applying a plan, as JSON values.

    :param portal: site of the portal.
    :param digest: of the plan.
    :param done: ``{"key", "source_id", "steps"}`` of each source that was written to, as :data:`.steps.STEPS`.
    :param failed: ``{"key", "source_id", "error"}`` of each source that the portal refused to change.
    :param postponed: keys of the sources that a limit of the portal leaves for later.
    :param denied: ``{"kind", "keys", "reason"}`` of what this key may not do, and was left.
    :param retry_after: seconds after which the portal accepts the postponed ones, if it says.
    :param unchanged: how many planned changes were there already.
    """

    portal: str
    digest: str
    done: list[dict[str, Any]] = field(default_factory=list)
    failed: list[dict[str, Any]] = field(default_factory=list)
    postponed: list[str] = field(default_factory=list)
    denied: list[dict[str, Any]] = field(default_factory=list)
    retry_after: float | None = None
    unchanged: int = 0

    @property
    def is_complete(self) -> bool:
        """Whether all that the key may do was done."""
        return not self.failed and not self.postponed

    def to_json(self) -> dict[str, Any]:
        """Return it as a dict of JSON values, ``schema`` 1."""
        return {"schema": 1, **vars(self)}
