"""What happened on a day: impressions, clicks, costs and orders, as a person asking at some moment would see them.

Here: the model. A *slot* is one target shown with one ad on one placement for one search term; everything is drawn
for slots, and every report adds slots up its own way. So all reports agree, on every day and at every age, because
they add up the same numbers. Not here: the adding up (``sums``) or the reports (``rows``).

Amounts are integers in the currency's minor unit. A day is drawn whole, then seen through its age: orders come into
view one by one until 58 days later, a few clicks turn out invalid and are gone after three days, a day that is not
over shows its part.
"""

from dataclasses import dataclass, fields
from datetime import date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from ppc_pipeline.sandbox.determinism import counter_random, stable_int
from ppc_pipeline.sandbox.world import ENABLED, World

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

PLACEMENTS = ("Top of Search on-Amazon", "Detail Page on-Amazon", "Other on-Amazon", "Off Amazon")

# One line a slot of a target: which of its search terms, which placement, which share of its impressions.
_SLOT_TERM = np.array((0, 0, 0, 1, 1, 2))
_SLOT_PLACEMENT = np.array((0, 1, 2, 0, 2, 3))
_SLOT_SHARE = np.array((0.28, 0.22, 0.20, 0.14, 0.10, 0.06))
_PLACEMENT_CTR = np.array((2.2, 0.6, 1.0, 0.8))
_WEEKDAYS = np.array((1.08, 1.04, 1.0, 0.97, 0.9, 0.96, 1.12))
_MONTHS_KEY = 1 << 40  # apart from the counters of days


