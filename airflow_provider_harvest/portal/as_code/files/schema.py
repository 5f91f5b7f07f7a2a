"""The one definition of the file format; the reader checks by it, ``schema.json`` is made from it.

``python -m airflow_provider_harvest.portal.as_code.files.schema`` prints that schema; a test holds the file to it.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from airflow_provider_harvest.portal.as_code.files.kinds import (
    Anything,
    Choice,
    Flag,
    Kind,
    ListOf,
    MapOf,
    Named,
    Nullable,
    ObjectOf,
    OneOf,
    Scalar,
    Text,
)
from airflow_provider_harvest.portal.inputs import FILTER_TYPES, MAX_NAME_LENGTH
from airflow_provider_harvest.portal.statuses import ACCEPTED

#: The version of the format that this package reads and writes.
VERSION = 1
ABSENT = "absent"
NEVER = "never"
#: The file of a folder with what applies to all its files.
PORTAL_FILE = "portal.yaml"

_OBJECT_ID = Text("an id (24 hexadecimal digits)", "[0-9a-fA-F]{24}")
_ID_OR_SLUG = Text("an id or a slug, such as ddt-de-lain", "[A-Za-z0-9][A-Za-z0-9_-]*")
KEY = Text("letters, digits, '.', '_' and '-', 100 at most, such as ddt-01", "[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_TIME = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"

# --- config, in udata's own form or in the short one --------------------------------------------------------------

_Fields = dict[str, "tuple[Kind, str]"]
_ENTRY: _Fields = {"key": (Text(), "A name that the backend knows."), "value": (Anything(), "Its value.")}
_FILTER: _Fields = {
    **_ENTRY,
    "type": (Nullable(Choice(FILTER_TYPES)), "Whether matching records are included or excluded."),
}
_SOME = OneOf(
    {"string": Scalar(), "number": Scalar(), "boolean": Scalar(), "array": ListOf(Scalar())},
)
_INCLUDE_OR_EXCLUDE = ObjectOf(
    {
        "include": (_SOME, "Only records with one of these are harvested."),
        "exclude": (_SOME, "Records with one of these are left out."),
    }
)
_FILTERS = OneOf(
    {
        "object": MapOf(OneOf({**_SOME.kinds, "object": _INCLUDE_OR_EXCLUDE})),
        "array": ListOf(ObjectOf(_FILTER, ("key", "value"), is_open=True)),
    }
)
_FEATURES = OneOf({"array": ListOf(Text()), "object": MapOf(Flag())})
_EXTRA_CONFIGS = OneOf({"object": MapOf(Anything()), "array": ListOf(ObjectOf(_ENTRY, ("key", "value"), is_open=True))})
CONFIG = Named(
    "config",
    ObjectOf(
        {
            "filters": (Nullable(_FILTERS), "Which records are harvested: each key is a filter of the backend."),
            "features": (
                Nullable(_FEATURES),
                "Optional backend features: a list of names, or a mapping of name to true or false.",
            ),
            "extra_configs": (Nullable(_EXTRA_CONFIGS), "Other settings of the backend, by name."),
        },
        is_open=True,
    ),
)

# --- a source ------------------------------------------------------------------------------------------------------

_WINDOW = ObjectOf(
    {
        "window": (
            Text("two times such as 00:00-05:00 or 22:00-05:00", f"{_TIME}-(?:{_TIME}|24:00)"),
            "Range of times of day, on the portal's clock, in which each source gets a minute of its own.",
        ),
        "days": (Text("days of the week as in a cron, such as mon-fri"), "On which days of the week; default: all."),
    },
    ("window",),
)
_SCHEDULE = Named("schedule", OneOf({"string": Text(f"a cron, a window or {NEVER}"), "object": _WINDOW}))
_VALIDATION = Named(
    "validation",
    OneOf(
        {
            "string": Choice((ACCEPTED,)),
            "object": ObjectOf(
                {"state": (Choice((ACCEPTED,)), "Accepted."), "comment": (Text(), "Shown to the owner of the source.")},
                ("state",),
            ),
        }
    ),
)
_SETTINGS = {
    "name": (
        Nullable(Text(f"a string of {MAX_NAME_LENGTH} characters at most", longest=MAX_NAME_LENGTH)),
        "Shown on the portal.",
    ),
    "url": (Nullable(Text()), "Address of the remote catalogue. Public on the portal: it must hold no secret."),
    "backend": (Nullable(Text()), "Kind of catalogue; one of the portal's backends, such as dcat."),
    "description": (Nullable(Text()), "Shown on the portal."),
    "config": (Nullable(CONFIG), "Filters, features and settings of the backend. Public on the portal."),
    "organization": (Nullable(_ID_OR_SLUG), "Id or slug of the organization that the source belongs to."),
    "owner": (Nullable(_OBJECT_ID), "Id of the user that the source belongs to, instead of an organization."),
    "active": (Nullable(Flag()), "Whether it may be harvested."),
    "autoarchive": (
        Nullable(Flag()),
        "Whether datasets that left the catalogue are archived after a grace.",
    ),
    "schedule": (
        Nullable(_SCHEDULE),
        f"When it is harvested, on the portal's clock: a cron, a window of time, or {NEVER}.",
    ),
    "validation": (
        Nullable(_VALIDATION),
        "Whether to accept it, which starts its first harvest. Without this key the portal's team decides.",
    ),
}
_ID = {"id": (Nullable(_OBJECT_ID), "The portal's own id of the source; optional.")}
#: The keys of a source in one environment.
IN_ENVIRONMENT = ObjectOf({**_SETTINGS, **_ID})
#: The keys that a copy may lack.
_INCOMPLETE = ListOf(Choice(("name", "url", "backend", "description", "config", "schedule")))
_SOURCE = ObjectOf(
    {
        **_SETTINGS,
        **_ID,
        "incomplete": (
            Nullable(_INCOMPLETE),
            (
                "Keys that an export could not write, such as a secret: a new source stays inactive until this "
                "is taken out; on an existing source these keys are not changed."
            ),
        ),
        "environments": (
            Nullable(
                MapOf(
                    Nullable(OneOf({"string": Choice((ABSENT,)), "object": IN_ENVIRONMENT})),
                    Text("the name of an environment", KEY.pattern),
                )
            ),
            f"Values that differ in an environment, or {ABSENT} if the source must not exist there.",
        ),
    }
)

# --- a file --------------------------------------------------------------------------------------------------------

_DEFAULTS = (Nullable(ObjectOf(_SETTINGS)), "Values for every source that does not set its own.")
_PORTAL = (Nullable(Text("the address of a portal, such as https://www.data.gouv.fr")), "Site of the portal.")
#: The keys that only one file of a folder may have.
PORTAL_WIDE = ("portal", "managed_by", "environments")
DOCUMENT = ObjectOf(
    {
        "version": (Choice((VERSION,)), "Version of this format."),
        "portal": _PORTAL,
        "managed_by": (
            Nullable(Text("a name of letters, digits, '.', '_' and '-'", KEY.pattern)),
            (
                "A name that is put into the public description of each source, so that sources that left the files "
                "can be recognized and deleted."
            ),
        ),
        "environments": (
            Nullable(
                MapOf(Nullable(ObjectOf({"portal": _PORTAL, "defaults": _DEFAULTS})), KEY),
            ),
            "The portals that have these sources, such as demo and production, by name.",
        ),
        "defaults": _DEFAULTS,
        "sources": (
            Nullable(MapOf(_SOURCE, KEY)),
            "The sources, each under a key that never changes, even if its name does.",
        ),
    },
    ("version",),
)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a file of sources, for editors."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",  # the newest that all editors know
        "title": "Harvest sources as code",
        **DOCUMENT.schema(),
        "definitions": {named.name: named.kind.schema() for named in (CONFIG, _SCHEDULE, _VALIDATION)},
    }


def schema_text() -> str:
    """Return the JSON Schema as ``schema.json`` contains it."""
    return json.dumps(json_schema(), indent=1) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
