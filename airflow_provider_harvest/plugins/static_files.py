"""The ASGI app that serves the script of the pages, and nothing else; used by the plugin."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

_FOLDER = Path(__file__).parent / "static"


class StaticFilesOnDemand:
    """Serves the folder ``static``. Starlette is imported at the first request, not by workers or DAG parsing."""

    def __init__(self) -> None:
        self._files: Any = None

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        """Respond to a request: GET and HEAD of the files, 404 and 405 for all else."""
        if self._files is None:
            from starlette.staticfiles import StaticFiles

            self._files = StaticFiles(directory=_FOLDER)
        await self._files(scope, receive, send)
