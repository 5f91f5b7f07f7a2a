"""Writes a portal's sources as a file of sources, ready to commit; called by the operator and the command line.

The same sources always give the same file, and a plan of the file right after it is empty. What a file must not
contain, such as a secret on the portal, is left out, and the file's first lines say so.
"""

from __future__ import annotations

import json
import re
import textwrap
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.as_code import ownership_marker
from airflow_provider_harvest.portal.as_code.files import schema as layout
from airflow_provider_harvest.portal.as_code.files.config import shorten
from airflow_provider_harvest.portal.as_code.files.find_secrets import (
    config_without_secrets,
    secret_of_line,
    secrets_in,
)
from airflow_provider_harvest.portal.as_code.files.yaml_document import write
from airflow_provider_harvest.portal.as_code.plan.make_plan import read_sources
from airflow_provider_harvest.portal.cron import check_cron
from airflow_provider_harvest.portal.http.unreadable_entries import unreadable_sentence
from airflow_provider_harvest.portal.inputs import check_backend, check_config, check_name, check_url, is_object_id
from airflow_provider_harvest.portal.sources import guard_note
from airflow_provider_harvest.portal.sources.identity import optional_text
from airflow_provider_harvest.portal.sources.writes import organization_of
from airflow_provider_harvest.portal.statuses import ACCEPTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.http.unreadable_entries import UnreadableEntry
    from airflow_provider_harvest.portal.models import HarvestBackend, HarvestSource

#: Fields that are written once, as a default, if more than half of the sources have the same value.
_SHARED = ("backend", "config", "organization", "active", "autoarchive", "schedule", "validation")


@dataclass(frozen=True)
class Export:
    """Sources as a file.

    :param text: the file.
    :param count: how many sources it holds.
    :param left_out: sentences about what was left out; they are also its first lines.
    """

    text: str
    count: int
    left_out: tuple[str, ...] = ()


def export_sources(
    client: HarvestClient,
    organization: str | None = None,
    owner: str | None = None,
    environment: str | None = None,
    *,
    with_ids: bool = True,
) -> Export:
    """Return a portal's sources as a file; the portal is only read, and no key is needed.

    :param client: of the portal.
    :param organization: id or slug; only its sources. Default: those of all.
    :param owner: id of a user; only their own sources.
    :param environment: name under which the portal and its ids are written, if the file is for several
        portals; default: none, the file is of one portal.
    :param with_ids: whether the portal and its ids of sources and users are written (default True). Without them the
        file can be planned on any portal; sources of a user then belong to the key that creates them.
    :raises HarvestInvalidInput: if organization and owner are both given, or the environment has no good name.
    """
    organization, owner = optional_text(organization, "organization"), optional_text(owner, "owner")
    environment = optional_text(environment, "environment")
    if organization and owner:
        raise HarvestInvalidInput("organization and owner are both given: give one of them.")
    if environment and any(True for _ in layout.KEY.problems(environment)):
        raise HarvestInvalidInput(f"environment must be {layout.KEY.wanted}.")
    broken: list[UnreadableEntry] = []
    sources = read_sources(
        client, organization=organization_of(client, organization), owner=owner, on_unreadable=broken.append
    )
    site = client.site if with_ids else None
    return as_file(sources, client.list_backends(), site, environment, unreadable=broken)


def as_file(
    sources: Iterable[HarvestSource],
    backends: Iterable[HarvestBackend],
    site: str | None,
    environment: str | None = None,
    *,
    unreadable: Iterable[UnreadableEntry] = (),
) -> Export:
    """Return sources as a file.

    :param sources: in any order.
    :param backends: all that the portal offers.
    :param site: of the portal; None leaves it and the ids out.
    :param environment: as for :func:`export_sources`.
    :param unreadable: what is known of sources that the portal cannot return.
    """
    offered = list(backends)
    keyed = _keys(sources)
    bodies, left_out = {}, [unreadable_sentence(entry) for entry in unreadable]
    for key, source in sorted(keyed.items(), key=lambda entry: (_whose(entry[1]), entry[0])):
        body, problems = _body(source, offered)
        left_out += [f"{key!r}, {problem}" for problem in problems]
        if site is None and "url" not in body:
            left_out.append(f"{key!r}, the whole source: without url or id it could not be found again.")
            continue
        # Ids belong to one portal: on another one they are unknown, or of other objects.
        ids = {"id": source.id} | ({"owner": body.pop("owner")} if "owner" in body else {})
        if site is not None:
            body |= {"environments": {environment: ids}} if environment else ids
        bodies[key] = body
    top: dict[str, Any] = {"version": layout.VERSION}
    if site is not None:
        top |= {"environments": {environment: {"portal": site}}} if environment else {"portal": site}
    names = {ownership_marker.split(source.description)[1] for source in keyed.values()}
    if len(names) == 1 and None not in names:
        top["managed_by"] = names.pop()
    defaults = take_defaults(bodies)
    if defaults:
        top["defaults"] = defaults
    return Export(file_text(top, bodies, left_out), len(bodies), tuple(left_out))


def file_text(top: dict[str, Any], bodies: dict[str, dict[str, Any]], left_out: Sequence[str] = ()) -> str:
    """Return a file of sources as a string.

    :param top: the keys above the sources.
    :param bodies: the sources by key.
    :param left_out: sentences for its first lines.
    """
    comments = [f"# Left out: {_comment(sentence)}\n" for sentence in left_out]
    blocks = [textwrap.indent(write({key: body}), "  ") for key, body in bodies.items()]
    sources = "sources:\n" + "\n".join(blocks) if blocks else "sources: {}\n"
    return "".join(comments) + write(top) + sources


