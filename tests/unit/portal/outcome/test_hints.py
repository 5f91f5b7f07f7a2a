"""What a portal's message means: free text, so unknown words mean nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_harvest.portal.outcome.hints import HINTS, hint_for, says_may_pass, says_remote_unreachable
from tests.support.examples import examples
from tests.support.portal_messages import CUT_SHORT, NO_SUCH_PAGE, REDIRECTED, REFUSED

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.outcome.hints import Hint

EXPIRED = (
    "HTTPSConnectionPool(host='x', port=443): Max retries exceeded with url: / (Caused by SSLError("
    "SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: expired')))"
)


@pytest.mark.parametrize(
    "message, is_unreachable, advice",
    [
        pytest.param(REFUSED, True, "could not reach the remote catalogue", id="refused connection"),
        pytest.param("503 Server Error: Service Unavailable for url: http://x", True, "could not reach", id="503"),
        pytest.param("HTTPSConnectionPool(host='x', port=443): Read timed out.", True, "could not reach", id="timeout"),
        pytest.param(
            EXPIRED,
            False,
            "certificate",
            id="an expired certificate does not mend itself",
        ),
        pytest.param(NO_SUCH_PAGE, False, "URL does not exist", id="404"),
        pytest.param("403 Client Error: Forbidden for url: http://x", False, "refuses the portal", id="403"),
        pytest.param("500 Server Error: oops for url: http://x", False, "fails on this URL", id="500"),
        pytest.param(REDIRECTED, False, "set the source to the final URL", id="redirect"),
        pytest.param("Item has another owner", False, "another organization", id="another owner"),
        pytest.param("Identifier 'mixed-dup' already exists", False, "twice", id="duplicate"),
        pytest.param("missing identifier", False, "dct:identifier", id="no identifier"),
        pytest.param("missing title on dataset", False, "title", id="no title"),
        pytest.param(CUT_SHORT, False, "limit", id="cut short"),
        pytest.param(
            "ValidationError (Dataset:None) (issued_at.cannot parse date \"not-a-date\": ['harvest'])",
            False,
            "a date that cannot be read",
            id="bad date",
        ),
        pytest.param("something else", False, None, id="unknown"),
    ],
)
def test_a_message_and_what_to_do_about_it(message: str, is_unreachable: bool, advice: str | None) -> None:
    hint = hint_for(message)
    assert says_remote_unreachable(message) == is_unreachable
    assert hint is None if advice is None else advice in str(hint and hint.advice)


@pytest.mark.parametrize("hint", HINTS, ids=lambda hint: hint.name)
def test_every_message_of_a_pattern_has_a_word_that_is_searched_first(hint: Hint) -> None:
    @examples(100)
    @given(st.from_regex(hint.pattern))
    def every_message(message: str) -> None:
        assert hint.matches(message)

    every_message()


def test_every_advice_is_a_sentence() -> None:
    assert all(hint.advice[0].isupper() and hint.advice.endswith(".") for hint in HINTS)


@pytest.mark.parametrize(
    "message, words, may_pass",
    [
        ("mismatched tag: line 9, column 2", "web page", True),
        ("no element found: line 1, column 0", "nothing", True),
        ("no element found: line 480, column 12", "is incomplete", True),
        ("unclosed token: line 480, column 12", "is incomplete", True),
        ("not well-formed (invalid token): line 1, column 0", "zipped", True),
        ("not well-formed (invalid token): line 77, column 12", "not valid XML", False),
        ("Expecting value: line 1 column 1 (char 0)", "something other than JSON", True),
        ("404 Client Error: NOT FOUND for url", "does not exist", False),
        ("503 Server Error: for url", "could not reach", True),
        ("Something that nobody knows", "", False),
    ],
)
def test_an_answer_that_is_no_catalogue(message: str, words: str, may_pass: bool) -> None:
    hint = hint_for(message)
    assert words in (hint.advice if hint else "")
    assert says_may_pass(message) is may_pass
