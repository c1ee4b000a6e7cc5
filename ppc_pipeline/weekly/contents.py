"""What stands on one profile's page for one week: figures beside those of other weeks, lists with reasons, prospects.

Plain data made of plain data. Not here: reading it (``reading``), or how it looks (``page``, ``charts``).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from ppc_pipeline.reports.completeness import DayStatus, Stretch
from ppc_pipeline.reports.roster import ProfileFacts
from ppc_pipeline.weekly.figures import Change, Known, Outlook, Sums, change_between, over, total
from ppc_pipeline.weekly.reading import SOURCES, WEEKS, Campaign, Found, LosingCampaign, Restated, Target, WastedTerm
from ppc_pipeline.weekly.reasons import why_it_lost
from ppc_pipeline.weekly.weeks import Week

KEY_FIGURES = (
    *("cost", "sales", "acos_percent", "roas", "purchases", "units", "cost_per_purchase"),
    *("impressions", "clicks", "ctr_percent", "cpc", "cvr_percent"),
)

WEEKS_OF_MEAN = 4

_VENDOR_WINDOW, _SELLER_WINDOW = "14d", "7d"


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """A figure or rate of the week beside what it was.

    Attributes:
        before: Of the week before.
        mean: A week's mean over the weeks before; of a rate, over their sums.
        change: From the week before.
        change_from_mean: From that mean.
    """

    name: str
    now: Decimal | None
    before: Decimal | None
    mean: Decimal | None
    change: Change
    change_from_mean: Change


@dataclass(frozen=True, slots=True)
class Day:
    """A day over all ad products; its figures are None where it is not loaded of each that ever was."""

    date: date
    sums: Sums | None


@dataclass(frozen=True, slots=True)
class ByProduct:
    """An ad product's week, and how it differs from the week before."""

    ad_product: str
    now: Sums
    cost_change: Change
    sales_change: Change


@dataclass(frozen=True, slots=True)
class Lost:
    """A campaign whose cost exceeds what it will have sold, and why."""

    campaign: LosingCampaign
    why: str


@dataclass(frozen=True, slots=True)
class Prospect:
    """How a day's figures will be when they are final, as the days before it were.

    Attributes:
        asked_on: As of which date its figures are, the oldest of its ad products.
        final: What cost and sales will be; None where no share is known of an ad product that has figures.
    """

    day: date
    now: Sums
    asked_on: date | None
    final: Sums | None

    @property
    def known_percent(self) -> Decimal | None:
        """Which share of the final sales is known."""
        return over(self.now.sales, self.final.sales, 100) if self.final else None


@dataclass(frozen=True, slots=True)
class Lacking:
    """Days of the week that are not loaded of one report type, and why."""

    report_type: str
    days: int
    status: DayStatus
    reason: str


@dataclass(frozen=True, slots=True)
class Contents:
    """The page.

    Attributes:
        weeks_of_mean: How many weeks the mean is over: those of the four before that are wholly loaded.
        whole: Whether the week is wholly loaded of each ad product by day.
        week_before_whole: Whether the week before is.
        term_days: Of how many days of the week a search term report is loaded.
        not_judged: Ad products of which nobody knows whether campaigns lost money.
        other_currencies: Currencies of rows that are left out, because they are not the profile's.
    """

    profile: ProfileFacts
    week: Week
    sandbox: bool
    made_at: datetime
    lacking: Sequence[Lacking]
    whole: bool
    week_before_whole: bool
    figures: Mapping[str, KeyFigure]
    weeks_of_mean: int
    days: Sequence[Day]
    products: Sequence[ByProduct]
    campaigns: Sequence[Campaign]
    lost: Sequence[Lost]
    not_judged: Sequence[str]
    targets: Sequence[Target]
    wasted_terms: Sequence[WastedTerm]
    term_days: int
    restated: Sequence[Restated]
    prospects: Sequence[Prospect]
    other_currencies: Sequence[str]

    @property
    def empty(self) -> bool:
        """Whether nothing happened in the week, as far as it is loaded."""
        return not self.products


