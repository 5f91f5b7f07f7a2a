"""Assets for what portals harvest, so that a producer's outlet and a watcher's asset are the same asset.

Their URIs name the portal, not a connection: ``harvest://www.data.gouv.fr/source/6b03fbe5f66a892d7cfe18b4``. Airflow
calls :func:`sanitize_uri` for every URI of this scheme, by the provider info.
"""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_harvest.portal.models import HarvestSource
    from airflow_provider_harvest.portal.statuses import EndCondition

log = logging.getLogger(__name__)

SCHEME = "harvest"
_PATH = re.compile(r"(?P<prefix>(?:/[^/?#]+)*?)/(?P<kind>source|organization)/(?P<id>[0-9a-fA-F]{24})/?")


def harvest_asset(
    portal: str,
    source_id: str | None = None,
    organization_id: str | None = None,
    *,
    name: str | None = None,
    watch: EndCondition | None = None,
    harvest_conn_id: str = "harvest_default",
    watchers: Sequence[Any] = (),
    **kwargs: Any,
) -> Any:
    """Return the asset of a source, of all sources of an organization, or of a whole portal.

    DAGs that have it in their ``schedule`` start at its events. These come either from a task that has it among its
    ``outlets`` (a run operator adds the result), or from ``watch``, which sees every harvest: with both, a harvest of
    that task fires two events. Reads no connection and sends nothing.

    Make each asset once, in a module of the DAGs folder, and import it wherever it is used: Airflow keeps the name and
    the watchers that the file parsed last gave it, so that a second one without watchers removes those of the first.

    :param portal: the portal's site, such as ``https://www.data.gouv.fr``, as the connection's host has it.
    :param source_id: id of the source; an id never changes, a slug may.
    :param organization_id: id of the organization.
    :param name: the asset's name in Airflow 3, as its graph shows it, such as ``"Town hall"``; default: its URI.
    :param watch: which harvests fire an event, no matter who started them: ``"ended"``, ``"success"`` or ``"failure"``
        (Airflow 3); default: none do. For other arguments of the trigger give ``watchers``.
    :param harvest_conn_id: the connection that ``watch`` reads the portal with; default ``harvest_default``.
    :param watchers: of ``AssetWatcher`` (Airflow 3), in addition to that of ``watch``.
    :param kwargs: further arguments of ``Asset``, such as ``group`` or ``extra``.
    :returns: an ``airflow.sdk.Asset``; on Airflow 2.11 a ``Dataset``.
    :raises HarvestInvalidInput: if the URL or the id is invalid.
    """
    uri = harvest_uri(portal, source_id, organization_id)
    try:
        from airflow.sdk import Asset
    except ImportError:  # Airflow 2.11 knows neither names nor watchers
        from airflow.datasets import Dataset  # type: ignore[import-not-found]

        return Dataset(uri, **kwargs)
    own = [] if watch is None else [_watcher(uri, watch, harvest_conn_id, source_id, organization_id)]
    asset = Asset(name=name or uri, uri=uri, watchers=[*own, *watchers], **kwargs)
    _warn_of_another(asset)
    return asset


def _watcher(
    uri: str, condition: EndCondition, conn_id: str, source_id: str | None, organization_id: str | None
) -> Any:
    from airflow.sdk import AssetWatcher

    from airflow_provider_harvest.triggers.event import HarvestJobEventTrigger

    trigger = HarvestJobEventTrigger(conn_id, source_id, organization_id, condition)
    return AssetWatcher(name=f"{uri} {condition}", trigger=trigger)


#: Name and watchers of each asset that this process has made, by URI.
_made: dict[str, tuple[str, frozenset[str]]] = {}


def _warn_of_another(asset: Any) -> None:
    """Warn if this process has made another asset for the same URI: Airflow keeps only one of the two."""
    this = (asset.name, frozenset(str(watcher.trigger.serialize()) for watcher in asset.watchers))
    before = _made.setdefault(asset.uri, this)
    if before != this:
        log.warning(
            "The asset %s is made twice, with another name or other watchers: Airflow keeps what it parses last, and "
            "the events of the other may never arrive. Make it once, in a module of its own, and import that.",
            asset.uri,
        )


def harvest_uri(portal: str, source_id: str | None = None, organization_id: str | None = None) -> str:
    """Return the URI of a source, of an organization's sources, or of a portal; arguments as for :func:`harvest_asset`.

    :raises HarvestInvalidInput: if the URL or the id is invalid.
    """
    from airflow_provider_harvest.exceptions import HarvestInvalidInput
    from airflow_provider_harvest.portal.http.address import site_url
    from airflow_provider_harvest.portal.http.places import ARGUMENTS

    if source_id is not None and organization_id is not None:
        raise HarvestInvalidInput("source_id and organization_id are both given: give one of them.")
    place = site_url(portal, places=replace(ARGUMENTS, site="the argument portal")).partition("://")[2]
    kind, ident = ("source", source_id) if source_id is not None else ("organization", organization_id)
    if ident is None:  # a blank one is refused below: it would widen the asset to the whole portal
        return f"{SCHEME}://{place}"
    if not re.fullmatch(r"[0-9a-fA-F]{24}", str(ident)):
        raise HarvestInvalidInput(f"{kind}_id must be an id (24 hexadecimal digits), never a slug, not {ident!r}.")
    return f"{SCHEME}://{place}/{kind}/{str(ident).lower()}"


def names_another(uri: str, source: HarvestSource) -> str | None:
    """Return what a URI names that a source is not, or does not belong to: ``source`` or ``organization``.

    :param uri: of an asset; one of another scheme, and one of a whole portal, names neither.
    :param source: as read from the portal.
    """
    found = _PATH.fullmatch(urlsplit(uri).path) if uri.startswith(f"{SCHEME}://") else None
    if found is None:
        return None
    organization = source.organization.id if source.organization else None
    own = source.id if found["kind"] == "source" else organization
    return None if found["id"].lower() == str(own).lower() else found["kind"]


def sanitize_uri(uri: SplitResult) -> SplitResult:
    """Return a URI of this scheme in the one form that names a thing; Airflow calls this for each asset.

    :raises ValueError: if the URI is not of this form.
    """
    if not uri.hostname or "@" in uri.netloc or uri.query or uri.fragment:
        raise ValueError(f"A {SCHEME} URI is {SCHEME}://PORTAL/source/ID, without credentials, query and fragment.")
    path = uri.path.rstrip("/")
    found = _PATH.fullmatch(path)
    if path and found is None and re.search(r"/(source|organization)(/|$)", path):
        raise ValueError(f"The path of a {SCHEME} URI must be /source/ID or /organization/ID, by id, not {path!r}.")
    if found is not None:
        path = f"{found['prefix']}/{found['kind']}/{found['id'].lower()}"
    return SplitResult(SCHEME, uri.netloc.lower(), path, "", "")
