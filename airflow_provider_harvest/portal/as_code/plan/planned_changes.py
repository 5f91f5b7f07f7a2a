"""What is to be changed on a portal, as plain data that can be stored in a file; made by :mod:`.compare`.

A plan is JSON: it can be stored, shown to an approver, and applied by another process, perhaps with another key.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.as_code import ownership_marker

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: The version of a plan's JSON.
PLAN_SCHEMA = 1

CREATE, UPDATE, RESCHEDULE, VALIDATE = "create", "update", "reschedule", "validate"
ACTIVATE, DEACTIVATE, ADOPT, DELETE = "activate", "deactivate", "adopt", "delete"
#: What a plan may do to a source, in the order in which it is shown.
KINDS = (CREATE, UPDATE, RESCHEDULE, VALIDATE, ACTIVATE, DEACTIVATE, ADOPT, DELETE)

#: Fields of a change that its digest leaves out.
_ONLY_SHOWN = ("where", "owner_name")
#: Defaults of the fields of a change.
_UNSET: tuple[Any, ...] = (None, False, "", [], {})

_PLAIN_FIELDS = ("name", "url", "backend", "config", "autoarchive")


def looks_like_an_accident(deletions: int, managed: int) -> bool:
    """Whether so many deletions need their own confirmation: more than a quarter of the managed sources.

    :param deletions: how many sources are to be deleted.
    :param managed: how many sources carry the marker, those included.
    """
    return deletions * 4 > managed and deletions > 0


@dataclass(frozen=True)
class Change:
    """What is to be done to one source.

    :param key: the source's key in the files; of a source to be deleted, that of its marker.
    :param where: file and line, as in ``sources.yaml:12``; empty for one to be deleted.
    :param name: of the source, for people.
    :param source_id: the portal's id; None for one to be created.
    :param organization: id of the organization that it belongs to, None for a personal source.
    :param owner: id of the user that it belongs to; both None for a new one: the key's own user.
    :param owner_name: what the files call the owner of a new source, for people; None: the key's own user.
    :param seen: what the portal had in what is compared, as :func:`.values.values_of` returns it; empty for a new one.
    :param wanted: what it is to have there.
    :param initial: values of a new source for keys that the files do not give; never compared.
    :param comment: sent with the acceptance.
    :param twins: ids of other sources of the same owner, backend and URL that were there before this one is created.
    :param is_deleted: whether the source is to be deleted.
    """

    key: str
    where: str
    name: str
    source_id: str | None = None
    organization: str | None = None
    owner: str | None = None
    owner_name: str | None = None
    seen: Mapping[str, Any] = field(default_factory=dict)
    wanted: Mapping[str, Any] = field(default_factory=dict)
    initial: Mapping[str, Any] = field(default_factory=dict)
    comment: str | None = None
    twins: tuple[str, ...] = ()
    is_deleted: bool = False

    @property
    def is_new(self) -> bool:
        """Whether the source is to be created."""
        return self.source_id is None

    @property
    def differing(self) -> tuple[str, ...]:
        """Names of what is to get another value."""
        return tuple(name for name, value in self.wanted.items() if name not in self.seen or self.seen[name] != value)

    @property
    def kinds(self) -> tuple[str, ...]:
        """What is done to the source: some of :data:`KINDS`, in their order."""
        if self.is_deleted:
            return (DELETE,)
        if self.is_new:
            return (CREATE,)
        differing = self.differing
        text, wanted_text = (ownership_marker.split(values.get("description")) for values in (self.seen, self.wanted))
        is_done = {
            UPDATE: any(name in differing for name in _PLAIN_FIELDS)
            or ("description" in differing and (text[0] != wanted_text[0] or text[1] is not None)),
            RESCHEDULE: "schedule" in differing,
            VALIDATE: "validation" in differing,
            ACTIVATE: "active" in differing and self.wanted["active"],
            DEACTIVATE: "active" in differing and not self.wanted["active"],
            ADOPT: "description" in differing and text[1] is None and wanted_text[1] is not None,
        }
        return tuple(kind for kind in KINDS if is_done.get(kind))


@dataclass(frozen=True)
class Conflict:
    """A declared source for which it is undecided what to do; the others continue.

    :param key: its key in the files.
    :param where: file and line.
    :param reason: the end of a sentence that says why, and what to do.
    :param source_ids: the portal's sources that it is about.
    """

    key: str
    where: str
    reason: str
    source_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Denial:
    """What the key that read the portal may not do.

    :param kind: one of :data:`KINDS`.
    :param keys: of the sources that it was to be done to.
    :param reason: who may, as a sentence.
    """

    kind: str
    keys: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Plan:
    """What is to be done so that a portal matches the files.

    :param portal: site of the portal that was read.
    :param environment: the environment of the files; None if they define none.
    :param managed_by: name of the marker; None without one.
    :param read_at: when the portal was read, ISO, by its own clock.
    :param changes: sorted by key, deletions last.
    :param conflicts: what cannot be planned, sorted by key.
    :param denials: what the key that read the portal may not do.
    :param notes: sentences about what the plan leaves alone and a person should know.
    :param unchanged: how many sources match the files already.
    """

    portal: str
    environment: str | None = None
    managed_by: str | None = None
    read_at: str | None = None
    changes: tuple[Change, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    denials: tuple[Denial, ...] = ()
    notes: tuple[str, ...] = ()
    unchanged: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be changed. There may be conflicts all the same; they change nothing."""
        return not self.changes

    @property
    def is_clean(self) -> bool:
        """Whether the portal matches the files: nothing is to be changed, and nothing is unclear."""
        return not self.changes and not self.conflicts

    @property
    def counts(self) -> dict[str, int]:
        """How many sources there are of each of :data:`KINDS`, and of ``conflict`` and ``unchanged``.

        A source counts once for each thing that is done to it.
        """
        counted = Counter(kind for change in self.changes for kind in change.kinds)
        return {kind: counted[kind] for kind in KINDS} | {
            "conflict": len(self.conflicts),
            "unchanged": self.unchanged,
        }

    @property
    def digest(self) -> str:
        """Twelve characters that name exactly these changes to this portal, whenever they were planned."""
        return _digest(self.portal, [_as_json(change) for change in self.changes])

    def to_json(self) -> dict[str, Any]:
        """Return the plan as JSON values; :meth:`from_json` reads them."""
        head = {"schema": PLAN_SCHEMA, "digest": self.digest, "counts": self.counts}
        return {**head, **_as_json(self)}

    @classmethod
    def from_json(cls, data: object) -> Plan:
        """Read a plan.

        :param data: what :meth:`to_json` returned.
        :raises HarvestInvalidInput: if it is not a plan, of another version, or was changed by hand.
        """
        if not isinstance(data, dict) or "changes" not in data:
            raise HarvestInvalidInput(f"A plan must be an object with changes, not {type(data).__name__}: plan again.")
        if data.get("schema") != PLAN_SCHEMA:
            raise HarvestInvalidInput(
                f"The plan is of version {data.get('schema')!r}, and this package reads version {PLAN_SCHEMA}: "
                "plan again."
            )
        try:
            plan = cls(
                **_known(cls, data)
                | {
                    "changes": tuple(_read(Change, entry) for entry in data["changes"]),
                    "conflicts": tuple(_read(Conflict, entry) for entry in data.get("conflicts", ())),
                    "denials": tuple(_read(Denial, entry) for entry in data.get("denials", ())),
                    "notes": tuple(data.get("notes", ())),
                }
            )
        except (TypeError, AttributeError) as error:
            raise HarvestInvalidInput(f"The plan cannot be read ({error}): plan again.") from None
        # That of the plan as it was written: another version may know of changes what this one does not.
        if _digest(plan.portal, data["changes"]) != data.get("digest"):
            raise HarvestInvalidInput("The plan's changes are not those that were planned: plan again.")
        return plan

    @classmethod
    def from_text(cls, text: str, what: str = "The string") -> Plan:
        """Read a plan from JSON.

        :param what: what the JSON is, as the beginning of a sentence.
        :raises HarvestInvalidInput: as :meth:`from_json`.
        """
        try:
            data = json.loads(text)
        except ValueError:
            raise HarvestInvalidInput(f"{what} holds no plan: it is not JSON.") from None
        return cls.from_json(data)