def contents_of(
    profile: ProfileFacts, week: Week, found: Found, standing: Sequence[Stretch], *, sandbox: bool, now: datetime
) -> Contents:
    """Put a page together.

    Args:
        profile: Whose.
        week: Which week.
        found: What the warehouse has of the profile.
        standing: How the days of the week stand, for the report types that are ordered.
        sandbox: Whether the figures are made up.
        now: This moment.
    """
    own = _Own(profile, found)
    whole, before_whole = own.is_whole(week), own.is_whole(week.before())
    comparable = whole and before_whole
    means = [one for n in range(1, WEEKS_OF_MEAN + 1) if own.is_whole(one := week.before(n))] if whole else []
    return Contents(
        profile=profile,
        week=week,
        sandbox=sandbox,
        made_at=now,
        lacking=_lacking(standing),
        whole=whole,
        week_before_whole=before_whole,
        figures=_key_figures(own, week, comparable=comparable, means=means),
        weeks_of_mean=len(means),
        days=[own.day(day) for n in reversed(range(WEEKS)) for day in week.before(n).days],
        products=own.by_product(week, comparable=comparable),
        campaigns=[one for one in found.campaigns if one.currency_code == own.currency],
        lost=[own.lost(one) for one in found.losing if one.currency_code == own.currency],
        not_judged=found.not_judged,
        targets=[one for one in found.targets if one.currency_code == own.currency],
        wasted_terms=[one for one in found.wasted_terms if one.currency_code == own.currency],
        term_days=len(found.term_days),
        restated=[one for one in found.restated if one.currency_code == own.currency and own.is_shown(one)],
        prospects=[own.prospect(day) for day in week.days] if own.by_product(week, comparable=False) else [],
        other_currencies=sorted({day.currency_code for day in found.days} - {own.currency}),
    )