def _comment(sentence: str) -> str:
    """Return a sentence that a reader takes for no secret, although it may repeat what a portal says."""
    line = " ".join(sentence.split())
    return "what looks like a secret; the log of the export says of which source." if secret_of_line(line) else line


# --- keys ----------------------------------------------------------------------------------------------------------


def _keys(sources: Iterable[HarvestSource]) -> dict[str, HarvestSource]:
    """Return each source under a key: that of its marker, or one made of its name; the oldest gets the plain one."""
    in_order = sorted(sources, key=lambda source: (str(source.created_at or ""), source.id))
    keyed: dict[str, HarvestSource] = {}
    unmarked = []
    for source in in_order:
        marked = ownership_marker.split(source.description)[2]
        if marked and marked not in keyed and re.fullmatch(layout.KEY.pattern, marked, re.ASCII):
            keyed[marked] = source
        else:
            unmarked.append(source)
    for source in unmarked:
        keyed[free_key(source.name, keyed)] = source
    return keyed


def free_key(name: str, taken: Iterable[str]) -> str:
    """Return a key made of a name that is not taken yet.

    :param name: of a source, in any script.
    :param taken: keys that are.
    """
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    plain = re.sub(r"[^a-z0-9]+", "-", ascii_name).strip("-")[:80].rstrip("-") or "source"
    taken, key, number = set(taken), plain, 1
    while key in taken:
        number += 1
        key = f"{plain}-{number}"
    return key


def _whose(source: HarvestSource) -> str:
    return _organization(source) or (source.owner.id if source.owner else "")


def _organization(source: HarvestSource) -> str | None:
    ref = source.organization
    if ref is None:
        return None
    return ref.slug if ref.slug and not is_object_id(ref.slug) else ref.id


# --- one source ----------------------------------------------------------------------------------------------------


def _body(source: HarvestSource, backends: list[HarvestBackend]) -> tuple[dict[str, Any], list[str]]:
    """Return what a file says about a source, and what is left out."""
    problems: list[str] = []
    lacking: list[str] = []
    text, _, _ = ownership_marker.split(guard_note.split(source.description)[0])  # the guard's memory is not the files'
    backend = next((offered for offered in backends if offered.id == source.backend), None)
    body: dict[str, Any] = {}

    def say(name: str, value: object, check: Callable[[Any], Any]) -> None:
        try:
            found = next((problem.text for problem in secrets_in({name: value})), None)
            if found:
                raise HarvestInvalidInput(f"it {found.partition('. Keep')[0]}.")
            # The reader takes what follows a "#" for a comment.
            if isinstance(value, str) and secret_of_line(value.partition("#")[2]):
                raise HarvestInvalidInput("it must not hold a secret, but gives a value to a name of one.")
            body[name] = check(value)
        except HarvestInvalidInput as error:
            problems.append(f"{name}: {error}")
            lacking.append(name)

    say("name", source.name, check_name)
    say("url", source.url, check_url)
    say("backend", source.backend, lambda value: check_backend(value, backends).id)
    if text:
        say("description", text, str)
    config = source.config
    if any(True for _ in secrets_in(config)):
        problems.append("config: a file must hold no secret, so that part is left out; the rest is written.")
        lacking.append("config")
        config = config_without_secrets(config)
    say("config", config, lambda value: shorten(check_config(value, backend)))
    organization = _organization(source)
    if organization:
        body["organization"] = organization
    elif source.owner:
        body["owner"] = source.owner.id
    for name in ("active", "autoarchive"):
        if getattr(source, name) is not None:
            body[name] = getattr(source, name)
    if guard_note.is_held(source):
        body["autoarchive"] = True  # as it was, and will be once a person has released it
    if source.schedule:
        say("schedule", source.schedule, check_cron)
    else:
        body["schedule"] = layout.NEVER
    if source.is_accepted:
        body["validation"] = ACCEPTED
    if lacking:  # so that a copy is not switched on without its filters, for example
        body["incomplete"] = list(dict.fromkeys(lacking))
    return body, problems


# --- what many have in common --------------------------------------------------------------------------------------


def take_defaults(bodies: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Move what more than half of the sources have in common into defaults, and return those."""
    defaults: dict[str, Any] = {}
    if len(bodies) < 2:
        return defaults
    for name in _SHARED:
        written = Counter(json.dumps(body[name], sort_keys=False) for body in bodies.values() if name in body)
        if not written:
            continue
        value, count = min(written.items(), key=lambda entry: (-entry[1], entry[0]))
        if count * 2 > len(bodies) and not (name == "config" and _has_null(bodies.values())):
            defaults[name] = json.loads(value)
            for body in bodies.values():
                _take_out(name, defaults[name], body)
    return defaults


def _has_null(bodies: Iterable[dict[str, Any]]) -> bool:
    """Whether a configuration has a null at its top, which would reset a default next to it."""
    return any(value is None for body in bodies for value in (body.get("config") or {}).values())


def _take_out(name: str, default: Any, body: dict[str, Any]) -> None:
    """Leave out of a source what the default says, and reset what the default says in addition."""
    if name not in body:
        body[name] = None
    elif json.dumps(body[name]) == json.dumps(default):
        del body[name]
    elif name == "config":
        beside = dict.fromkeys(section for section in default if section not in body[name])
        own = {
            key: value
            for key, value in body[name].items()
            if key not in default or json.dumps(default[key]) != json.dumps(value)
        }
        body[name] = {**own, **beside}
