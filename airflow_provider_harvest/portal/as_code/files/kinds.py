"""Kinds of values in a file: each checks a value and gives its JSON Schema, so that the two cannot differ.

Called by :mod:`.schema`, which says what a file of sources holds, and by the reader. No sentence repeats a value: it
may be a secret.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: The place of a value in a file: keys and indexes from the top.
Path = tuple["str | int", ...]


class Problem(NamedTuple):
    """What is wrong, and at which place.

    :param path: of the value that is wrong, or of the key if ``is_key``.
    :param text: a sentence that continues after the path: "must be ...".
    """

    path: Path
    text: str


class Kind(Protocol):
    """A kind of value."""

    def problems(self, value: object, path: Path = ()) -> Iterator[Problem]:
        """Yield what is wrong with a value."""
        ...

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema that takes the same values."""
        ...


_NAMES = {dict: "a mapping", list: "a list", str: "a string", bool: "true or false", type(None): "nothing (null)"}
#: Python types of JSON Schema's types; a bool is not a number there, and is tried first.
_TYPES: dict[str, tuple[type, ...]] = {
    "null": (type(None),),
    "boolean": (bool,),
    "string": (str,),
    "number": (int, float),
    "array": (list,),
    "object": (dict,),
}


def kind_of(value: object) -> str:
    """Return what a value is, in words."""
    return _NAMES.get(type(value), "a number")


def _type_of(value: object) -> str:
    return next((name for name, types in _TYPES.items() if isinstance(value, types)), "")


@dataclass(frozen=True)
class Anything:
    """Any JSON value."""

    def problems(self, value: object, path: Path = ()) -> Iterator[Problem]:  # noqa: ARG002  # as all kinds
        """Find nothing wrong."""
        yield from ()

    def schema(self) -> dict[str, Any]:
        """Return the schema that takes everything."""
        return {}


@dataclass(frozen=True)
class Text:
    """A string.

    :param pattern: regular expression that it must match as a whole, of the kind that JSON Schema knows as well.
    :param wanted: what it must be, as in "an id (24 hexadecimal digits)".
    :param longest: characters at most.
    """

    wanted: str = "a string"
    pattern: str = ""
    longest: int | None = None

    def problems(self, value: object, path: Path = ()) -> Iterator[Problem]:
        """Yield what is wrong with a value."""
        if not isinstance(value, str):
            hint = "; put quotes around it" if isinstance(value, (bool, int, float)) else ""
            yield Problem(path, f"must be {self.wanted}, not {kind_of(value)}{hint}.")
        elif self.pattern and not re.fullmatch(self.pattern, value, re.ASCII):
            yield Problem(path, f"must be {self.wanted}.")
        elif self.longest is not None and len(value) > self.longest:
            yield Problem(path, f"must have at most {self.longest} characters, not {len(value)}.")

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema that takes the same values."""
        schema: dict[str, Any] = {"type": "string"}
        if self.pattern:
            schema["pattern"] = f"^(?:{self.pattern})$"
        if self.longest is not None:
            schema["maxLength"] = self.longest
        return schema


@dataclass(frozen=True)
class Flag:
    """``true`` or ``false``."""

    def problems(self, value: object, path: Path = ()) -> Iterator[Problem]:
        """Yield what is wrong with a value."""
        if not isinstance(value, bool):
            yield Problem(path, f"must be true or false, not {kind_of(value)}.")

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema that takes the same values."""
        return {"type": "boolean"}


@dataclass(frozen=True)
class Scalar:
    """A string, a number, or ``true`` or ``false``."""

    def problems(self, value: object, path: Path = ()) -> Iterator[Problem]:
        """Yield what is wrong with a value."""
        if value is None or isinstance(value, (list, dict)):
            yield Problem(path, f"must be a string, a number, true or false, not {kind_of(value)}.")

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema that takes the same values."""
        return {"type": ["string", "number", "boolean"]}


@dataclass(frozen=True)
class Choice:
    """One of some values.

    :param values: strings, or one number.
    """

    values: tuple[Any, ...]

    def problems(self, value: object, path: Path = ()) -> Iterator[Problem]:
        """Yield what is wrong with a value."""
        if isinstance(value, bool) or value not in self.values:
            yield Problem(path, f"must be {' or '.join(map(str, self.values))}.")

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema that takes the same values."""
        return {"enum": list(self.values)}