class _Own:
    """The figures of a profile in its own currency. Those of another one are never added to them."""

    def __init__(self, profile: ProfileFacts, found: Found) -> None:
        self.currency = profile.currency_code
        self._window = _VENDOR_WINDOW if profile.account_type == "vendor" else _SELLER_WINDOW
        self._found = found
        self._loaded_types = {report_type for report_type, _ in found.asked_on}
        self._by_day: dict[date, dict[str, Sums]] = defaultdict(dict)
        for day in found.days:
            if day.currency_code == self.currency:
                self._by_day[day.date][day.ad_product] = day.sums

    def is_whole(self, week: Week) -> bool:
        """Say whether every day of a week is loaded, of each ad product that was ever loaded."""
        return all(self._is_loaded(day) for day in week.days)

    def _is_loaded(self, day: date) -> bool:
        types = self._loaded_types
        return bool(types) and all((report_type, day) in self._found.asked_on for report_type in types)

    def outlook(self, weeks: Sequence[Week]) -> Outlook:
        """Return the figures of some weeks over all ad products, as they are and as they will be in the end."""
        return self._outlook([part for week in weeks for parts in self._products(week).values() for part in parts])

    def _outlook(self, parts: Sequence[tuple[Sums, Known]]) -> Outlook:
        return Outlook(total([sums for sums, _ in parts]), total([known.in_the_end(sums) for sums, known in parts]))

    def day(self, day: date) -> Day:
        """Return a day over all ad products; what one of them lacks would look like a drop of all."""
        loaded = self._is_loaded(day)
        return Day(day, total([*self._by_day.get(day, {}).values()]) if loaded else None)

    def lost(self, campaign: LosingCampaign) -> Lost:
        """Say why a campaign lost; the week before says nothing where one of the two is not wholly loaded."""
        comparable = self.is_whole(campaign.week) and self.is_whole(campaign.week.before())
        return Lost(campaign, why_it_lost(campaign.now, (campaign.before or Sums()) if comparable else None))

    def by_product(self, week: Week, *, comparable: bool) -> list[ByProduct]:
        """Return the ad products that have rows in a week, the highest cost first."""
        earlier = self._products(week.before())
        found = []
        for ad_product, parts in self._products(week).items():
            now, before = self._outlook(parts), self._outlook(earlier[ad_product]) if comparable else None
            changes = (_change(now, before, name) for name in ("cost", "sales"))
            found.append(ByProduct(ad_product, now.now, *changes))
        return sorted(found, key=lambda one: (-(one.now.cost or 0), one.ad_product))

    def _products(self, week: Week) -> dict[str, list[tuple[Sums, Known]]]:
        """Return the days of a week by ad product, each with how much of it is known."""
        parts: dict[str, list[tuple[Sums, Known]]] = defaultdict(list)
        for day in week.days:
            for ad_product, sums in self._by_day.get(day, {}).items():
                parts[ad_product].append((sums, self._found.known.get((ad_product, day), Known())))
        return parts

    def is_shown(self, restated: Restated) -> bool:
        """Say whether a restated metric is one that the page has figures of."""
        names = ("impressions", "clicks", "cost", "purchases", "sales")
        return restated.metric in {self._column(name, restated.report_type) for name in names}

    def _column(self, figure: str, report_type: str) -> str:
        """Return the column of a report that holds a figure in the standard window."""
        windowed = report_type == SOURCES["SPONSORED_PRODUCTS"] and figure in ("purchases", "sales")
        return f"{figure}_{self._window}" if windowed else figure

    def prospect(self, day: date) -> Prospect:
        """Return how a day's cost and sales will be when they are final."""
        products = self._by_day.get(day, {})
        asked = [on for ad_product in products if (on := self._found.asked_on.get((SOURCES[ad_product], day)))]
        finals = [self._final(ad_product, sums, day) for ad_product, sums in products.items()]
        whole = [final for final in finals if final is not None]
        final = total(whole) if len(whole) == len(finals) else None
        return Prospect(day, total([*products.values()]), min(asked, default=None), final)

    def _final(self, ad_product: str, sums: Sums, day: date) -> Sums | None:
        cost = self._final_figure(ad_product, "cost", sums.cost, day)
        sales = self._final_figure(ad_product, "sales", sums.sales, day)
        return None if cost is None or sales is None else Sums(None, None, cost, None, sales, None)

    def _final_figure(self, ad_product: str, figure: str, value: Decimal | None, day: date) -> Decimal | None:
        """Divide what is known of a figure by the share that is known at this age; None where that is not known."""
        if not value:
            return value
        report_type = SOURCES[ad_product]
        asked_on = self._found.asked_on.get((report_type, day))
        shares = self._found.shares.get((self.currency, report_type, self._column(figure, report_type)), [])
        reached = [share for age, share in shares if asked_on and age <= (asked_on - day).days]
        return value / reached[-1] if reached else None


def _key_figures(own: _Own, week: Week, *, comparable: bool, means: Sequence[Week]) -> dict[str, KeyFigure]:
    now, before = own.outlook([week]), own.outlook([week.before()]) if comparable else None
    together = own.outlook(means) if means else None
    return {
        name: KeyFigure(
            name,
            now.now.value(name),
            before.now.value(name) if before else None,
            together.figure(name, len(means)).now if together else None,
            change=_change(now, before, name),
            change_from_mean=_change(now, together, name, len(means)),
        )
        for name in KEY_FIGURES
    }


def _change(now: Outlook, before: Outlook | None, name: str, weeks: int = 1) -> Change:
    """Say how a week's figure differs from that of one or several weeks before, where these can be compared."""
    return change_between(now.figure(name), before.figure(name, weeks)) if before else Change()


def final_of_week(prospects: Sequence[Prospect]) -> Sums | None:
    """Return what the week will be when it is final; None where that is not known of a day."""
    finals = [prospect.final for prospect in prospects if prospect.final]
    return total(finals) if finals and len(finals) == len(prospects) else None


def _lacking(standing: Sequence[Stretch]) -> list[Lacking]:
    """Return what is not there of the week, leaving out what the profile does not have."""
    counts: dict[tuple[str, DayStatus, str], int] = defaultdict(int)
    for stretch in standing:
        if stretch.status not in (DayStatus.LOADED, DayStatus.NOT_OFFERED):
            counts[stretch.report_type, stretch.status, stretch.reason] += len(stretch.days)
    return [Lacking(name, days, status, reason) for (name, status, reason), days in counts.items()]
