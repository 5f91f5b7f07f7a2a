"""How the integration tests look at the error that a call fails with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_harvest.exceptions import HarvestError

if TYPE_CHECKING:
    from collections.abc import Callable


def failure_of(call: Callable[[], object]) -> HarvestError:
    """The error that a call fails with."""
    with pytest.raises(HarvestError) as caught:
        call()
    return caught.value
