"""The DCAT catalogues that the sandbox's portals harvest, asked over HTTP as udata asks them."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree

import pytest

from sandbox.catalogue import CatalogueServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_DCAT = "{http://www.w3.org/ns/dcat#}"
_DCT = "{http://purl.org/dc/terms/}"
_HYDRA = "{http://www.w3.org/ns/hydra/core#}"
_PATIENCE = 20.0  # seconds


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects)


class Answer(NamedTuple):
    """A response of the server, whatever its status."""

    status: int
    headers: Message
    content: bytes

    @property
    def datasets(self) -> list[ElementTree.Element]:
        return ElementTree.fromstring(self.content).findall(f"{_DCAT}Dataset")  # noqa: S314 - our own document

    @property
    def identifiers(self) -> list[str | None]:
        return [dataset.findtext(f"{_DCT}identifier") for dataset in self.datasets]

    @property
    def next_page(self) -> str | None:
        link = ElementTree.fromstring(self.content).find(f"*/{_HYDRA}next")  # noqa: S314 - our own document
        return None if link is None else link.get(f"{_RDF}resource")


def get(url: str, method: str = "GET") -> Answer:
    """Ask once, following nothing."""
    try:
        with _OPENER.open(urllib.request.Request(url, method=method), timeout=_PATIENCE) as response:
            return Answer(response.status, response.headers, response.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read())


@pytest.fixture
def server() -> Iterator[CatalogueServer]:
    with CatalogueServer() as running:
        yield running


def test_the_address_ends_in_xml(server: CatalogueServer) -> None:
    assert server.put("cities") == server.url("cities") == f"{server.base_url}/cities.xml"


def test_a_catalogue_serves_what_was_put(server: CatalogueServer) -> None:
    answer = get(server.put("cities", datasets=3))
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/rdf+xml")
    assert answer.identifiers == server.ids("cities") == ["cities-1", "cities-2", "cities-3"]


def test_every_data_set_reads_like_a_real_one(server: CatalogueServer) -> None:
    datasets = get(server.put("cities", datasets=70)).datasets
    assert len({dataset.findtext(f"{_DCT}title") for dataset in datasets}) == 70
    for dataset in datasets:
        assert dataset.findtext(f"{_DCT}description", "").endswith(".")
        assert dataset.find(f"{_DCT}license") is not None
        assert dataset.find(f"{_DCAT}distribution/{_DCAT}Distribution/{_DCAT}downloadURL") is not None


@pytest.mark.parametrize(
    "put, identifiers, ids",
    [
        pytest.param({"datasets": 0}, [], [], id="nothing"),
        pytest.param({"mode": "empty"}, [], [], id="empty"),
        pytest.param({"datasets": 1, "failing": 2}, ["c-1", "c-invalid-1", "c-invalid-2"], None, id="failing"),
        pytest.param({"datasets": 1, "missing_id": 2}, ["c-1", None, None], ["c-1"], id="missing-id"),
        pytest.param({"datasets": 2, "duplicate": 1}, ["c-1", "c-2", "c-1"], ["c-1", "c-2"], id="duplicate"),
        pytest.param({"datasets": 2, "prefix": "ville-"}, ["ville-1", "ville-2"], None, id="prefix"),
    ],
)
def test_flaws_come_on_top_of_the_sound_data_sets(
    server: CatalogueServer, put: dict[str, object], identifiers: list[str | None], ids: list[str] | None
) -> None:
    assert get(server.put("c", **put)).identifiers == identifiers  # type: ignore[arg-type]
    assert server.ids("c") == (identifiers if ids is None else ids)


def test_only_failing_data_sets_have_an_unreadable_date(server: CatalogueServer) -> None:
    datasets = get(server.put("c", datasets=1, failing=1, missing_id=1)).datasets
    assert ["Easter" in dataset.findtext(f"{_DCT}issued", "") for dataset in datasets] == [False, True, False]


def test_every_copy_has_an_address_of_its_own(server: CatalogueServer) -> None:
    datasets = get(server.put("c", datasets=2, duplicate=2)).datasets
    assert max(Counter(dataset.get(f"{_RDF}about") for dataset in datasets).values()) == 1


@pytest.mark.parametrize(
    "datasets, pages, per_page",
    [
        pytest.param(7, 3, [3, 3, 1], id="uneven"),
        pytest.param(4, 2, [2, 2], id="even"),
        pytest.param(1, 3, [1, 0, 0], id="more-pages-than-data-sets"),
        pytest.param(3, 1, [3], id="one-page"),
    ],
)
def test_pages_lead_from_one_to_the_next(
    server: CatalogueServer, datasets: int, pages: int, per_page: list[int]
) -> None:
    answers = [get(server.put("c", datasets=datasets, pages=pages))]
    while answers[-1].next_page:
        answers.append(get(answers[-1].next_page))
    assert [len(answer.datasets) for answer in answers] == per_page
    assert [name for answer in answers for name in answer.identifiers] == server.ids("c")


@pytest.mark.parametrize(
    "mode, status, content_type",
    [
        pytest.param("html", 200, "text/html; charset=utf-8", id="html"),
        pytest.param("error-404", 404, "text/html; charset=utf-8", id="404"),
        pytest.param("error-500", 500, "text/html; charset=utf-8", id="500"),
        pytest.param("redirect", 302, "text/html; charset=utf-8", id="302"),
        pytest.param("truncated", 200, "application/rdf+xml", id="truncated"),
    ],
)
def test_faults_are_answered_without_a_catalogue(
    server: CatalogueServer, mode: str, status: int, content_type: str
) -> None:
    answer = get(server.put("c", mode=mode))  # type: ignore[arg-type]
    assert (answer.status, answer.headers["Content-Type"]) == (status, content_type)
    with pytest.raises(ElementTree.ParseError):
        ElementTree.fromstring(answer.content)  # noqa: S314 - our own document


def test_a_redirect_leads_to_the_catalogue(server: CatalogueServer) -> None:
    location = get(server.put("c", mode="redirect", datasets=2)).headers["Location"]
    assert get(server.base_url + location).identifiers == ["c-1", "c-2"]


def test_a_reset_gives_no_answer(server: CatalogueServer) -> None:
    with pytest.raises((ConnectionResetError, urllib.error.URLError), match="reset by peer"):
        get(server.put("c", mode="reset"))


def test_the_server_goes_on_after_a_reset(server: CatalogueServer) -> None:
    with pytest.raises((ConnectionResetError, urllib.error.URLError)):
        get(server.put("c", mode="reset"))
    assert get(server.put("c", datasets=1)).identifiers == ["c-1"]


def test_an_unknown_catalogue_is_404(server: CatalogueServer) -> None:
    assert get(server.url("nothing")).status == 404


def test_a_removed_catalogue_is_404(server: CatalogueServer) -> None:
    url = server.put("c")
    server.remove("c")
    assert get(url).status == 404


def test_identifiers_can_change_with_every_harvest(server: CatalogueServer) -> None:
    url = server.put("c", datasets=2, pages=2, changing_ids=True)
    editions = []
    for _ in range(2):
        first = get(url)
        assert first.next_page is not None
        editions.append([*first.identifiers, *get(first.next_page).identifiers])
        assert server.ids("c") == editions[-1]
    assert not set(editions[0]) & set(editions[1])


def test_fetches_of_the_first_page_are_counted(server: CatalogueServer) -> None:
    url = server.put("c", datasets=2, pages=2)
    assert server.fetches("c") == 0
    get(url)
    get(f"{url}?page=2")
    assert server.fetches("c") == 1


def test_a_head_request_has_headers_only(server: CatalogueServer) -> None:
    answer = get(server.put("c"), method="HEAD")
    assert (answer.headers["Content-Type"], answer.content) == ("application/rdf+xml", b"")


def test_the_distribution_is_a_csv_file(server: CatalogueServer) -> None:
    (dataset,) = get(server.put("c", datasets=1)).datasets
    link = dataset.find(f"{_DCAT}distribution/{_DCAT}Distribution/{_DCAT}downloadURL")
    assert link is not None
    answer = get(link.get(f"{_RDF}resource", ""))
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith(b"district,year,value\r\n")


def test_the_landing_page_shows_the_data_set(server: CatalogueServer) -> None:
    (dataset,) = get(server.put("c", datasets=1)).datasets
    answer = get(dataset.get(f"{_RDF}about", ""))
    assert dataset.findtext(f"{_DCT}title", "?").encode() in answer.content


@pytest.mark.parametrize("action", ["put", "remove", "close"])
def test_a_slow_answer_is_cut_short_by_a_change(server: CatalogueServer, action: str) -> None:
    url = server.put("c", datasets=1, delay=600)
    answers: list[Answer] = []
    asking = threading.Thread(target=lambda: answers.append(get(url)))
    asking.start()
    while not server.fetches("c"):
        assert asking.is_alive()
    {"put": lambda: server.put("c"), "remove": lambda: server.remove("c"), "close": server.close}[action]()
    asking.join(_PATIENCE)
    assert [answer.identifiers for answer in answers] == [["c-1"]]


@pytest.mark.parametrize(
    "put, complaint",
    [
        pytest.param({"mode": "on-fire"}, "cannot be 'on-fire'; it can be ok, empty, redirect", id="mode"),
        pytest.param({"datasets": -1}, "no number below zero", id="negative"),
        pytest.param({"pages": 0}, "at least one page", id="no-page"),
        pytest.param({"datasets": 1, "duplicate": 2}, "2 duplicates need as many sound data sets", id="duplicates"),
    ],
)
def test_nonsense_is_refused(server: CatalogueServer, put: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        server.put("c", **put)  # type: ignore[arg-type]


def test_after_closing_nobody_answers() -> None:
    with CatalogueServer() as server:
        url = server.put("c")
    with pytest.raises(urllib.error.URLError, match="refused"):
        get(url)
