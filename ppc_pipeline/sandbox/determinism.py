"""Randomness that any process draws alike: everything the sandbox serves follows from it.

Here: stable hashes and the generators seeded with them. Not here: what is drawn (``world``, ``figures``).
"""

import hashlib
import random

import numpy as np


def stable_int(*parts: object) -> int:
    """Hash parts to 64 bits, the same in every process (unlike ``hash``)."""
    text = "\x1f".join(map(str, parts))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())


def stable_random(*parts: object) -> random.Random:
    """Return a generator that depends on ``parts`` alone."""
    return random.Random(stable_int(*parts))  # noqa: S311 - made-up data, no secret


def counter_random(key: int, counter: int) -> np.random.Generator:
    """Return a numpy generator for one (key, counter), so that any day can be drawn without those before it."""
    return np.random.Generator(np.random.Philox(key=[key, counter]))
