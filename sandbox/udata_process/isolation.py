"""Keeps a portal's process alive and on this machine, whatever its harvesters would do; called once, before udata."""

from __future__ import annotations

import ipaddress
import socket
import sys
import types
from typing import Any

_getaddrinfo = socket.getaddrinfo


def isolate() -> None:
    """Let nothing be reached beyond loopback, and let the CSW harvesters fail instead of ending the process.

    They fetch a stylesheet from the web, and use Saxon, whose native code aborts the whole process when one thread
    clears away what another made: Celery's threads do (seen with saxonche on 16.6.1 to 17.18.0).
    """
    socket.getaddrinfo = _resolve_here_only
    saxonche: Any = types.ModuleType("saxonche")
    saxonche.PySaxonProcessor = _NoSaxon
    saxonche.PyXdmNode = type("PyXdmNode", (), {})
    sys.modules["saxonche"] = saxonche


class _NoSaxon:
    def __init__(self, *_: Any, **__: Any) -> None:
        raise RuntimeError("The sandbox has no Saxon, which CSW catalogues take: harvest DCAT ones in it.")


def _resolve_here_only(host: Any, *arguments: Any, **options: Any) -> Any:
    name = host.decode() if isinstance(host, bytes) else host
    if name not in (None, "", "localhost") and not _is_loopback(name):
        raise socket.gaierror(socket.EAI_FAIL, f"The sandbox reaches nothing beyond this machine, so not {name}.")
    return _getaddrinfo(host, *arguments, **options)


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == socket.gethostname()
