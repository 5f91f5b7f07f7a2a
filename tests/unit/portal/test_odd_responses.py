"""Values of another type than udata returns, in every field: a model with fields of the declared types, or one error.

What calls a model relies on both: an exception of another kind would end the poll loop of all watches, and a field of
another type would fail far from where it was read.
"""

from __future__ import annotations

import copy
import types
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints

import pytest

from airflow_provider_harvest.exceptions import HarvestError, HarvestInvalidInput, HarvestProtocolError
from airflow_provider_harvest.portal.client import HarvestClient
from airflow_provider_harvest.portal.clock import Clock
from airflow_provider_harvest.portal.http.datasets import HarvestedRecord
from airflow_provider_harvest.portal.http.errors import parsed
from airflow_provider_harvest.portal.inputs import check_config
from airflow_provider_harvest.portal.models import HarvestBackend, HarvestItem, HarvestJob, HarvestRef, HarvestSource
from airflow_provider_harvest.portal.outcome.verdict import OutcomePolicy, judge
from airflow_provider_harvest.portal.waiting.shared_source_list import Listed, Listing
from airflow_provider_harvest.portal.waiting.which_job import foreseen_refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TIME = "2026-01-01T00:00:00+00:00"
USER = {"id": "1", "first_name": "x", "last_name": "y"}
ERRORS = [{"message": "m", "created_at": TIME, "details": "d"}]
JOB = {
    "id": "j", "status": "done", "created": TIME, "started": TIME, "ended": TIME, "errors": ERRORS,
    "items": {"total": 1, "by_status": {"done": 1}}, "source": {"class": "HarvestSource", "id": "x"},
}  # fmt: skip
ITEM = {
    "remote_id": "r", "remote_url": "https://x/", "status": "done", "created": TIME, "started": TIME, "ended": TIME,
    "dataset": {"id": "d", "page": "https://p/", "uri": "u", "title": "t"}, "errors": ERRORS,
}  # fmt: skip
SOURCE = {
    "id": "a", "name": "n", "url": "u", "backend": "b", "description": "d", "config": {"filters": []},
    "created_at": TIME, "active": True, "autoarchive": True, "deleted": None, "schedule": "0 0 * * *", "slug": "s",
    "validation": {"state": "accepted", "by": USER, "on": TIME, "comment": "c"}, "last_job": JOB, "owner": USER,
    "organization": {"id": "o", "name": "n", "slug": "s", "page": "https://x"}, "permissions": {"run": True},
}  # fmt: skip
FIELD = {"key": "k", "label": "l", "type": "string", "default": None}
BACKEND = {"id": "dcat", "label": "DCAT", "filters": [FIELD], "features": [FIELD], "extra_configs": [FIELD]}
RECORD = {
    "id": "0" * 24, "title": "t", "page": "https://p/", "self_web_url": "https://p/",
    "harvest": {"source_id": "s", "remote_id": "r", "last_update": TIME},
}  # fmt: skip
MODELS: dict[str, tuple[Any, Callable[[Any], Any]]] = {
    "source": (SOURCE, HarvestSource.from_api),
    "listed source": (SOURCE, Listed.from_api),
    "job": (JOB, HarvestJob.from_api),
    "job of an old release": ({**JOB, "items": [ITEM], "source": "Cities"}, HarvestJob.from_api),
    "last job": (JOB, HarvestJob.from_last_job),
    "item": (ITEM, HarvestItem.from_api),
    "backend": (BACKEND, HarvestBackend.from_api),
    "organization": (SOURCE["organization"], HarvestRef.from_api),
    "record": (RECORD, lambda data: HarvestedRecord.from_api(data, "dataset")),
}
ODD: tuple[Any, ...] = (
    None, 5, -1, 1.5, 10**30, float("inf"), float("nan"), "", "x", "5", True, False, [], ["x"], [None], [[]], [{}], {},
    {"a": 1}, {"id": []}, {"id": {}}, "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00", "-9999-01-01", "\ud800",
    "2026-01-01T00:00:00+99:99", "x\x1b[2J\nforged",
)  # fmt: skip


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield (*path, key)
        yield from paths(value[key], (*path, key))


def with_odd(base: Any, path: tuple[Any, ...], odd: Any) -> Any:
    if not path:
        return odd
    changed = copy.copy(base)  # what is not on the path is shared, and nobody changes it
    changed[path[0]] = with_odd(base[path[0]], path[1:], odd)
    return changed


