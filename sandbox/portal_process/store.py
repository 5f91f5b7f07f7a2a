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


def skip_what_cannot_match() -> None:
    """Let queries by a value, such as by an id, compare that before mongomock's slow matching; called once.

    mongomock has no index: each query of one dataset among 5,000 would take a tenth of a second.
    """

    def iter_documents(collection: Any, wanted: dict[str, Any]) -> Iterator[dict[str, Any]]:
        documents = list(collection._store.documents)
        terms = [(key.split("."), value) for key, value in wanted.items() if type(value) in (str, ObjectId)]
        candidates = [document for document in documents if _may_match(document, terms)] if terms else documents
        if not candidates:
            filter_applies(wanted, {})  # complains about a wrong filter
        return (document for document in candidates if filter_applies(wanted, document))

    Collection._iter_documents = iter_documents


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
