"""The udata application, its settings, its people and their keys; made once per process by ``__main__``."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from sandbox.dcat import LICENCE
from sandbox.udata_process import store

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask

    from sandbox.releases import Release

ORGANIZATION_NAME = "Rochebrune Open Data Office"
#: The roles of the sandbox's people, with the e-mail addresses that they are known by.
ROLES = {
    "admin": "sysadmin@rochebrune.example.org",
    "org_admin": "organisation.admin@rochebrune.example.org",
    "org_editor": "organisation.editor@rochebrune.example.org",
    "user": "citizen@rochebrune.example.org",
}


@dataclass(frozen=True)
class Inhabitants:
    """Who lives in the portal: what the ready message reports to the side that started it."""

    keys: dict[str, str]
    user_ids: dict[str, str]
    organization: dict[str, str]


def make_application(release: Release, port: int, manual_run: bool, storage: Path) -> Flask:
    """The whole udata site, front-end routes included, over an empty store.

    :param release: The release that is installed in this environment.
    :param port: The port that it will be served on; udata builds its links from it.
    :param manual_run: The portal's ``HARVEST_ENABLE_MANUAL_RUN``; udata's own default is ``False``.
    :param storage: The folder for uploaded files.
    """
    store.serialise_operations()
    store.speed_up()
    from udata import settings
    from udata.app import create_app, standalone

    override = type("SandboxSettings", (), _settings(release, port, manual_run, storage))
    app = standalone(create_app(settings.Defaults, override=override))
    _leave_out_statistics()
    return app


def _leave_out_statistics() -> None:
    """Count an organization's datasets and their reuses never, rather than at each save of a dataset.

    Nothing here reads those numbers, and in memory they cost nine tenths of a harvest and grow with the portal.
    """
    from udata.models import Organization

    Organization.count_datasets = lambda organization: None


def _settings(release: Release, port: int, manual_run: bool, storage: Path) -> dict[str, Any]:
    connection: dict[str, Any] = {
        "host": "mongodb://localhost:27017/udata",  # never dialled: the client class keeps the data in memory
        "mongo_client_class": store.SharedMongoClient,
    }
    if release.binary_uuids:
        connection["uuidRepresentation"] = "standard"
    return {
        "MONGODB_SETTINGS": connection,
        "CELERY_BROKER_URL": "memory://",
        "CELERY_RESULT_BACKEND": "cache+memory://",
        "CELERY_BROKER_TRANSPORT_OPTIONS": {"polling_interval": 0.05},
        "CACHE_TYPE": "flask_caching.backends.NullCache",
        "CACHE_NO_NULL_WARNING": True,
        "SERVER_NAME": f"127.0.0.1:{port}",
        "SECRET_KEY": secrets.token_hex(32),
        "API_TOKEN_SECRET": secrets.token_hex(32),
        "USE_SSL": False,
        "SESSION_COOKIE_SECURE": False,
        "WTF_CSRF_ENABLED": False,
        "MAIL_SUPPRESS_SEND": True,
        "SEND_MAIL": False,
        "FS_ROOT": str(storage),
        "URLS_ALLOW_LOCAL": True,
        "URLS_ALLOW_PRIVATE": True,
        "URLS_RESOLVE_HOSTNAME": False,  # the licence of each item would be looked up in the DNS, out of this machine
        "HARVEST_ENABLE_MANUAL_RUN": manual_run,
        **release.harvester_settings,
    }


def settle(app: Flask, release: Release) -> Inhabitants:
    """Make the people, the organization that two of them belong to, one key each, and the catalogues' licence.

    :param app: The application of this process.
    :param release: The release that is installed in this environment.
    """
    from udata.core.dataset.factories import LicenseFactory
    from udata.core.organization.factories import OrganizationFactory
    from udata.core.user.factories import AdminFactory, UserFactory

    with app.test_request_context("/"):
        LicenseFactory(id="lov2", title="Open Licence 2.0", url=LICENCE)
        people = {
            role: (AdminFactory if role == "admin" else UserFactory)(
                email=email, first_name=role.replace("_", " ").title(), last_name="of Rochebrune"
            )
            for role, email in ROLES.items()
        }
        organization = OrganizationFactory(
            name=ORGANIZATION_NAME,
            description="Publishes the open data of the city of Rochebrune and its surroundings.",
            admins=[people["org_admin"]],
            editors=[people["org_editor"]],
        )
        return Inhabitants(
            keys={role: issue_key(release, person, name=role) for role, person in people.items()},
            user_ids={role: str(person.id) for role, person in people.items()},
            organization={
                "id": str(organization.id),
                "slug": organization.slug,
                "name": organization.name,
            },
        )


def issue_key(release: Release, person: Any, name: str, expired: bool = False, revoked: bool = False) -> str:
    """Make an API key; needs an application context.

    :param release: Decides between the two kinds of key that udata has had.
    :param person: The udata user that the key logs in.
    :param name: What the portal calls the key.
    :param expired: Whether its time is over already.
    :param revoked: Whether it has been taken back.
    :returns: The key itself.
    :raises ValueError: Keys of this release neither expire nor can be revoked.
    """
    if not release.issues_tokens:
        if expired or revoked:
            raise ValueError(
                f"Keys of udata {release.version} neither expire nor can be revoked; those of 16.6.1 and later can."
            )
        if not person.apikey:  # there is one key a person: a second one would take the first away
            person.generate_api_key()
            person.save()
        return str(person.apikey)

    from udata.core.api_token.models import ApiToken

    token, plaintext = ApiToken.generate(person, name=name)
    an_hour_ago = datetime.now(timezone.utc) - timedelta(hours=1)
    if expired:
        token.expires_at = an_hour_ago
    if revoked:
        token.revoked_at = an_hour_ago
    token.save()
    return str(plaintext)
