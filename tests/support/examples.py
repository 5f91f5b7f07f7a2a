"""How many examples a property is tried on: a tenth in every run, always the same; all in ``make properties``."""

from __future__ import annotations

from typing import Any

from hypothesis import settings

#: The profile of all runs that name none.
ORDINARY = "quick"
#: Examples of a property that names no number, by the name of the profile (``pytest --hypothesis-profile``).
PROFILES = {ORDINARY: 10, "thorough": 100}
_LEAST = 10

# An ordinary run is reproducible: it tries the same examples each time. `make properties` searches for new ones.
for _profile, _examples in PROFILES.items():
    settings.register_profile(
        _profile, max_examples=_examples, deadline=None, print_blob=True, derandomize=_profile == ORDINARY
    )
settings.load_profile(ORDINARY)


def examples(thorough: int, **options: Any) -> settings:
    """Return the settings of a property.

    :param thorough: how many examples it is tried on in the profile ``thorough``; in others, so many per cent of that
        as the profile has examples.
    :param options: further settings of Hypothesis.
    """
    assert settings.default is not None
    share = settings.default.max_examples / PROFILES["thorough"]
    return settings(max_examples=max(_LEAST, round(thorough * share)), **options)
