"""Keeping secrets out of messages and logs: tokens, client secrets, and the signatures of report links.

Here: the patterns, short excerpts of what a server said, and the filter on the HTTP libraries' own loggers.
Not here: which errors carry an excerpt (``responses``).
"""

import logging
import re

EXCERPT_CHARACTERS = 300

_HIDDEN = "[hidden]"
_PATTERNS = (
    # The query of any URL: a presigned link is a key to the file for an hour. JSON may write the slashes escaped.
    (re.compile(r"(https?:(?:\\?/){2}[^\s\"'<>?]*)\?[^\s\"'<>]*"), rf"\1?{_HIDDEN}"),
    (re.compile(r"Atz[ar](?:\||%7C)[^\s\"'&<>,]*", re.IGNORECASE), _HIDDEN),
    (re.compile(r"\b(Bearer|Basic)\s+(?!token\b)[^\s\"'<>,]+", re.IGNORECASE), rf"\1 {_HIDDEN}"),
    (
        re.compile(
            r"((?:access_token|refresh_token|client_secret|password|(?:X-Amz-)?(?:Signature|Credential|Security-Token)"
            r"|AWSAccessKeyId)[\"']?\s*[=:]\s*[\"']?)[^\s\"'&<>,]+",
            re.IGNORECASE,
        ),
        rf"\1{_HIDDEN}",
    ),
)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)


def scrub(text: str) -> str:
    """Return the text with every token, secret and URL query replaced by ``[hidden]``."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def scrub_bytes(body: bytes) -> bytes:
    """Do the same with a body, whatever its encoding: all that is not a secret survives byte for byte."""
    return scrub(body.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def excerpt(text: str) -> str:
    """Return one short line of what a server said, without secrets; of an HTML page, its title."""
    if text.lstrip()[:1] == "<" and (title := _TITLE.search(text)):
        text = f"a web page titled '{title[1]}'"
    line = " ".join(scrub(text).split())
    return line if len(line) <= EXCERPT_CHARACTERS else line[: EXCERPT_CHARACTERS - 3] + "..."


class _Scrubbing(logging.Filter):
    """Rewrites a log record without its secrets before any handler sees it."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = scrub(record.getMessage()), ()
        return True


_SCRUBBING = _Scrubbing()
_TALKATIVE = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy")


def quiet_http_loggers() -> None:
    """Make the HTTP libraries' own log lines safe, in whatever process this client is used.

    httpx logs every URL at INFO, so a plain ``logging.basicConfig(level="INFO")`` would publish presigned links; and
    httpcore logs response headers at DEBUG. A filter on their loggers holds whatever levels and handlers the
    application sets later; adding it twice changes nothing.
    """
    for name in _TALKATIVE:
        logging.getLogger(name).addFilter(_SCRUBBING)
