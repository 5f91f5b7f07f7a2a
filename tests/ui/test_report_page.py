"""The HTML report in a real browser: it loads nothing, runs nothing, and everybody can read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.portal.reporting import formats
from tests.ui.conftest import AXE
from tests.ui.reports import HOSTILE, hostile_report, large_report, usual_report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

PHONE, DESK = {"width": 380, "height": 800}, {"width": 1400, "height": 900}
REPORTS = {"usual": usual_report, "hostile": hostile_report}


@pytest.fixture
def open_report(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a report; a request that leaves the file, a dialog or an error fails the test."""
    contexts, left, happened = [], [], []

    def open_it(report: dict[str, Any], **look: Any) -> Page:
        file = tmp_path / "report.html"
        file.write_text(formats.as_html(report), encoding="utf-8")
        context = browser.new_context(**{"viewport": DESK, **look})
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: left.append(request.url) if request.url != file.as_uri() else None)
        page.on("dialog", lambda dialog: (happened.append(dialog.message), dialog.dismiss()))
        page.on("pageerror", lambda error: happened.append(str(error)))
        page.on("console", lambda message: happened.append(message.text) if message.type == "error" else None)
        page.goto(file.as_uri())
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert [url for url in left if not url.startswith("data:")] == []
    assert happened == []


@pytest.mark.parametrize("viewport, scheme", [(PHONE, "dark"), (DESK, "light")], ids=["phone-dark", "desk-light"])
@pytest.mark.parametrize("name", REPORTS)
def test_axe_finds_nothing_and_nothing_is_cut(
    name: str, viewport: Any, scheme: Any, open_report: Callable[..., Page], picture: Callable[[Page, str], None]
) -> None:
    page = open_report(REPORTS[name](), viewport=viewport, color_scheme=scheme, bypass_csp=True)
    picture(page, f"report-{name}-{viewport['width']}-{scheme}")
    page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run()")["violations"]
    assert [(rule["id"], [node["html"][:200] for node in rule["nodes"]][:3]) for rule in found] == []


def test_hostile_titles_are_words(open_report: Callable[..., Page]) -> None:
    page = open_report(hostile_report())
    page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    text = page.inner_text("main")
    assert "<script>alert(1)</script>" in text
    assert "{{ 7*7 }}" in text
    assert page.locator("script, img, iframe, object, form").count() == 0
    links = page.eval_on_selector_all("a", "links => links.map(link => link.href)")
    assert {link.split(":")[0] for link in links} <= {"http", "https"}
    assert len(HOSTILE) <= page.locator("tbody tr").count()


def test_everything_is_reached_by_the_keyboard(open_report: Callable[..., Page]) -> None:
    page = open_report(usual_report())
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.tagName"))
    assert {"A", "SUMMARY", "DIV"} <= reached
    closed = page.locator("details:not([open]) summary").first
    closed.focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.parentElement.open") is True


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_short_headings_fit_on_one_line(viewport: Any, open_report: Callable[..., Page]) -> None:
    page = open_report(usual_report(), viewport=viewport)
    page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    heights = page.eval_on_selector_all(
        "thead th", "cells => cells.map(cell => [cell.textContent, cell.getBoundingClientRect().height])"
    )
    assert len(heights) > 10
    assert [(text, height) for text, height in heights if height > 40] == []


def test_on_a_phone_no_cell_is_too_narrow_to_read(open_report: Callable[..., Page]) -> None:
    page = open_report(usual_report(), viewport=PHONE)
    page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    widths = page.eval_on_selector_all(
        ".stack td, .stack tbody th",
        "cells => cells.filter(cell => cell.textContent.trim()).map(cell => cell.getBoundingClientRect().width)",
    )
    assert widths
    assert min(widths) > 250


def test_one_of_5000_failed_items_fits_a_phone(
    open_report: Callable[..., Page], picture: Callable[[Page, str], None]
) -> None:
    page = open_report(large_report(), viewport=PHONE)
    assert page.locator("tbody tr").count() > 400
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    picture(page, "report-large-380")


def test_it_prints(open_report: Callable[..., Page]) -> None:
    assert open_report(usual_report()).pdf().startswith(b"%PDF")
