"""Signed tokens that need no memory: access tokens, page tokens and download links.

Here: how a payload becomes a token and back. Not here: what the payloads mean (``auth``, ``lists``, ``downloads``).
The key is no secret: it keeps clients from making tokens up by accident, and every process of a sandbox knows it.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any


class Signer:
    """Signs with a key that follows from the sandbox's seed.

    Args:
        seed: Sandboxes of another seed do not accept the tokens of this one.
    """

    def __init__(self, seed: int) -> None:
        self._key = f"ppc sandbox {seed}".encode()

    def signature(self, text: str) -> str:
        """Return the hexadecimal signature of a text."""
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()

    def matches(self, text: str, signature: str) -> bool:
        """Say whether a signature belongs to a text."""
        return hmac.compare_digest(self.signature(text).encode(), signature.encode())

    def token(self, payload: Mapping[str, Any]) -> str:
        """Wrap a payload in an opaque token."""
        body = base64.urlsafe_b64encode(json.dumps(payload, sort_keys=True).encode()).decode()
        return f"{body}.{self.signature(body)}"

    def payload(self, token: str) -> dict[str, Any] | None:
        """Return what a token carries, or None if it was not signed here."""
        body, _, signature = token.partition(".")
        if not self.matches(body, signature):
            return None
        try:
            payload: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body))
        except (binascii.Error, ValueError):
            return None
        return payload
