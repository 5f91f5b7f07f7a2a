"""What a key may do to sources, as far as a portal reports it beforehand; called by the plan and the apply."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.portal.as_code.plan.planned_changes import CREATE, KINDS, RESCHEDULE, VALIDATE, Denial

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow_provider_harvest.portal.as_code.plan.planned_changes import Change
    from airflow_provider_harvest.portal.models import HarvestSource

_NO_KEY = "without an API key nothing can be written"
_MODERATES = "it takes a sysadmin's key"
_EDITS = "it takes the owner's key, that of an admin of the organization, or a sysadmin's"
_CREATES = "it takes the key of an admin of the organization, or a sysadmin's"


@dataclass(frozen=True)
class Rights:
    """What a key may do.

    :param user_id: id of its user; None without a key.
    :param is_sysadmin: whether that is a sysadmin, who may do everything.
    :param organizations: ids of the organizations of the user; None if the portal does not return them.
    :param may_edit: whether a source may be changed and deleted, by its id; missing if the portal does not
        return it (before 14.3).
    """

    user_id: str | None = None
    is_sysadmin: bool = False
    organizations: frozenset[str] | None = None
    may_edit: Mapping[str, bool] = field(default_factory=dict)

    @classmethod
    def read(cls, me: Mapping[str, Any] | None, sources: Iterable[HarvestSource]) -> Rights:
        """Return the rights of a key.

        :param me: what ``whoami()`` returned; None without a key.
        :param sources: as listed with that key.
        """
        if me is None:
            return cls()
        memberships = me.get("organizations")
        organizations = (
            frozenset(str(entry.get("id")) for entry in memberships if isinstance(entry, dict))
            if isinstance(memberships, list)
            else None
        )
        may_edit = {
            source.id: bool(source.permissions["edit"])
            for source in sources
            if source.permissions and "edit" in source.permissions
        }
        return cls(str(me["id"]), "admin" in (me.get("roles") or ()), organizations, may_edit)

    def refusal(self, change: Change, kind: str) -> str | None:
        """Return why a key may not do something to a source; None if it may, or if only an attempt will show."""
        if self.user_id is None:
            return _NO_KEY
        if self.is_sysadmin:
            return None
        if kind in (VALIDATE, RESCHEDULE):
            return _MODERATES
        if kind == CREATE:
            return None if self._may_create(change) else _CREATES
        if change.source_id is not None and self.may_edit.get(change.source_id) is False:
            return _EDITS
        return None

    def _may_create(self, change: Change) -> bool:
        if change.organization is not None:
            return self.organizations is None or change.organization in self.organizations
        return change.owner in (None, self.user_id)


def tasks_of(change: Change) -> tuple[str, ...]:
    """Return the kinds of work that a change is, each of which takes a right: creating a source may include others."""
    if not change.is_new:
        return change.kinds
    moderated = [kind for kind, name in ((VALIDATE, "validation"), (RESCHEDULE, "schedule")) if change.wanted.get(name)]
    return (CREATE, *moderated)


def denials(changes: Iterable[Change], rights: Rights) -> tuple[Denial, ...]:
    """Return what a key may not do of a plan, one entry for each kind and reason; none without a key.

    :param changes: what is planned.
    :param rights: of the key.
    """
    if rights.user_id is None:
        return ()
    refused: dict[tuple[str, str], list[str]] = {}
    for change in changes:
        for kind in tasks_of(change):
            reason = rights.refusal(change, kind)
            if reason:
                refused.setdefault((kind, reason), []).append(change.key)
    order = {kind: number for number, kind in enumerate(KINDS)}
    entries = sorted(refused.items(), key=lambda entry: (order[entry[0][0]], entry[0][1]))
    return tuple(Denial(kind, tuple(sorted(keys)), reason) for (kind, reason), keys in entries)
