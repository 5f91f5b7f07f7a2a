"""What the catalogues hold: data sets of an imaginary city, written as DCAT in RDF/XML; pure, used by `catalogue`."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, replace
from datetime import date, timedelta
from xml.etree import ElementTree

_NAMESPACES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "hydra": "http://www.w3.org/ns/hydra/core#",
}
for _prefix, _namespace in _NAMESPACES.items():
    ElementTree.register_namespace(_prefix, _namespace)

#: The licence of every data set; the portals know it.
LICENCE = "https://www.etalab.gouv.fr/licence-ouverte-open-licence"
_FIRST_ISSUED = date(2021, 3, 1)
#: udata fails the item of a data set with such a date.
INVALID_DATE = "the second Tuesday after Easter"
_THEMES = (
    ("Public drinking fountains", "Where drinking water can be had for free, with the months of operation.", "water"),
    (
        "Tree register",
        "Every tree on public ground: species, year of planting, girth and last inspection.",
        "environment",
    ),
    (
        "Bicycle parking",
        "Stands and lockers for bicycles, with their capacity and whether they are covered.",
        "mobility",
    ),
    ("Air quality measurements", "Hourly means of nitrogen dioxide, ozone and fine particles at each station.", "air"),
    ("Budget by service", "Voted and spent amounts of every municipal service, by chapter and by year.", "finance"),
    ("School catchment areas", "Which primary school each street and house number belongs to.", "education"),
    ("Road works", "Works in progress and announced, with the lanes closed and the diversions.", "mobility"),
    ("Library loans", "Loans and returns per branch, medium and month; nothing about the readers.", "culture"),
    ("Noise map", "Day, evening and night levels along roads and railways, in decibels.", "environment"),
    ("Polling stations", "Addresses, accessibility and districts of the polling stations.", "democracy"),
    ("Weekly markets", "Places, days and hours of the markets, with the number of stalls.", "economy"),
    ("Swimming pool attendance", "Entries per pool and hour, from the turnstiles.", "sport"),
)
_PLACES = ("Rochebrune", "Saint-Aubin-sur-Lauze", "Valmorel-les-Prés", "Pont-de-Brivet", "Montclar-le-Haut")
_UPDATES = ("DAILY", "WEEKLY", "MONTHLY", "ANNUAL")


@dataclass(frozen=True)
class Dataset:
    """One data set of a catalogue.

    :param slug: What its addresses end in; unique in its catalogue.
    :param identifier: Its ``dct:identifier``, or ``None`` for a data set that lacks one.
    :param issued: The text of its ``dct:issued``; udata fails an item whose date it cannot read.
    :param files: The names of its distributions, each a resource on the portal; ``""`` is the one of every day.
    """

    slug: str
    identifier: str | None
    title: str
    description: str
    keyword: str
    frequency: str
    issued: str
    files: tuple[str, ...] = ("",)
    is_service: bool = False


def compose(
    prefix: str, datasets: int, failing: int = 0, missing_id: int = 0, duplicate: int = 0, services: int = 0
) -> tuple[Dataset, ...]:
    """The data sets of a catalogue: the good ones first, then those with something wrong.

    :param prefix: What every identifier begins with.
    :param datasets: Number of sound data sets: ``<prefix>1``, ``<prefix>2`` ...
    :param failing: Number of those with an unreadable date, ``<prefix>invalid-1`` ...: their items fail.
    :param missing_id: Number of those without an identifier: their items are skipped.
    :param duplicate: Number of second copies, under the identifiers of the first sound ones.
    :param services: Number of data services, ``<prefix>service-1`` ...
    :raises ValueError: There are fewer sound data sets than copies to make of them.
    """
    if duplicate > datasets:
        raise ValueError(f"{duplicate} duplicates need as many sound data sets, and there are {datasets}.")
    sound = [compose_one(f"{prefix}{number}", number) for number in range(1, datasets + 1)]
    broken = [
        replace(compose_one(f"{prefix}invalid-{number}", datasets + number), issued=INVALID_DATE)
        for number in range(1, failing + 1)
    ]
    nameless = [
        replace(compose_one(f"{prefix}nameless-{number}", datasets + failing + number), identifier=None)
        for number in range(1, missing_id + 1)
    ]
    copies = [replace(original, slug=f"{original.slug}-copy") for original in sound[:duplicate]]
    apis = [
        replace(compose_one(f"{prefix}service-{number}", number), is_service=True) for number in range(1, services + 1)
    ]
    return (*sound, *broken, *nameless, *copies, *apis)


def compose_one(identifier: str, number: int) -> Dataset:
    """A sound data set.

    :param identifier: Its ``dct:identifier``; what its addresses end in, too.
    :param number: Which theme, place and day it is about.
    """
    theme, place = (number - 1) % len(_THEMES), (number - 1) // len(_THEMES)
    title, description, keyword = _THEMES[theme]
    return Dataset(
        slug=identifier,
        identifier=identifier,
        # With its reference, as no two titles may be alike: udata makes slugs of them, and fails the item when two
        # harvests want the same one at the same moment.
        title=f"{title} of {_PLACES[place % len(_PLACES)]} [{identifier}]",
        description=description,
        keyword=keyword,
        frequency=_UPDATES[number % len(_UPDATES)],
        issued=(_FIRST_ISSUED + timedelta(days=number % 1000)).isoformat(),
    )


def write_page(base_url: str, datasets: tuple[Dataset, ...], next_page: str | None = None) -> bytes:
    """One page of a catalogue.

    :param base_url: The address of the catalogue without its ending; those of the data sets begin with it.
    :param datasets: The data sets on this page.
    :param next_page: The address of the next page, in hydra's terms; ``None`` on the last one.
    :returns: RDF/XML in UTF-8.
    """
    root = new_root()
    catalogue = _add(root, "dcat:Catalog", about=f"{base_url}/catalogue")
    _add(catalogue, "dct:title", "Open data of Rochebrune")
    _add(catalogue, "dct:description", "Data of the city of Rochebrune and its neighbours; none of them exists.")
    for dataset in datasets:
        link = "dcat:service" if dataset.is_service else "dcat:dataset"
        _add(catalogue, link, resource=_address(base_url, dataset))
        write_record(root, base_url, dataset)
    if next_page is not None:
        view = _add(root, "hydra:PartialCollectionView", about=f"{base_url}/view")
        _add(view, "hydra:next", resource=next_page)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def new_root() -> ElementTree.Element:
    """An empty RDF/XML document, for `write_record`."""
    return ElementTree.Element(_name("rdf:RDF"))


def write_record(root: ElementTree.Element, base_url: str, dataset: Dataset) -> None:
    """Add a data set or a data service to a document.

    :param base_url: The address of the catalogue without its ending.
    """
    address = _address(base_url, dataset)
    node = _add(root, "dcat:DataService" if dataset.is_service else "dcat:Dataset", about=address)
    if dataset.identifier is not None:
        _add(node, "dct:identifier", dataset.identifier)
    _add(node, "dct:title", dataset.title)
    _add(node, "dct:description", dataset.description)
    _add(node, "dcat:keyword", dataset.keyword)
    _add(node, "dct:issued", dataset.issued)
    if dataset.is_service:
        _add(node, "dcat:endpointURL", resource=f"{address}/api")
        return
    _add(node, "dct:license", resource=LICENCE)
    _add(node, "dcat:landingPage", resource=address)
    frequency = f"http://publications.europa.eu/resource/authority/frequency/{dataset.frequency}"
    _add(node, "dct:accrualPeriodicity", resource=frequency)
    for name in dataset.files:
        distribution = _add(_add(node, "dcat:distribution"), "dcat:Distribution", about=f"{address}{name}#csv")
        _add(distribution, "dct:title", f"{dataset.title} {name}(CSV)")
        _add(distribution, "dct:format", "csv")
        _add(distribution, "dcat:mediaType", "text/csv")
        _add(distribution, "dcat:downloadURL", resource=f"{address}{name}.csv")


def write_table(dataset: Dataset) -> str:
    """The CSV file that a data set's distribution leads to."""
    output = io.StringIO()
    table = csv.writer(output)
    table.writerow(["district", "year", "value"])
    for row in range(6):
        table.writerow([_PLACES[row % len(_PLACES)], 2020 + row, (len(dataset.title) * (row + 7)) % 97])
    return output.getvalue()


def _address(base_url: str, dataset: Dataset) -> str:
    return f"{base_url}/{dataset.slug}"


def _name(prefixed: str) -> str:
    prefix, _, local = prefixed.partition(":")
    return f"{{{_NAMESPACES[prefix]}}}{local}"


def _add(
    parent: ElementTree.Element,
    name: str,
    text: str | None = None,
    *,
    about: str | None = None,
    resource: str | None = None,
) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, _name(name))
    element.text = text
    for attribute, value in (("rdf:about", about), ("rdf:resource", resource)):
        if value is not None:
            element.set(_name(attribute), value)
    return element