@dataclass(frozen=True)
class ListOf:
    """A list.

    :param item: what each entry is.
    """

    item: Kind

    def problems(self, value: object, path: Path = ()) -> Iterator[Problem]:
        """Yield what is wrong with a value and with its entries."""
        if not isinstance(value, list):
            yield Problem(path, f"must be a list, not {kind_of(value)}.")
            return
        for number, entry in enumerate(value):
            yield from self.item.problems(entry, (*path, number))

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema that takes the same values."""
        return {"type": "array", "items": self.item.schema()}


@dataclass(frozen=True)
class MapOf:
    """A mapping whose keys the user chooses.

    :param value: kind of the value of each key.
    :param key: what each key must be.
    """

    value: Kind
    key: Text = Text()

    def problems(self, value: Any, path: Path = ()) -> Iterator[Problem]:
        """Yield what is wrong with a value, its keys and their values."""
        if not isinstance(value, dict):
            yield Problem(path, f"must be a mapping, not {kind_of(value)}.")
            return
        for name, entry in value.items():
            if any(True for _ in self.key.problems(name)):
                yield Problem((*path, name), f"has an invalid key: a key must be {self.key.wanted}.")
            yield from self.value.problems(entry, (*path, name))

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema that takes the same values."""
        schema: dict[str, Any] = {"type": "object", "additionalProperties": self.value.schema()}
        names = {name: rule for name, rule in self.key.schema().items() if name != "type"}
        return {**schema, "propertyNames": names} if names else schema


@dataclass(frozen=True)
class ObjectOf:
    """A mapping with known keys.

    :param fields: kind of the value of each key, and a sentence that editors show with it.
    :param required: keys that must be there.
    :param is_open: whether other keys are allowed.
    """

    fields: Mapping[str, tuple[Kind, str]]
    required: tuple[str, ...] = ()
    is_open: bool = False

    def problems(self, value: Any, path: Path = ()) -> Iterator[Problem]:
        """Yield what is wrong with a value, its keys and their values."""
        if not isinstance(value, dict):
            yield Problem(path, f"must be a mapping, not {kind_of(value)}.")
            return
        for name in self.required:
            if name not in value:
                yield Problem(path, f"lacks {name!r}.")
        for name, entry in value.items():
            if name in self.fields:
                yield from self.fields[name][0].problems(entry, (*path, name))
            elif not self.is_open:
                yield Problem((*path, name), self._unknown(name))

    def _unknown(self, name: str) -> str:
        close = get_close_matches(name, self.fields, n=1, cutoff=0.7)
        guess = f"did you mean {close[0]!r}?" if close else f"use {', '.join(self.fields)}."
        return f"is unknown here: {guess}"

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema that takes the same values."""
        properties = {
            name: {**kind.schema(), **({"description": described} if described else {})}
            for name, (kind, described) in self.fields.items()
        }
        schema: dict[str, Any] = {"type": "object", "properties": properties}
        if self.required:
            schema["required"] = list(self.required)
        return schema if self.is_open else {**schema, "additionalProperties": False}


@dataclass(frozen=True)
class OneOf:
    """A value of one of several kinds, which are distinguished by its type.

    :param kinds: by JSON Schema's name of the type: boolean, string, number, array, object.
    """

    kinds: Mapping[str, Kind]

    def problems(self, value: Any, path: Path = ()) -> Iterator[Problem]:
        """Yield what is wrong with a value, checked as the kind that its type selects."""
        name = _type_of(value)
        if name not in self.kinds:
            wanted = " or ".join(dict.fromkeys(kind_of(_TYPES[kind][0]()) for kind in self.kinds))
            yield Problem(path, f"must be {wanted}, not {kind_of(value)}.")
            return
        yield from self.kinds[name].problems(value, path)

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema that takes the same values."""
        of_each = [{"type": name, **kind.schema()} for name, kind in self.kinds.items()]
        return {"anyOf": of_each}


@dataclass(frozen=True)
class Named:
    """A kind that is written once in the schema, under ``definitions``, however often it is used.

    :param name: its name there.
    """

    name: str
    kind: Kind

    def problems(self, value: object, path: Path = ()) -> Iterator[Problem]:
        """Yield what is wrong with a value."""
        yield from self.kind.problems(value, path)

    def schema(self) -> dict[str, Any]:
        """Return a reference to the schema."""
        return {"$ref": f"#/definitions/{self.name}"}


@dataclass(frozen=True)
class Nullable:
    """A value that may be null as well.

    :param kind: what it is else.
    """

    kind: Kind

    def problems(self, value: object, path: Path = ()) -> Iterator[Problem]:
        """Yield what is wrong with a value that is not null."""
        if value is not None:
            yield from self.kind.problems(value, path)

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema that takes the same values."""
        return {"anyOf": [self.kind.schema(), {"type": "null"}]}
