"""The state that one pass leaves for the next, as small JSON; used by the rules and the survey.

About 40 bytes for each source with items and 60 to 200 for each open finding: some 25 kB for a portal of 500 sources.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_provider_harvest.exceptions import HarvestInvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

STATE_SCHEMA = 1


class Known(NamedTuple):
    """A finding of the previous pass.

    :param since: when it began.
    :param note: what a closer examination found then, so that it is not repeated.
    :param baseline: what a loss was measured against.
    """

    since: datetime
    note: str = ""
    baseline: int | None = None


class Items(NamedTuple):
    """What the last whole harvest of a source had: items in its catalogue, and datasets that had left it."""

    in_catalogue: int
    archived: int


@dataclass(frozen=True)
class PassMemory:
    """What a pass knows about the one before it; empty at the first one.

    :param at: the portal's clock at the previous pass; None at the first one.
    :param organization: id of the organization that the pass was restricted to.
    :param open: its findings, by kind and id of the source.
    :param items: by id of the source.
    :param left_out: ids of the sources whose archived records it had no room to read, or could not; in the order in
        which the next pass reads them.
    """

    at: datetime | None = None
    organization: str | None = None
    open: Mapping[str, Mapping[str, Known]] = field(default_factory=dict)
    items: Mapping[str, Items] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    uncompared: tuple[str, ...] = ()

    def known(self, kind: str, source_id: str) -> Known | None:
        """Return the finding of the previous pass on a source."""
        return self.open.get(kind, {}).get(source_id)

    def ended_since(self, ended: datetime | None) -> bool:
        """Whether something ended after the previous pass; nothing did before the first one."""
        return self.at is not None and ended is not None and ended > self.at


def remember(portal: str, selection: str, at: datetime, memory: PassMemory) -> dict[str, Any]:
    """Return what the next pass needs, as JSON.

    :param portal: the portal's site.
    :param selection: which sources the pass was about, in words.
    :param at: the portal's clock at this pass.
    :param memory: the rest.
    """
    return {
        "schema": STATE_SCHEMA,
        "portal": portal,
        "selection": selection,
        "at": at.timestamp(),
        "organization": memory.organization,
        "open": {
            kind: {ident: _packed(known) for ident, known in entries.items()} for kind, entries in memory.open.items()
        },
        "items": {ident: list(items) for ident, items in memory.items.items()},
        "left_out": list(memory.left_out),
        "uncompared": list(memory.uncompared),
    }


def recall(state: object, portal: str, selection: str) -> tuple[PassMemory, str | None]:
    """Return what the previous pass left, and a sentence if it cannot be used: then everything is new.

    :param state: of :func:`remember`; None and ``{}`` mean no previous pass.
    :param portal: the portal's site.
    :param selection: which sources this pass is about, in words.
    :raises HarvestInvalidInput: for anything that is not the state of a pass.
    """
    if not state:
        return PassMemory(), None
    if not isinstance(state, dict) or state.get("schema") != STATE_SCHEMA:
        raise HarvestInvalidInput(
            "previous_state is not the state of a pass: give what an earlier pass left (XCom harvest_health_state), "
            "or {} to begin again."
        )
    if state.get("portal") != portal or state.get("selection") != selection:
        return PassMemory(), "The previous pass was about another portal or other sources: this one begins again."
    try:
        return PassMemory(
            at=_instant(state["at"]),
            organization=state["organization"],
            open={
                kind: {ident: _unpacked(entry) for ident, entry in entries.items()}
                for kind, entries in state["open"].items()
            },
            items={ident: Items(int(items), int(archived)) for ident, (items, archived) in state["items"].items()},
            left_out=tuple(str(ident) for ident in state.get("left_out") or ()),
            uncompared=tuple(str(ident) for ident in state.get("uncompared") or ()),
        ), None
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise HarvestInvalidInput(
            f"previous_state is broken ({type(error).__name__}): give what an earlier pass left (XCom "
            "harvest_health_state), or {} to begin again."
        ) from error


def _packed(known: Known) -> list[Any]:
    entry = [round(known.since.timestamp()), known.note, known.baseline]
    return entry if known.baseline is not None else entry[: 2 if known.note else 1]


def _unpacked(entry: list[Any]) -> Known:
    since, note, baseline = [*entry, "", None][:3] if len(entry) == 1 else [*entry, None][:3]
    return Known(_instant(since), str(note), None if baseline is None else int(baseline))


def _instant(epoch: float | str) -> datetime:
    return datetime.fromtimestamp(float(epoch), tz=timezone.utc)
