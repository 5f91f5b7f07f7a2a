"""Where a portal's API is, from what a user typed as its address; used by the client and the hook."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.http.places import ARGUMENTS, Places, at_start

API_PATH = "/api/1"

#: Paths of the admin pages of a source and of a job, on portals whose pages are known from public sources: links of
#: data.gouv.fr's team (datagouv/data.gouv.fr#1843; a job has no page of its own there), the routes of dados.gov.pt's
#: front end (amagovpt/dadosgov-fe), and those of udata 9, of which data.public.lu is a fork. Without a language in the
#: path the last two redirect to the visitor's.
_DATA_GOUV_FR = ("/admin/harvesters/{source_id}", None)
_KNOWN_PAGES: dict[str, tuple[str, str | None]] = {
    "https://www.data.gouv.fr": _DATA_GOUV_FR,
    "https://demo.data.gouv.fr": _DATA_GOUV_FR,
    "https://dados.gov.pt": ("/admin/harvesters/{source_id}", "/admin/harvesters/{source_id}/jobs/{job_id}"),
    "https://data.public.lu": ("/admin/harvester/{source_id}/", None),
}


def site_url(host: str | None, schema: str | None = None, port: int | None = None, places: Places = ARGUMENTS) -> str:
    """Return the portal's site, without a slash at its end.

    :param host: ``www.data.gouv.fr``, ``https://www.data.gouv.fr``, ``portal:8080``, with or without a path;
        a path that ends in ``/api/1`` is cut there.
    :param schema: ``http`` or ``https``, if ``host`` has none; default https.
    :param port: if ``host`` has none; 0 counts as none (Airflow's connection form sends it).
    :param places: where the address was set, for messages; default: as an argument.
    :raises HarvestInvalidInput: for an empty host, another scheme, credentials in the address, or two ports.
    """
    text, where = (host or "").strip(), at_start(places.site)
    if not text:
        raise HarvestInvalidInput(
            f"{where} is empty: set it to the portal's site, for example https://www.data.gouv.fr."
        )
    if "://" not in text:
        text = f"{(schema or 'https').strip().lower()}://{text}"
    try:
        parts = urlsplit(text)
        named_port = parts.port
    except ValueError:
        raise HarvestInvalidInput(f"{where} is not a URL: its port is not a number.") from None
    if parts.scheme.lower() not in ("http", "https"):
        raise HarvestInvalidInput(f"The scheme of {places.site} must be http or https, not {parts.scheme!r}.")
    if "@" in parts.netloc:
        raise HarvestInvalidInput(f"{where} holds credentials: put the API key into {places.key}.")
    is_twice = "://" in text.partition("://")[2] or (parts.hostname or "") in ("http", "https")
    if not parts.hostname or is_twice or any(character.isspace() or character == "," for character in text):
        raise HarvestInvalidInput(f"{where} is not a URL: give the portal's site and nothing else.")
    if port and named_port and port != named_port:
        raise HarvestInvalidInput(f"The connection names two ports, {named_port} in its host and {port} as its port.")
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    scheme = parts.scheme.lower()
    chosen = named_port or port
    default = {"http": 80, "https": 443}[scheme]
    netloc = name if not chosen or chosen == default else f"{name}:{chosen}"
    path = parts.path.rstrip("/")
    path = path.removesuffix(API_PATH)
    return f"{scheme}://{netloc}{path}"


def known_pages(site: str) -> tuple[str | None, str | None]:
    """Return the URL templates of a portal's admin pages of a source and of a job; None for pages that are not known.

    :param site: of the portal.
    """
    source, job = _KNOWN_PAGES.get(site, (None, None))
    return source and f"{site}{source}", job and f"{site}{job}"


def is_loopback(site: str) -> bool:
    """Whether an address leads to this machine, by name or number, without a DNS query."""
    host = urlsplit(site).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def refuse_key_in_clear(site: str, api_key: str | None) -> None:
    """Refuse to send a key over plain http, except to this machine.

    :raises HarvestInvalidInput: if the key would be sent unencrypted.
    """
    if api_key and site.startswith("http://") and not is_loopback(site):
        raise HarvestInvalidInput(
            f"The API key would be sent to {site} unencrypted: use https, or remove the key, "
            "which reading does not need."
        )


def expand_page(template: str | None, default: str, **ids: str) -> str:
    """Return the page of a source or job for a person to open.

    :param template: URL with ``{source_id}`` and ``{job_id}``, from the connection's extra; None takes ``default``.
    """
    url = template or default
    for name, value in ids.items():
        url = url.replace("{" + name + "}", value)
    return url