def write_plan(plan: Plan, path: str | Path) -> None:
    """Write a plan into a file, as JSON."""
    Path(path).write_text(json.dumps(plan.to_json(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def looks_like_a_plan(path: str | Path) -> bool:
    """Whether a path names a file that holds a plan, whatever its name is: it is JSON, and files of sources are YAML.

    One that ends in ``.json`` is read as a plan even if it is malformed, so that the message is about a plan.
    """
    if str(path).endswith(".json"):
        return True
    try:
        with Path(path).open("rb") as file:
            return file.read(64).lstrip().startswith(b"{")
    except OSError:
        return False


def read_plan(path: str | Path) -> Plan:
    """Read a plan from a file.

    :raises HarvestInvalidInput: if there is no such file, or no plan in it.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise HarvestInvalidInput(f"The plan {path} cannot be read: {error.strerror}.") from None
    except ValueError:
        raise HarvestInvalidInput(f"{path} is not a plan: give a file that 'plan -o' wrote.") from None
    return Plan.from_text(text, str(path))


def _digest(portal: str, changes: list[dict[str, Any]]) -> str:
    """Return what identifies changes: neither their places in the files, nor what is only shown, nor what is not set.

    So a field that another version knows in addition does not matter until a plan sets it: its default is empty.
    """
    content = [
        {name: value for name, value in change.items() if name not in _ONLY_SHOWN and value not in _UNSET}
        for change in changes
    ]
    return hashlib.sha256(json.dumps([portal, content], sort_keys=True).encode()).hexdigest()[:12]


def _as_json(value: Any) -> Any:
    """Return a dataclass as JSON values, equal before it is written and after it is read."""
    return json.loads(json.dumps(asdict(value)))


def _known(kind: type, data: dict[str, Any]) -> dict[str, Any]:
    return {name: data[name] for name in _names(kind) if name in data}


def _names(kind: type) -> Iterator[str]:
    return (entry.name for entry in fields(kind))


def _read(kind: type, data: dict[str, Any]) -> Any:
    return kind(**{name: tuple(v) if isinstance(v, list) else v for name, v in _known(kind, data).items()})
