"""Messages in the words of real portals (udata 9.2.4 to 17.18.0), for the tests of verdicts and texts."""

from __future__ import annotations

REFUSED = (
    "HTTPConnectionPool(host='ville.example', port=80): Max retries exceeded with url: /x.xml (Caused by "
    "NewConnectionError(\"HTTPConnection(host='ville.example', port=80): Failed to establish a new connection: "
    '[Errno 111] Connection refused"))'
)
NO_SUCH_PAGE = "404 Client Error: Not Found for url: http://ville.example/nope.xml"
REDIRECTED = "Redirect (302) not allowed"
CUT_SHORT = "1000 max items reached"
