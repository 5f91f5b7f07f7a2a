"""How the integration tests examine the error that a call fails with."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.exceptions import HarvestError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def failure_of(call: Callable[[], object]) -> HarvestError:
    """The error that a call fails with."""
    with pytest.raises(HarvestError) as caught:
        call()
    return caught.value


@contextlib.contextmanager
def fails(pattern: str, kind: type[Exception] | None = None) -> Iterator[pytest.ExceptionInfo[Any]]:
    """Expect that a task fails for good with a message; its lines, which are broken to fit a log, are joined.

    :param pattern: regular expression of a part of the message.
    :param kind: of the exception; default: `HarvestFailException`.
    """
    from airflow_provider_harvest.operators._retries import HarvestFailException

    with pytest.raises(kind or HarvestFailException) as caught:
        yield caught
    said = " ".join(str(caught.value).split())
    assert re.search(pattern, said), said
