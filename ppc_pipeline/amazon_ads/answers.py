"""An answer of Amazon's, read whole: what every judgement about it starts from.

Here: the answer and what it says in words. Not here: which error it is (``responses``), or reading a good one
(``parsing``).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ppc_pipeline.amazon_ads.errors import MalformedResponseError, Origin
from ppc_pipeline.amazon_ads.redaction import excerpt, scrub_bytes

KEPT_BODY_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, read whole, and whom it concerns.

    Attributes:
        status: HTTP status.
        headers: Response headers; names in lower case, or a mapping that does not mind.
        body: As served, decompressed.
        account: The account's name.
        profile_id: The profile the call was for, if it was for one.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    account: str = ""
    profile_id: int | None = None

    @property
    def origin(self) -> Origin:
        """Where an error about this answer comes from."""
        return Origin(
            account=self.account,
            profile_id=self.profile_id,
            status=self.status,
            request_id=request_id_of(self.headers),
        )

    @property
    def said(self) -> Any:
        """The body as JSON; None when it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def text(self) -> str:
        """What an error says, in full and unscrubbed: for reading, not for showing."""
        raw = self.body[:KEPT_BODY_BYTES].decode("utf-8", "replace")
        said = self.said
        if not isinstance(said, dict):
            return raw
        texts = (said.get(key) for key in ("detail", "details", "message", "error_description", "error"))
        return next((text for text in texts if isinstance(text, str) and text), raw)

    @property
    def summary(self) -> str:
        """What an error says: one short line without secrets."""
        return excerpt(self.text) or "nothing"


def request_id_of(headers: Mapping[str, str]) -> str | None:
    """Return Amazon's id of a request, which its support asks for."""
    return headers.get("x-amz-rid") or headers.get("x-amzn-requestid")


def malformed(what: str, answer: Answer) -> MalformedResponseError:
    """Return the error for an answer that is not what Amazon documents, with the beginning of its body."""
    body = scrub_bytes(answer.body[:KEPT_BODY_BYTES])
    return MalformedResponseError(f"Amazon's answer is {what}", body=body, **answer.origin)
