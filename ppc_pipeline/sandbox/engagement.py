"""What people did with ads on a day beside clicking: saw them, watched them, looked at products, put them in carts.

Here: the draws, and what of them is in view at an age. Not here: impressions, clicks, costs and orders (``figures``),
or the columns that add them up (``sums``). Events are of clicks or of views: Amazon tells the two apart, and their sum.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]

_LATEST = 42  # days: the attribution window and four weeks


@dataclass(frozen=True, eq=False, slots=True)
class Engagement:
    """A day's events, one element a slot that was shown.

    Attributes:
        at_once: Event -> how often, of what is counted as it happens.
        later: Event -> how often, of what comes into view as the day ages.
        arrives: The age in days at which a slot's later events come into view.
        invalid_clicks: Clicks found to be invalid, by age.
        invalid_impressions: Impressions that turn out invalid; they are never among the impressions.
    """

    at_once: Mapping[str, Integers]
    later: Mapping[str, Integers]
    arrives: Integers
    invalid_clicks: Integers
    invalid_clicks_next_day: Integers
    invalid_impressions: Integers

    def seen(self, age: int, part: float) -> dict[str, Integers]:
        """Return what is in view at an age in days; of a day that is not over, its part."""
        zero = np.zeros_like(self.arrives)
        at_once = self.at_once
        if age == 0:
            at_once = {name: (times * part).astype(np.int64) for name, times in at_once.items()}
        later = {name: np.where(self.arrives <= age, times, 0) for name, times in self.later.items()}
        found = {
            "invalid_clicks": self.invalid_clicks,
            "invalid_impressions": self.invalid_impressions,
        }
        if age <= 2:
            found = {
                "invalid_clicks": self.invalid_clicks - self.invalid_clicks_next_day if age == 2 else zero,
                "invalid_impressions": self.invalid_impressions // 2 if age == 2 else zero,
            }
        return {**at_once, **later, **found}


def drawn(
    random: np.random.Generator,
    impressions: Integers,
    valid: Integers,
    invalid: Integers,
    invalid_next_day: Integers,
    video: NDArray[np.bool_],
) -> Engagement:
    """Draw a day's events.

    Args:
        random: The day's own generator.
        impressions: Of each slot.
        valid: Clicks that stay.
        invalid: Clicks that turn out invalid.
        invalid_next_day: Those of them that are still counted a day later.
        video: Whether a slot's ad plays one.
    """
    clicked = valid + invalid
    viewed = clicked + random.binomial(impressions - clicked, 0.65)
    unclicked = viewed - clicked
    watched = np.where(video, viewed, 0)
    quarter = random.binomial(watched, 0.7)
    half = random.binomial(quarter, 0.75)
    most = random.binomial(half, 0.8)
    looked = random.binomial(valid, 0.8), random.binomial(unclicked, 0.01)
    return Engagement(
        at_once={
            "viewed": viewed,
            "watched_quarter": quarter,
            "watched_half": half,
            "watched_most": most,
            "watched_all": random.binomial(most, 0.85),
            "watched_5_seconds": random.binomial(watched, 0.6),
            "unmuted": random.binomial(watched, 0.03),
        },
        later={
            "looked_after_click": looked[0],
            "looked_after_view": looked[1],
            "looked_first_after_click": random.binomial(looked[0], 0.6),
            "looked_first_after_view": random.binomial(looked[1], 0.6),
            "carted_after_click": random.binomial(valid, 0.12),
            "carted_after_view": random.binomial(unclicked, 0.003),
            "searched_after_click": random.binomial(valid, 0.06),
            "searched_after_view": random.binomial(unclicked, 0.004),
            "listed_after_view": random.binomial(unclicked, 0.001),
        },
        arrives=np.where(random.random(len(viewed)) < 0.75, 1, random.integers(2, _LATEST + 1, len(viewed))),
        invalid_clicks=invalid,
        invalid_clicks_next_day=invalid_next_day,
        invalid_impressions=random.binomial(impressions, 0.01),
    )
