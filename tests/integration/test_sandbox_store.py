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
from sandbox.portal_process import store

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


@pytest.mark.parametrize("release", [RELEASES[0], RELEASES[-1]])
def test_a_crowd_of_threads_breaks_nothing(release: str) -> None:
    python = environments.ensure(f"udata-{release}")
    done = subprocess.run(
        [python, "-c", _CROWD],
        cwd=environments.ROOT,
        timeout=_PATIENCE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