@dataclass(frozen=True, eq=False, slots=True)
class Slots:
    """The slots of a world, one array element each: where they belong, and what they tend to."""

    key: int
    campaign: Integers
    target: Integers
    ad: Integers
    placement: Integers
    term: Integers
    impressions: Floats
    click_rate: Floats
    order_rate: Floats
    cpc: Floats
    price: Integers
    other_price: Integers
    dormant: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a day (or several) shows: one element a slot with impressions, and one an order that is in view."""

    slot: Integers
    impressions: Integers
    clicks: Integers
    cost: Integers
    added_to_list: Integers
    order_slot: Integers
    order_delay: Integers
    order_units: Integers
    order_sales: Integers
    order_same_sku: Integers

    @classmethod
    def joined(cls, parts: list["Traffic"]) -> "Traffic":
        """Put days together."""
        empty = np.zeros(0, np.int64)
        return cls(*(np.concatenate([empty, *(getattr(part, f.name) for part in parts)]) for f in fields(cls)))


@lru_cache(maxsize=64)
def slots_of(world: World) -> Slots:
    """Lay out the slots of a world."""
    campaigns, targets, ads = world.campaigns, world.targets, world.ads
    count, width = len(targets), len(_SLOT_SHARE)
    group = np.array([target.ad_group for target in targets], np.int64)
    campaign_of_group = np.array([ad_group.campaign for ad_group in world.ad_groups], np.int64)
    ad_group = np.array([ad.ad_group for ad in ads], np.int64)
    first_ad = np.searchsorted(ad_group, group)
    ad_count = np.searchsorted(ad_group, group, "right") - first_ad
    target = np.repeat(np.arange(count), width)
    number = np.tile(np.arange(width), count)
    term_count = np.array([len(target.terms) for target in targets], np.int64)
    first_term = np.concatenate([np.zeros(1, np.int64), np.cumsum(term_count)])[:-1]
    ad = first_ad[target] + (target + number) % ad_count[target]
    price = np.array([ad.price for ad in ads], np.int64)
    campaign = campaign_of_group[group[target]]
    cpc = np.array([c.cpc for c in campaigns])[campaign]
    acos = np.array([c.acos for c in campaigns])[campaign]
    key = stable_int("figures", world.seed, world.profile.account, world.profile.profile_id)
    random = counter_random(key, 0)
    placement = _SLOT_PLACEMENT[number]
    states = [(t.state, world.ad_groups[t.ad_group].state) for t in targets]
    quiet = [campaigns[campaign_of_group[t.ad_group]].state != ENABLED for t in targets]
    return Slots(
        key=key,
        campaign=campaign,
        target=target,
        ad=ad,
        placement=placement,
        term=first_term[target] + np.minimum(_SLOT_TERM[number], term_count[target] - 1),
        impressions=np.array([t.volume for t in targets])[target] * _SLOT_SHARE[number],
        click_rate=0.009 * random.lognormal(0, 0.4, count)[target] * _PLACEMENT_CTR[placement],
        order_rate=np.clip(cpc / (price[ad] * 1.25 * acos), 0.004, 0.4),
        cpc=cpc * random.lognormal(0, 0.25, count)[target],
        price=price[ad],
        other_price=np.roll(price, 1)[ad],
        dormant=np.array([quiet[i] or states[i] != (ENABLED, ENABLED) for i in range(count)], np.bool_)[target],
    )


def day_traffic(world: World, day: date, as_of: datetime, history_days: int) -> Traffic:
    """Return a day's figures as they stand at a moment.

    Args:
        world: The profile's world.
        day: A date in the profile's time zone.
        as_of: When somebody asks.
        history_days: Days before this many are empty.
    """
    local = as_of.astimezone(ZoneInfo(world.profile.market.timezone))
    age = (local.date() - day).days
    if not world.targets or not 0 <= age <= history_days:
        return Traffic.joined([])
    return _seen(slots_of(world), day, age, _part_of_day(local.time()))


def _part_of_day(moment: time) -> float:
    return (moment.hour * 3600 + moment.minute * 60 + moment.second) / 86400


def _expected(slots: Slots, day: date, random: np.random.Generator) -> Floats:
    """Return the impressions to expect: by weekday, season, a campaign's luck, and what was switched off that month."""
    number = day.toordinal()
    season = 1 + 0.2 * np.sin(2 * np.pi * number / 365.25 + slots.key % 7) + (number - 739_000) / 5000
    luck = random.lognormal(0, 0.25, int(slots.campaign[-1]) + 1)[slots.campaign]
    months = counter_random(slots.key, _MONTHS_KEY + number // 30)
    asleep = slots.dormant & (months.random(int(slots.target[-1]) + 1)[slots.target] > 0.35)
    expected: Floats = slots.impressions * luck * (_WEEKDAYS[day.weekday()] * max(season, 0.2))
    expected[asleep] = 0
    return expected


def _seen(slots: Slots, day: date, age: int, part: float) -> Traffic:
    # Every draw comes before the first look at the age: a day is one and the same, however old.
    random = counter_random(slots.key, day.toordinal())
    every = random.poisson(_expected(slots, day, random))
    slot = np.nonzero(every)[0]
    impressions = every[slot]
    valid = random.binomial(impressions, np.minimum(slots.click_rate[slot], 0.5))
    cpc = np.maximum(1, np.rint(slots.cpc[slot] * random.lognormal(0, 0.1, len(slot)))).astype(np.int64)
    invalid = np.minimum(random.binomial(valid, 0.05), impressions - valid)
    invalid_next_day = random.binomial(invalid, 0.5)
    added = random.binomial(valid, 0.04)
    orders = np.repeat(np.arange(len(slot)), random.binomial(valid, slots.order_rate[slot]))
    count = len(orders)
    delay = np.where(random.random(count) < 0.6, 0, np.minimum(29, 1 + random.exponential(5, count).astype(np.int64)))
    late = np.where(random.random(count) < 0.8, 0, random.integers(1, 29, count))
    units = np.where(random.random(count) < 0.85, 1, random.integers(2, 4, count))
    same_sku = random.random(count) < 0.75
    in_view = delay + 1 + late <= max(age, 1)
    moment = random.random(count)

    clicks = valid + (invalid if age <= 1 else invalid_next_day if age == 2 else 0)
    if age == 0:
        impressions, clicks = ((n * part).astype(np.int64) for n in (impressions, clicks))
        added = added * 0
        in_view &= (moment < part) & (clicks[orders] > 0)
    orders, order_slot = orders[in_view], slot[orders[in_view]]
    price = np.where(same_sku[in_view], slots.price[order_slot], slots.other_price[order_slot])
    shown = impressions > 0
    return Traffic(
        slot=slot[shown],
        impressions=impressions[shown],
        clicks=clicks[shown],
        cost=(clicks * cpc)[shown],
        added_to_list=added[shown],
        order_slot=order_slot,
        order_delay=delay[in_view],
        order_units=units[in_view],
        order_sales=units[in_view] * price,
        order_same_sku=same_sku[in_view].astype(np.int64),
    )
