"""The portal's database: one mongomock store for every connection of the process; used by ``application`` only."""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Any

import mongomock
from bson import ObjectId
from mongomock.collection import Collection, Cursor
from mongomock.filtering import filter_applies
from mongomock.store import ServerStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# mongomock takes no lock over a whole operation: two worker threads that insert at the same time both pass the
# check of a unique index, and a document may be copied while another thread changes it.
_LOCK = threading.RLock()
_COLLECTION_OPERATIONS = (
    "_insert",
    "_update",
    "_delete",
    "_find_and_modify",
    "aggregate",
    "bulk_write",
    "count_documents",
    "create_index",
    "distinct",
    "drop",
    "find",
    "find_one",
)
_CURSOR_OPERATIONS = ("__next__", "__len__", "__getitem__", "distinct", "next")

#: Types whose values equal no value of another type.
_SIMPLE = (str, ObjectId)

_STORE = ServerStore()


class SharedMongoClient(mongomock.MongoClient):  # type: ignore[misc]
    """A mongomock client that sees the same data as every other one of this process."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, _store=_STORE, **kwargs)


def _serialised(operation: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(operation)
    def under_lock(*args: Any, **kwargs: Any) -> Any:
        with _LOCK:
            return operation(*args, **kwargs)

    return under_lock


def serialise_operations() -> None:
    """Let one database operation run at a time; called once, before the first connection."""
    for owner, names in ((Collection, _COLLECTION_OPERATIONS), (Cursor, _CURSOR_OPERATIONS)):
        for name in names:
            if hasattr(owner, name):
                setattr(owner, name, _serialised(getattr(owner, name)))


def speed_up() -> None:
    """Let operations skip what comes to nothing; called once, after `serialise_operations`.

    mongomock has no index: each query of one dataset among 5,000 would take a tenth of a second, and each document
    that udata saves has the unique keys of all documents checked.
    """
    Collection._iter_documents = _iter_documents
    Collection.create_index = _create_index_once(Collection.create_index)


def _iter_documents(collection: Any, wanted: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Do as mongomock's method of this name, but match slowly only what simple values leave over."""
    store = collection._store
    if store.is_empty:
        filter_applies(wanted, {})  # complains about a wrong filter
    ident = wanted.get("_id")
    if type(ident) in _SIMPLE:
        candidates = [store._documents[ident]] if ident in store._documents else []
    else:
        terms = [(key.split("."), value) for key, value in wanted.items() if type(value) in _SIMPLE]
        candidates = [document for document in store._documents.values() if _may_match(document, terms)]
    return (document for document in candidates if filter_applies(wanted, document))


def _create_index_once(create_index: Callable[..., str]) -> Callable[..., str]:
    names: dict[str, str] = {}

    @functools.wraps(create_index)
    def unless_it_exists(collection: Any, *args: Any, **kwargs: Any) -> str:
        key = repr((collection.full_name, args, sorted(kwargs.items())))
        if names.get(key) not in collection._store.indexes:
            names[key] = create_index(collection, *args, **kwargs)
        return names[key]

    return unless_it_exists


def _may_match(document: dict[str, Any], terms: list[tuple[list[str], Any]]) -> bool:
    """Whether no value of a document differs from those that are wanted; lists and references are not judged."""
    for path, wanted in terms:
        value: Any = document
        for name in path:
            if not isinstance(value, dict):
                break
            value = value.get(name)
        if value is None or (type(value) is type(wanted) and value != wanted):
            return False
    return True
