"""What happened on a day: impressions, clicks, costs and orders, as a person asking at some moment would see them.

Here: the model. A *slot* is one target shown with one ad on one placement for one search term; everything is drawn
for slots, and every report adds slots up its own way. So all reports of an ad product agree, on every day and at every
age, because they add up the same numbers. Not here: the adding up (``sums``), the reports (``bodies``), or what people
did beside clicking (``engagement``), which Sponsored Products hardly reports.

Amounts are integers in the currency's minor unit. A day is drawn whole, then seen through its age: orders come into
view one by one until 58 days later, a few clicks turn out invalid and are gone after three days, a day that is not
over shows its part.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from ppc_pipeline.amazon_ads.ad_products import (
    SPONSORED_BRANDS,
    SPONSORED_DISPLAY,
    SPONSORED_PRODUCTS,
    SPONSORED_TELEVISION,
)
from ppc_pipeline.sandbox import engagement
from ppc_pipeline.sandbox.determinism import counter_random, stable_int
from ppc_pipeline.sandbox.engagement import Engagement, Integers
from ppc_pipeline.sandbox.world import ENABLED, World

Floats = NDArray[np.float64]

PLACEMENTS = ("Top of Search on-Amazon", "Detail Page on-Amazon", "Other on-Amazon", "Off Amazon")

# One line a slot of a target: which of its search terms, which placement, which share of its impressions.
_SLOT_TERM = np.array((0, 0, 0, 1, 1, 2))
_SLOT_SHARE = np.array((0.28, 0.22, 0.20, 0.14, 0.10, 0.06))
_PLACEMENT_CTR = np.array((2.2, 0.6, 1.0, 0.8))
_WEEKDAYS = np.array((1.08, 1.04, 1.0, 0.97, 0.9, 0.96, 1.12))
# Apart from the counters of days.
_MONTHS_KEY = 1 << 40
_EVENTS_KEY = 1 << 41
_VIEWS_KEY = 1 << 42
_FIRST = 0.6  # of the orders are a customer's first of the brand


@dataclass(frozen=True, slots=True)
class _Conduct:
    """How people behave towards the ads of an ad product.

    Attributes:
        click_rate: Clicks an impression.
        view_rate: Orders after a view, as a share of those after a click; 0 where Amazon counts none.
        window: Orders count up to this many days later.
        placements: The placement of each slot of a target.
    """

    click_rate: float
    view_rate: float
    window: int
    placements: tuple[int, ...] = (0, 1, 2, 0, 2, 2)


_CONDUCT = {
    SPONSORED_PRODUCTS: _Conduct(0.009, 0.0, 30, (0, 1, 2, 0, 2, 3)),
    SPONSORED_BRANDS: _Conduct(0.007, 0.004, 14),
    SPONSORED_DISPLAY: _Conduct(0.004, 0.002, 14),
    SPONSORED_TELEVISION: _Conduct(0.001, 0.003, 14),
}


@dataclass(frozen=True, eq=False, slots=True)
class Slots:
    """The slots of a world, one array element each: where they belong, and what they tend to.

    ``campaign_cpm`` has one a campaign, 0 where clicks are paid for; ``ad_video`` has one an ad.
    """

    key: int
    conduct: _Conduct
    campaign_cpm: Floats
    ad_video: NDArray[np.bool_]
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
    order_after_view: Integers
    order_is_first: Integers
    events: Mapping[str, Integers]

    @classmethod
    def joined(cls, parts: list["Traffic"]) -> "Traffic":
        """Put days together."""
        empty = np.zeros(0, np.int64)
        arrays = {
            f.name: np.concatenate([empty, *(getattr(part, f.name) for part in parts)])
            for f in fields(cls)
            if f.name != "events"
        }
        names = dict.fromkeys(name for part in parts for name in part.events)
        events = {name: np.concatenate([empty, *(part.by_slot(name) for part in parts)]) for name in names}
        return cls(**arrays, events=events)

    def by_slot(self, name: str) -> Integers:
        """Return one of the arrays of slots, or how often something happened; what was not drawn never did."""
        if name in _BY_SLOT:
            values: Integers = getattr(self, name)
            return values
        return self.events.get(name, np.zeros_like(self.slot))


_BY_SLOT = frozenset({"impressions", "clicks", "cost", "added_to_list"})


@dataclass(frozen=True, eq=False, slots=True)
class _Orders:
    """The orders of a day, one element each.

    Attributes:
        position: That of their slot among those shown.
        delay: Days after the click or view.
        late: Days until they come into view.
        units: Pieces sold.
        same_sku: Whether of the advertised product.
        moment: When on the day, as a share of it.
        is_first: Whether the customer's first of the brand.
    """

    position: Integers
    delay: Integers
    late: Integers
    units: Integers
    same_sku: NDArray[np.bool_]
    moment: Floats
    is_first: NDArray[np.bool_]


@dataclass(frozen=True, eq=False, slots=True)
class _Day:
    """A day as it was drawn, however old it is when somebody looks: one element a slot that was shown.

    ``views`` are orders of people who saw an ad and did not click; with ``engagement`` they are there on demand.
    """

    slot: Integers
    impressions: Integers
    valid: Integers
    invalid: Integers
    invalid_next_day: Integers
    cpc: Integers
    added: Integers
    orders: _Orders
    views: _Orders | None = None
    engagement: Engagement | None = None


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
    conduct = _CONDUCT[world.ad_product]
    apart = () if world.ad_product == SPONSORED_PRODUCTS else (world.ad_product,)
    key = stable_int("figures", world.seed, world.profile.account, world.profile.profile_id, *apart)
    random = counter_random(key, 0)
    placement = np.array(conduct.placements)[number]
    states = [(t.state, world.ad_groups[t.ad_group].state) for t in targets]
    quiet = [campaigns[campaign_of_group[t.ad_group]].state != ENABLED for t in targets]
    return Slots(
        key=key,
        conduct=conduct,
        campaign_cpm=np.array([c.cpm for c in campaigns]),
        ad_video=np.array([ad.is_video for ad in ads], np.bool_),
        campaign=campaign,
        target=target,
        ad=ad,
        placement=placement,
        term=first_term[target] + np.minimum(_SLOT_TERM[number], term_count[target] - 1),
        impressions=np.array([t.volume for t in targets])[target] * _SLOT_SHARE[number],
        click_rate=conduct.click_rate * random.lognormal(0, 0.4, count)[target] * _PLACEMENT_CTR[placement],
        order_rate=np.clip(cpc / (price[ad] * 1.25 * acos), 0.004, 0.4),
        cpc=cpc * random.lognormal(0, 0.25, count)[target],
        price=price[ad],
        other_price=np.roll(price, 1)[ad],
        dormant=np.array([quiet[i] or states[i] != (ENABLED, ENABLED) for i in range(count)], np.bool_)[target],
    )


def day_traffic(world: World, day: date, as_of: datetime, history_days: int, *, events: bool = False) -> Traffic:
    """Return a day's figures as they stand at a moment.

    Args:
        world: The profile's world.
        day: A date in the profile's time zone.
        as_of: When somebody asks.
        history_days: Days before this many are empty.
        events: Whether to draw events for Sponsored Products too, which has few columns that need them.
    """
    local = as_of.astimezone(ZoneInfo(world.profile.market.timezone))
    age = (local.date() - day).days
    if not world.targets or not 0 <= age <= history_days:
        return Traffic.joined([])
    slots = slots_of(world)
    drawn = _drawn(slots, day)
    if events or slots.conduct.view_rate:
        drawn = _with_more(slots, day, drawn)
    return _seen(slots, drawn, age, _part_of_day(local.time()))


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


def _drawn(slots: Slots, day: date) -> _Day:
    """Draw a day, before the first look at its age: it is one and the same, however old."""
    random = counter_random(slots.key, day.toordinal())
    every = random.poisson(_expected(slots, day, random))
    slot = np.nonzero(every)[0]
    impressions = every[slot]
    valid = random.binomial(impressions, np.minimum(slots.click_rate[slot], 0.5))
    cpc = np.maximum(1, np.rint(slots.cpc[slot] * random.lognormal(0, 0.1, len(slot)))).astype(np.int64)
    invalid = np.minimum(random.binomial(valid, 0.05), impressions - valid)
    invalid_next_day = random.binomial(invalid, 0.5)
    added = random.binomial(valid, 0.04)
    orders = _ordered(random, random.binomial(valid, slots.order_rate[slot]))
    return _Day(slot, impressions, valid, invalid, invalid_next_day, cpc, added, orders)


def _ordered(random: np.random.Generator, times: Integers) -> _Orders:
    """Draw what is to be known of orders, given how many there are of each slot."""
    position = np.repeat(np.arange(len(times)), times)
    count = len(position)
    delay = np.where(random.random(count) < 0.6, 0, np.minimum(29, 1 + random.exponential(5, count).astype(np.int64)))
    late = np.where(random.random(count) < 0.8, 0, random.integers(1, 29, count))
    units = np.where(random.random(count) < 0.85, 1, random.integers(2, 4, count))
    same_sku = random.random(count) < 0.75
    return _Orders(position, delay, late, units, same_sku, random.random(count), np.zeros(count, np.bool_))


def _with_more(slots: Slots, day: date, drawn: _Day) -> _Day:
    """Draw what only some reports tell, from generators of its own: the rest of the day stays what it is."""
    video = slots.ad_video[slots.ad[drawn.slot]]
    engaged = engagement.drawn(
        counter_random(slots.key, _EVENTS_KEY + day.toordinal()),
        drawn.impressions,
        drawn.valid,
        drawn.invalid,
        drawn.invalid_next_day,
        video,
    )
    if not slots.conduct.view_rate:
        return replace(drawn, engagement=engaged)
    random = counter_random(slots.key, _VIEWS_KEY + day.toordinal())
    unclicked = engaged.at_once["viewed"] - drawn.valid - drawn.invalid
    views = _ordered(random, random.binomial(unclicked, slots.conduct.view_rate * slots.order_rate[drawn.slot]))
    orders, views = (
        replace(some, is_first=random.random(len(some.position)) < _FIRST) for some in (drawn.orders, views)
    )
    return replace(drawn, orders=orders, views=views, engagement=engaged)


def _seen(slots: Slots, drawn: _Day, age: int, part: float) -> Traffic:
    """Return what of a day is in view at an age."""
    slot, impressions, added = drawn.slot, drawn.impressions, drawn.added
    clicks = drawn.valid + (drawn.invalid if age <= 1 else drawn.invalid_next_day if age == 2 else 0)
    if age == 0:
        impressions, clicks = ((n * part).astype(np.int64) for n in (impressions, clicks))
        added = added * 0
    events = drawn.engagement.seen(age, part) if drawn.engagement else {}
    orders = [_orders_in_view(slots, slot, drawn.orders, clicks > 0, age, part)]
    if drawn.views:
        orders.append(_orders_in_view(slots, slot, drawn.views, impressions > 0, age, part))
    after_view = np.repeat(np.arange(len(orders)), [len(some["order_slot"]) for some in orders])
    shown = impressions > 0
    return Traffic(
        slot=slot[shown],
        impressions=impressions[shown],
        clicks=clicks[shown],
        cost=_cost(slots, drawn, clicks, events)[shown],
        added_to_list=added[shown],
        **{name: np.concatenate([some[name] for some in orders]) for name in orders[0]},
        order_after_view=after_view,
        events={name: times[shown] for name, times in events.items()},
    )


def _cost(slots: Slots, drawn: _Day, clicks: Integers, events: Mapping[str, Integers]) -> Integers:
    cost: Integers = clicks * drawn.cpc
    if not slots.campaign_cpm.any():
        return cost
    cpm = slots.campaign_cpm[slots.campaign[drawn.slot]]
    return np.where(cpm > 0, np.rint(events["viewed"] * cpm / 1000).astype(np.int64), cost)


def _orders_in_view(
    slots: Slots, slot: Integers, orders: _Orders, touched: NDArray[np.bool_], age: int, part: float
) -> dict[str, Integers]:
    """Return the orders that are in view; on a day that is not over, only after what was clicked or seen."""
    in_view = (orders.delay + 1 + orders.late <= max(age, 1)) & (orders.delay < slots.conduct.window)
    if age == 0:
        in_view &= (orders.moment < part) & touched[orders.position]
    order_slot, same_sku, units = slot[orders.position[in_view]], orders.same_sku[in_view], orders.units[in_view]
    price = np.where(same_sku, slots.price[order_slot], slots.other_price[order_slot])
    return {
        "order_slot": order_slot,
        "order_delay": orders.delay[in_view],
        "order_units": units,
        "order_sales": units * price,
        "order_same_sku": same_sku.astype(np.int64),
        "order_is_first": orders.is_first[in_view].astype(np.int64),
    }
