"""The udata releases that the sandbox runs and all that differs between them; read by both sides, imports nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Release:
    """One udata release, as the sandbox has to treat it.

    :param version: The version on the package index, for example ``"17.18.0"``.
    :param generation: The letter of its API generation, ``"A"`` (oldest) to ``"D"``.
    :param harvester_settings: The settings that switch its harvest backends on.
    :param item_methods: The methods of its ``BaseBackend`` that handle one item each, from creating it to ending it.
    :param issues_tokens: Whether keys are hashed, expirable tokens; before 16.6 a key was a field of the user.
    :param binary_uuids: Whether its models store UUIDs, which makes the driver ask for a representation.
    """

    version: str
    generation: str
    harvester_settings: dict[str, list[str]]
    item_methods: tuple[str, ...]
    issues_tokens: bool = True
    binary_uuids: bool = True

    @property
    def environment(self) -> str:
        """The name of the virtual environment that this release lives in."""
        return f"udata-{self.version}"


_ALL_BACKENDS = {"HARVESTER_BACKENDS": ["*"]}
# Until 14.0 backends were plugins; the last two come with 13.0.0, and a release ignores what it has not.
_PLUGINS = {"PLUGINS": ["dcat", "csw-dcat", "csw-iso-19139", "ckan", "dkan"]}
_ONE_METHOD = ("process_item",)
_METHOD_PER_KIND = ("process_dataset", "process_dataservice")

_TABLE = (
    Release("17.18.0", "D", _ALL_BACKENDS, _ONE_METHOD),
    Release("17.3.0", "C", _ALL_BACKENDS, _METHOD_PER_KIND),
    Release("16.6.1", "B", _ALL_BACKENDS, _METHOD_PER_KIND),
    Release("13.0.0", "B", _PLUGINS, _METHOD_PER_KIND, issues_tokens=False),
    Release("9.2.4", "A", _PLUGINS, _METHOD_PER_KIND, issues_tokens=False, binary_uuids=False),
)

#: The releases that the sandbox runs, newest first.
RELEASES: tuple[str, ...] = tuple(release.version for release in _TABLE)


def find_release(version: str) -> Release:
    """The release of that version.

    :param version: For example ``"17.18.0"``.
    :returns: Its row of the table.
    :raises ValueError: The sandbox does not run it.
    """
    for release in _TABLE:
        if release.version == version:
            return release
    raise ValueError(f"The sandbox does not run udata {version!r}; it runs {', '.join(RELEASES)}.")
