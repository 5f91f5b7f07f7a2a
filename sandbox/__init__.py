"""A real udata portal and DCAT catalogues on loopback, for the demo and the tests; `Sandbox.start()` is the way in."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from sandbox.releases import RELEASES

if TYPE_CHECKING:
    from sandbox.real_portal import Sandbox, SandboxError

__all__ = ["RELEASES", "Sandbox", "SandboxError"]


def __getattr__(name: str) -> Any:
    # Imported on first use: `python -m sandbox.environments` and the portal process need none of it.
    if name in __all__:
        return getattr(importlib.import_module("sandbox.real_portal"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
