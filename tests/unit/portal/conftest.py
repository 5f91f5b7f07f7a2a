"""Properties of the portal's modules are tried on as many examples as `tests.support.examples` says."""

from __future__ import annotations

from tests.support import examples  # noqa: F401 - before Hypothesis makes the first property
