"""Shared by all writes that must not be repeated: check their effect, and name who has the right.

Called by the flows on sources only (:mod:`sources`, :mod:`moderation`).
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from airflow_provider_harvest.exceptions import (
    HarvestApiError,
    HarvestAuthError,
    HarvestError,
    HarvestProtocolError,
    HarvestRequestRejected,
    HarvestResponseLost,
    HarvestServerError,
    HarvestSourceNotRunnable,
    HarvestWriteIgnored,
)
from airflow_provider_harvest.portal.models import HarvestSource
from airflow_provider_harvest.portal.text.untrusted import plain
from airflow_provider_harvest.portal.text.words import day

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_provider_harvest.portal.client import HarvestClient

log = logging.getLogger(__name__)
T = TypeVar("T")

#: After these errors of a write it is unknown whether it was carried out.
UNCLEAR = (HarvestResponseLost, HarvestServerError, HarvestProtocolError)
#: Seconds before each check of the effect of such a write: the portal may still be working on it.
_LOOKS = (1.0, 4.0)


def look_again(client: HarvestClient, look: Callable[[], T | None]) -> T | None:
    """Check a few times for the effect of a write; return what was found, None for nothing."""
    for pause in _LOOKS:
        client.clock.sleep(pause)
        found = look()
        if found:
            return found
    return None


def write_and_read(
    client: HarvestClient,
    source_id: str,
    write: Callable[[], object],
    is_done: Callable[[HarvestSource], bool],
    unclear: tuple[type[HarvestError], ...] = UNCLEAR,
    *,
    what: str,
    is_whole: Callable[[HarvestSource], bool] = lambda answer: True,
) -> tuple[HarvestSource, bool]:
    """Change a source, and return it as it then is.

    The response to a write holds the whole source, and is compared with what was sent. The source is read only if there
    is no such response, or if the change does not show in it: udata responds with 200 to some writes that it ignores.

    :param client: of the portal.
    :param source_id: id of the source.
    :param write: sends the change; returns the portal's response to it, or None.
    :param is_done: whether the change shows in the source.
    :param unclear: errors after which the source is read to see whether the change was carried out.
    :param what: the change, for the message: ``"the cron '0 3 * * *'"``.
    :param is_whole: whether a response also shows the effects of the change; default True.
    :returns: the source, and whether the portal itself said that the change was carried out.
    :raises HarvestWriteIgnored: if the portal said so, and the change does not show.
    """

    def look() -> HarvestSource | None:
        read = client.get_source(source_id)
        return read if is_done(read) else None

    try:
        answer = write()
    except unclear as error:
        log.warning("%s Checking whether it took effect.", error)
        found = look_again(client, look)
        if found is None:
            raise
        return found, False
    if isinstance(answer, HarvestSource) and answer.id == source_id and is_done(answer) and is_whole(answer):
        return answer, True
    found = look() or look_again(client, look)
    if found is None:
        raise HarvestWriteIgnored(
            f"The portal reported {plain(what, 200)} for source {source_id} as done, but the source is still as "
            f"before. Something on the portal overrules it: ask its team. See {client.source_url(source_id)}"
        )
    return found, True


def refuse_deleted(source: HarvestSource) -> None:
    if source.deleted is not None:
        raise HarvestSourceNotRunnable(
            f"Source {source.name!r} ({source.id}) was deleted on {day(source.deleted)}, which cannot be undone: the "
            "portal would accept this without any effect. Create the source again."
        )


@contextmanager
def telling(who_may: str) -> Iterator[None]:
    """Add to a portal's refusal for lack of a right who has it; 400 with ``organization`` is one, too."""
    try:
        yield
    except HarvestAuthError as error:
        if error.status_code != 403:
            raise
        raise restated(error, f"{error} {who_may}") from error
    except HarvestRequestRejected as error:
        errors = error.payload.get("errors") if isinstance(error.payload, dict) else None
        if not isinstance(errors, dict) or "organization" not in errors:
            raise
        raise restated(error, f"{error} {who_may}") from error


def restated(error: HarvestApiError, message: str) -> HarvestApiError:
    return type(error)(
        message, status_code=error.status_code, method=error.method, url=error.url, payload=error.payload
    )
