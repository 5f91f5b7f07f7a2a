"""How a CSW catalogue responds to GetRecords: the data sets of `dcat`, a page at a time; used by `catalogue`.

It is the remote of a harvest, never the portal: the CSW-DCAT backend of udata 9.2.4 reads it; those of newer releases
do not run here (see `udata_process.isolation`), nor does the ISO 19139 backend, which needs a stylesheet from the web.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

from sandbox import dcat

_CSW = "http://www.opengis.net/cat/csw/2.0.2"
_PER_PAGE = 25
_START = re.compile(r'startPosition="(\d+)"')


def answer(request: str, base_url: str, datasets: tuple[dcat.Dataset, ...]) -> bytes:
    """The response to a request of udata's backend.

    :param request: The body of the POST.
    :param base_url: The address of the catalogue without its ending.
    :param datasets: All that it holds.
    """
    found = _START.search(request)
    start = int(found[1]) if found else 1
    shown = datasets[start - 1 : start - 1 + _PER_PAGE]
    after = start + len(shown)
    root = ElementTree.Element(f"{{{_CSW}}}GetRecordsResponse")
    counts = {
        "numberOfRecordsMatched": str(len(datasets)),
        "numberOfRecordsReturned": str(len(shown)),
        "nextRecord": str(after if after <= len(datasets) else 0),
    }
    results = ElementTree.SubElement(root, f"{{{_CSW}}}SearchResults", counts)
    for dataset in shown:
        record = dcat.new_root()
        dcat.write_record(record, base_url, dataset)
        results.append(record)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))
