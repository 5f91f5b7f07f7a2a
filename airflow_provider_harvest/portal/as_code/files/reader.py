"""Reads files of sources: one YAML file or a folder, for one environment; called by the operators and the command line.

All problems of all files are reported together, each with file, line and key, before anything is sent.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.as_code.files import schema as layout
from airflow_provider_harvest.portal.as_code.files.find_secrets import secret_of_line, secrets_in
from airflow_provider_harvest.portal.as_code.files.layers import Layer, declared_source
from airflow_provider_harvest.portal.as_code.files.yaml_document import Document, parse
from airflow_provider_harvest.portal.as_code.model import Declaration, InvalidDeclaration
from airflow_provider_harvest.portal.http.address import site_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_harvest.portal.as_code.files.kinds import Path, Problem
    from airflow_provider_harvest.portal.as_code.model import DeclaredSource

_SUFFIXES = (".yaml", ".yml")


def read(path: str | FilePath, environment: str | None = None) -> Declaration:
    """Read the sources of one environment from files.

    :param path: a YAML file, or a folder whose files (``*.yaml`` and ``*.yml``, also in folders within) are read
        together. In a folder ``portal.yaml`` says what holds for all of them.
    :param environment: its name; it may be left out if the files define one or none.
    :returns: the sources sorted by key.
    :raises InvalidDeclaration: with all problems.
    """
    return Files.load(path).declaration(environment)


@dataclass(frozen=True)
class Files:
    """Files that were read and whose shape is right.

    :param documents: of the sources, sorted by name.
    :param portal_wide: the document that says what holds for all of them.
    """

    documents: tuple[Document, ...]
    portal_wide: Document

    @classmethod
    def load(cls, path: str | FilePath) -> Files:
        """Read files and check their shape.

        :param path: as for :func:`read`.
        :raises InvalidDeclaration: with all problems of all files.
        """
        if not str(path).strip() or str(path) == "None":  # Path("") would be the current folder
            raise InvalidDeclaration(["The path of the files is blank: give a YAML file, or a folder of them."])
        documents, problems = [], []
        folder = FilePath(path)
        for file in _files(folder):
            name = file.relative_to(folder).as_posix() if file != folder else file.name
            try:
                document = _document(file, name)
                documents.append(document)
                problems += _problems_of(document)
            except InvalidDeclaration as error:
                problems += error.problems
        if problems:
            raise InvalidDeclaration(problems)
        files = cls(tuple(documents), _portal_wide(documents))
        files._check_together()
        return files

    @property
    def environments(self) -> tuple[str, ...]:
        """Names of the environments that the files define, in their order; empty if there are none."""
        return tuple(self.portal_wide.value.get("environments") or {})

    def declaration(self, environment: str | None = None) -> Declaration:
        """Return the sources of one environment.

        :param environment: its name; it may be left out if the files define one or none.
        :raises InvalidDeclaration: with all problems.
        """
        environment = self._chosen(environment)
        wide = self.portal_wide
        problems: list[str] = []
        settings = (wide.value.get("environments") or {}).get(environment) or {}
        portal = settings.get("portal") or wide.value.get("portal")
        try:
            portal = site_url(portal) if portal else None
        except HarvestInvalidInput:  # its message is about a connection
            own: Path = ("environments", str(environment), "portal")
            where = own if settings.get("portal") else ("portal",)
            problems.append(f"{wide.where(where)}: portal must be an address such as https://www.data.gouv.fr.")
        sources = list(self._sources(environment, problems))
        if problems:
            raise InvalidDeclaration(problems)
        return Declaration(
            sources=tuple(sorted(sources, key=lambda source: source.key)),
            portal=portal,
            environment=environment,
            managed_by=wide.value.get("managed_by"),
        )

    def _chosen(self, environment: str | None) -> str | None:
        known = self.environments
        if environment is None and len(known) > 1:
            raise InvalidDeclaration([f"The files define the environments {', '.join(known)}: name one of them."])
        if environment is not None and environment not in known:
            named = f"they define {', '.join(known)}" if known else "they define none"
            raise InvalidDeclaration([f"The files do not define the environment {environment!r}: {named}."])
        return environment or (known[0] if known else None)

    def _sources(self, environment: str | None, problems: list[str]) -> Iterator[DeclaredSource]:
        """Yield the sources of an environment; what is wrong with others goes to ``problems``."""
        wide = self.portal_wide
        in_environment: Path | None = ("environments", environment, "defaults") if environment else None
        for document in self.documents:
            shared: list[tuple[Document, Path]] = [(wide, ("defaults",))] if document is not wide else []
            shared += [(document, ("defaults",)), *([(wide, in_environment)] if in_environment else [])]
            layers = [Layer(said_in, path) for said_in, path in shared]
            for key in document.value.get("sources") or {}:
                own = Layer(document, ("sources", key))
                there = Layer(document, ("sources", key, "environments", environment)) if environment else None
                if there and there.values == layout.ABSENT:
                    continue
                said = [*layers, own, *([there] if there else [])]
                try:
                    yield declared_source(key, document.where(own.path), said, has_environments=bool(environment))
                except InvalidDeclaration as error:
                    problems += error.problems

    def _check_together(self) -> None:
        """Check what only all files together can show.

        :raises InvalidDeclaration: with all problems.
        """
        problems = []
        first: dict[str, str] = {}
        known = self.environments
        for document in self.documents:
            if document is not self.portal_wide:
                problems += [
                    f"{document.where((name,))}: {name} applies to all files: put it into {layout.PORTAL_FILE}."
                    for name in layout.PORTAL_WIDE
                    if document.value.get(name) is not None
                ]
            for key, source in (document.value.get("sources") or {}).items():
                path: Path = ("sources", key)
                if key in first:
                    problems.append(f"{document.where(path)}: {key}: the key is already used at {first[key]}.")
                first.setdefault(key, document.where(path))
                for name in source.get("environments") or {}:
                    if name not in known:
                        problems.append(
                            f"{document.where((*path, 'environments', name))}: {key}: the environment {name!r} is not "
                            f"at the top of {self.portal_wide.name}: {', '.join(known) or 'there are none'}."
                        )
        if problems:
            raise InvalidDeclaration(problems)


def _files(path: FilePath) -> list[FilePath]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise InvalidDeclaration([f"There is no file or folder {path}."])
    found = sorted(_below(path))
    if not found:
        raise InvalidDeclaration([f"The folder {path} holds no file that ends in {' or '.join(_SUFFIXES)}."])
    return found


def _below(folder: FilePath) -> Iterator[FilePath]:
    """Yield the files of a folder and its folders, without hidden ones.

    :raises InvalidDeclaration: if a folder cannot be read: its sources would count as taken out of the files.
    """

    def refuse(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):  # one that went since its parent was read
            raise InvalidDeclaration([f"The folder {error.filename} cannot be read: {error.strerror}."])

    for parent, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            file = FilePath(parent, name)
            if not name.startswith(".") and file.suffix in _SUFFIXES and file.is_file():
                yield file


def read_text(file: FilePath, name: str) -> str:
    """Return the text of a file.

    :param file: written in UTF-8.
    :param name: of the file, for messages.
    :raises InvalidDeclaration: if it cannot be read, or is written in something else.
    """
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise InvalidDeclaration([f"{name}:{line}: the file is not UTF-8 (Latin-1?): save it as UTF-8."]) from None
    except OSError as error:
        raise InvalidDeclaration([f"{name}: the file cannot be read: {error.strerror}."]) from None


def _document(file: FilePath, name: str) -> Document:
    text = read_text(file, name)
    hidden = [
        f"{name}:{number}: a comment must not hold a secret: {found}."
        for number, line in enumerate(text.splitlines(), 1)
        if "#" in line and (found := secret_of_line(line.partition("#")[2]))
    ]
    if hidden:
        raise InvalidDeclaration(hidden)
    return parse(text, name)


def _problems_of(document: Document) -> list[str]:
    """Return what is wrong with a file's structure; for a place with a secret only the secret is reported."""
    found = list(secrets_in(document.value))
    secret = {problem.path for problem in found}
    if document.value is None:
        return [f"{document.name}: the file is empty: it needs at least 'version: {layout.VERSION}'."]
    found += [problem for problem in layout.DOCUMENT.problems(document.value) if problem.path not in secret]
    found.sort(key=lambda problem: _line(document, problem))
    return [f"{document.where(problem.path)}: {_spoken(problem.path)} {problem.text}" for problem in found]


def _line(document: Document, problem: Problem) -> int:
    return int(document.where(problem.path).rpartition(":")[2])


def _spoken(path: Path) -> str:
    """Return a path as a person writes it: ``sources.ddt-01.config.filters[0]``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part[:60]}" for part in path)
    return text.removeprefix(".") or "the file"


def _portal_wide(documents: list[Document]) -> Document:
    if len(documents) == 1:
        return documents[0]
    empty = Document(layout.PORTAL_FILE, {})
    return next((document for document in documents if document.name == layout.PORTAL_FILE), empty)