@cache
def parts_of(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    return get_origin(hint), get_args(hint)


@cache
def hints_of(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def fits(value: Any, hint: Any) -> bool:
    """Whether a value is of a type, as far as our models declare types."""
    kind, inner = parts_of(hint)
    if hint is Any:
        return True
    if kind in (Union, types.UnionType):
        return any(fits(value, one) for one in inner)
    if kind is tuple:
        return isinstance(value, tuple) and all(fits(one, inner[0]) for one in value)
    if kind is dict:
        return isinstance(value, dict)
    if hint is datetime:
        return isinstance(value, datetime) and value.tzinfo is not None
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        return False
    return wrong_fields(value) == []


def wrong_fields(model: Any) -> list[str]:
    """The fields of a model that are not of their declared type; none of anything else."""
    kind: Any = type(model)
    if not kind.__module__.startswith("airflow_provider_harvest"):
        return []
    return [name for name, hint in hints_of(kind).items() if not fits(getattr(model, name), hint)]


@pytest.mark.parametrize("base, read", MODELS.values(), ids=MODELS)
def test_every_model_has_fields_of_its_types_or_is_one_error(base: Any, read: Callable[[Any], Any]) -> None:
    for path in paths(base):
        for odd in ODD:
            try:
                model = read(with_odd(base, path, odd))
            except HarvestProtocolError:
                continue
            assert wrong_fields(model) == [], (path, odd)


@pytest.mark.parametrize("field", ["schedule", "slug", "backend"])
def test_words_that_the_portal_makes_are_one_visible_line(field: str) -> None:
    source = HarvestSource.from_api({**SOURCE, field: "1-5\x1b[2J\x1b]0;owned\x07\n[2026] INFO forged"})
    assert str(getattr(source, field)).isprintable()


@pytest.mark.parametrize(
    "error", [TypeError("x"), AttributeError("x"), KeyError("x"), ValueError("x"), OverflowError("x"), IndexError("x")]
)
def test_what_a_reader_of_a_response_stumbles_over_is_an_unexpected_response(error: Exception) -> None:
    def stumbles(_: Any) -> None:
        raise error

    with pytest.raises(HarvestProtocolError, match="Unexpected response to GET /x: "):
        parsed(stumbles, {}, "GET /x")


@pytest.mark.parametrize("watched", [{"mine"}, {"mine", "odd"}, None], ids=str)
@pytest.mark.parametrize("odd", ODD, ids=lambda odd: repr(odd)[:20])
def test_an_odd_source_in_the_list_is_an_error_of_the_list_at_most(watched: set[str] | None, odd: Any) -> None:
    class Client:
        clock = Clock()

        def portal_now(self) -> float:
            return 0.0

        def iter_last_jobs(self, **_: Any) -> Iterator[dict[str, Any]]:
            yield {"id": "mine", "last_job": None}
            yield {"id": "odd", "organization": odd, "validation": odd, "last_job": odd, "active": odd, "deleted": odd}
            yield {"last_job": None}

    client: Any = Client()
    listing = Listing(client)
    try:
        listing.read(watched)
    except HarvestError:
        return
    assert listing.sources["mine"].is_runnable


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: repr(odd)[:20])
def test_odd_permissions_foresee_nothing(odd: Any) -> None:
    client = HarvestClient("https://portal.example", "k" * 80)
    source = HarvestSource.from_api({**SOURCE, "permissions": odd})
    assert foreseen_refusal(client, source) is None or isinstance(odd, dict)


@pytest.mark.parametrize("odd", [*ODD, [{"key": None}, {"key": "a"}], [{"key": ["a"]}]], ids=lambda odd: repr(odd)[:20])
@pytest.mark.parametrize("section", ["filters", "features", "extra_configs"])
def test_odd_declarations_of_a_backend_declare_nothing(section: str, odd: Any) -> None:
    backend = HarvestBackend.from_api({**BACKEND, section: odd})
    config: Any = {"features": {"x": True}} if section == "features" else {section: [{"key": "x", "value": 1}]}
    try:
        check_config(config, backend)
    except HarvestInvalidInput as error:
        said = str(error)
    else:
        said = ""
    assert said.isprintable()


def test_items_of_which_the_portal_does_not_say_the_status_are_of_another_status() -> None:
    job = HarvestJob.from_api({**JOB, "items": {"total": 1000, "by_status": {"done": 5, "odd": 3}}})
    assert job.counts is not None
    assert (job.counts.total, job.counts.done, job.counts.other) == (1000, 5, 995)
    assert judge(job, OutcomePolicy()).outcome == "failure"
