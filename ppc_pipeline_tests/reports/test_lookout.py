"""When reports that are being made are looked at sooner."""

import asyncio

import pytest

from ppc_pipeline.reports.lookout import Lookout
from ppc_pipeline_tests.fakes import run_virtually

SP = ("acme", "SPONSORED_PRODUCTS")
SB = ("acme", "SPONSORED_BRANDS")


def waited(age, seconds, *news, known=None):
    """Return how long a report of some age waits for its turn, given news (after so many seconds, kind, age)."""
    lookout = Lookout()
    took = []

    async def tell(after, kind, made_at):
        await asyncio.sleep(after)
        lookout.made(kind, made_at)

    async def scene(loop):
        if known is not None:
            lookout.made(SP, known)
        telling = [asyncio.create_task(tell(*each)) for each in news]
        began = loop.time()
        await lookout.wait(SP, age, seconds)
        took.append(loop.time() - began)
        await asyncio.gather(*telling)

    run_virtually(scene)
    return took[0]


@pytest.mark.parametrize(
    ("age", "seconds", "news", "known", "wait"),
    [
        (50, 12, [], None, 12),
        (50, 12, [(3, SP, 53)], None, 3),
        (50, 12, [(3, SP, 58)], None, 8),
        (50, 12, [(3, SP, 40)], None, 12),
        (50, 12, [(3, SB, 53)], None, 12),
        (50, 12, [(3, SP, 58), (4, SP, 54)], None, 4),
        (50, 12, [(3, SP, 58), (4, SP, 61)], None, 8),
        (50, 12, [], 55, 5),
        (50, 12, [], 45, 12),
        (50, 12, [], 90, 12),
        (50, -1, [], None, 0),
    ],
    ids=[
        "no news: its turn",
        "another as old is made: at once",
        "an older one is made: at that age",
        "it was looked at at that age: its turn",
        "news of another ad product: its turn",
        "better news comes",
        "worse news comes",
        "known before, at that age",
        "known before, and looked at since",
        "its turn comes before that age",
        "overdue",
    ],
)
def test_a_report_is_looked_at_when_another_of_its_kind_was_made_at_an_age_it_was_not_looked_at(
    age, seconds, news, known, wait
):
    assert waited(age, seconds, *news, known=known) == pytest.approx(wait, abs=0.01)
