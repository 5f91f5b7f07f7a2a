"""The portal's in-memory database holds when udata's site and its worker threads use it at the same time."""

from __future__ import annotations

import subprocess

import pytest

from sandbox import RELEASES, environments

pytestmark = [pytest.mark.integration]

_PATIENCE = 120  # seconds
#: Runs where mongomock is installed. Eight threads insert the same keys and change the same documents, switched so
#: often that one comes between any two steps of another.
_CROWD = """
import sys, threading
from pymongo.errors import DuplicateKeyError
from sandbox.udata_process import store

store.serialise_operations()
sys.setswitchinterval(1e-5)
collection = store.SharedMongoClient("mongodb://localhost/udata")["udata"]["crowded"]
collection.create_index("slug", unique=True)
inserted, errors = [], []

def crowd(thread):
    for slug in range(200):
        try:
            collection.insert_one({"slug": slug})
            inserted.append(slug)
        except DuplicateKeyError:
            pass
        try:
            change = {"$set": {f"by-{thread}": slug, f"mark-{slug % 7}": 1}, "$unset": {f"mark-{(slug + 3) % 7}": 1}}
            collection.update_one({"slug": slug}, change)
            list(collection.find({"slug": {"$lt": 20}}))
        except Exception as error:
            errors.append(repr(error))

threads = [threading.Thread(target=crowd, args=(number,)) for number in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert not errors, errors[:5]
assert sorted(inserted) == list(range(200)), "a unique key was inserted twice, or never"
elsewhere = store.SharedMongoClient("mongodb://localhost/udata")["udata"]["crowded"]
assert elsewhere.count_documents({}) == 200, "another connection sees other data"
"""
#: Queries with and without the comparison that skips what cannot match: the same documents come back.
_QUERIES = """
from bson import DBRef, ObjectId
from mongomock.collection import Collection
from pymongo.errors import DuplicateKeyError
from sandbox.udata_process import store

mongomocks = Collection._iter_documents
store.speed_up()
collection = store.SharedMongoClient("mongodb://localhost/udata")["udata"]["queried"]
one = ObjectId()
values = ["a", "b", None, 1, one, ["a", "b"], [{"in": "a"}, {"in": one}], {"in": "a"}, {"in": ["a"]}, DBRef("x", one)]
collection.insert_many([{"value": value, "deep": {"er": value}} for value in values] + [{}, {"deep": "a"}])
known = collection.find_one({"value": "b"})["_id"]
queries = [
    {key: wanted, **more}
    for key in ("value", "value.in", "deep.er", "deep.er.in", "value.0", "_id", "absent")
    for wanted in ("a", one, known, None, {"$in": ["a", one]}, {"$ne": "a"}, ["a", "b"], {"in": "a"})
    for more in ({}, {"deep.er": "a"}, {"$or": [{"value": "a"}, {"deep.er": one}]})
]
for query in queries:
    quick = [document["_id"] for document in collection._iter_documents(query)]
    assert quick == [document["_id"] for document in mongomocks(collection, query)], query
assert sum(bool(list(collection.find(query))) for query in queries) > 20

names = {collection.create_index("deep.er", unique=True, sparse=True, name="deep") for _ in range(2)}
assert names == {"deep"} and "deep" in collection.index_information()
collection.drop_index("deep")
try:
    collection.insert_one({"deep": {"er": "a"}})
    collection.create_index("deep.er", unique=True, sparse=True, name="deep")
    raise AssertionError("an index that was dropped is not made again")
except DuplicateKeyError:
    pass
"""


@pytest.mark.parametrize("release", [RELEASES[0], RELEASES[-1]])
def test_a_crowd_of_threads_breaks_nothing(release: str) -> None:
    run_beside_mongomock(release, _CROWD)


def test_what_cannot_match_is_skipped_and_nothing_else() -> None:
    run_beside_mongomock(RELEASES[0], _QUERIES)


def run_beside_mongomock(release: str, code: str) -> None:
    python = environments.ensure(f"udata-{release}")
    done = subprocess.run(
        [python, "-c", code],
        cwd=environments.ROOT,
        timeout=_PATIENCE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
