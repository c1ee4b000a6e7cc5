"""The pictures of how profiles go: cost, sales and ACoS by day, and the heat map of weekdays.

Import it where they are drawn: matplotlib takes a second, and most processes draw nothing.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import dagster as dg
import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, DateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from ppc_pipeline.defs.plots import picture, readable_on
from ppc_pipeline.warehouse.trends import TrendDay, WeekdayIndex
from ppc_pipeline.wording import amount

LARGE_PANELS = 9
"""So many profiles have a panel with axes; each of the others has a small one, by its own scale."""

MOST_ROWS = 40

_COLUMNS = 3
_SMALL_COLUMNS = 4
_LINES = (("sales", "#1f6f8b", "-"), ("cost", "#c2571a", "-"), ("acos_percent", "#5b4a8a", ":"))
_THOUSAND = 1000
"""From here on amounts are written short: 1.2k, 3.4M."""

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def trends_plot(days: Sequence[TrendDay]) -> dg.MarkdownMetadataValue:
    """Draw cost, sales and ACoS by day: a panel with axes for each of the profiles with the highest cost."""
    series = _series(days)[:LARGE_PANELS]
    rows = -(-len(series) // _COLUMNS)
    figure = Figure(figsize=(10, 0.3 + 1.5 * rows), layout="constrained")
    panels = figure.subplots(rows, _COLUMNS, squeeze=False).ravel()
    for axes, one in zip(panels, series, strict=False):
        _panel(axes, one)
    for axes in panels[len(series) :]:
        axes.set_visible(False)
    left = "cost and sales on the left, ACoS in percent (dotted) on the right"
    figure.suptitle(f"blue: sales, orange: cost; {left}", fontsize=8)
    more = days[0].found - len(series)
    why = f"The {len(series)} with the highest cost, each currency's first ones; {more} more are drawn small below."
    return picture(figure, "cost, sales and ACoS by day", why if more > 0 else "")


def small_trends_plot(days: Sequence[TrendDay]) -> dg.MarkdownMetadataValue | None:
    """Draw cost, sales and ACoS by day of every profile that has no panel with axes; None where each has one.

    One pair of axes for all: with a pair for each, two hundred profiles would take ten seconds.
    """
    series = _series(days)[LARGE_PANELS:]
    if not series:
        return None
    rows = -(-len(series) // _SMALL_COLUMNS)
    figure = Figure(figsize=(10, 0.4 + 0.62 * rows))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(-0.02, _SMALL_COLUMNS), ylim=(-rows + 0.9, 1.5))
    axes.axis("off")
    first, last = min(day.date for day in days), max(day.date for day in days)
    for number, one in enumerate(series):
        row, column = divmod(number, _SMALL_COLUMNS)
        _small_panel(axes, one, (column, -row), (first, last))
    scale = "dotted: ACoS; each profile by its own scale; beside its name: cost and ACoS of these days"
    axes.text(0, 1.3, f"{first:%d %b} to {last:%d %b}; blue: sales, orange: cost, {scale}", fontsize=8)
    return picture(figure, "cost, sales and ACoS by day of the other profiles")


def _series(days: Sequence[TrendDay]) -> list[list[TrendDay]]:
    """Return the days of each profile and currency, in their order."""
    places: dict[int, list[TrendDay]] = {}
    for day in days:
        places.setdefault(day.place, []).append(day)
    return [places[place] for place in sorted(places)]


def _small_panel(axes: Axes, days: Sequence[TrendDay], corner: tuple[float, float], span: tuple[date, date]) -> None:
    """Draw lines without axes into the cell whose lower left corner is given, with the sums in words above them."""
    width = max(1, (span[1] - span[0]).days)
    across = [corner[0] + 0.94 * (day.date - span[0]).days / width for day in days]
    heights = {name: np.array([_number(getattr(day, name)) for day in days]) for name, *_ in _LINES}
    most = max(np.nanmax(heights[name], initial=0) for name in ("sales", "cost"))
    for name, color, style in _LINES:
        top = np.nanmax(heights[name], initial=0) if name == "acos_percent" else most
        lifted = corner[1] + 0.6 * heights[name] / (top or 1)
        axes.plot(across, lifted, color=color, linewidth=0.7, linestyle=style, antialiased=False)
    axes.text(corner[0], corner[1] + 0.67, _in_short(days), fontsize=6.5, parse_math=False)


def _in_short(days: Sequence[TrendDay]) -> str:
    """Say what the cost of a small panel sums up to, and the ACoS: its lines have no numbers beside them."""
    cost = sum(day.cost or 0 for day in days)
    known = [(day.cost, day.sales) for day in days if day.cost is not None and day.sales is not None]
    spent, sold = (sum(amounts) for amounts in zip(*known, strict=True)) if known else (0, 0)
    acos = f"{100 * spent / sold:.0f} %" if sold else "-"
    currency = days[0].currency_code
    short = EngFormatter(places=1, sep="")(float(cost)) if cost >= _THOUSAND else amount(Decimal(cost), currency)
    return f"{days[0].profile[:20]}: {short} {currency}, ACoS {acos}"


def _panel(axes: Axes, days: Sequence[TrendDay]) -> None:
    first, dates = days[0], date2num([day.date for day in days])
    for name, color in (("sales", "#1f6f8b"), ("cost", "#c2571a")):
        axes.plot(dates, [_number(getattr(day, name)) for day in days], color=color, linewidth=1.1)
    rates = axes.twinx()
    rates.plot(dates, [_number(day.acos_percent) for day in days], color="#5b4a8a", linewidth=0.8, linestyle=":")
    # Names come from outside: a dollar sign in one is no formula.
    axes.set_title(f"{first.profile}, {first.currency_code}", fontsize=7.5, loc="left", parse_math=False)
    axes.xaxis.set_major_locator(AutoDateLocator(minticks=1, maxticks=5))
    axes.xaxis.set_major_formatter(DateFormatter("%d %b"))
    for one in (axes, rates):
        one.set_ylim(bottom=0)
        one.tick_params(labelsize=6.5)


def weekdays_plot(indices: Sequence[WeekdayIndex]) -> dg.MarkdownMetadataValue:
    """Draw how the sales of weekdays differ from the mean day: a row for each profile and ad product."""
    places = sorted({index.place for index in indices})[:MOST_ROWS]
    indices = [index for index in indices if index.place in places]
    grid = np.full((len(places), len(_WEEKDAYS)), np.nan)
    names = {}
    for index in indices:
        names[index.place] = f"{index.profile}, {_short(index.ad_product)}, {index.currency_code}"
        if index.sales_index is not None:
            grid[places.index(index.place), index.weekday - 1] = index.sales_index
    figure = Figure(figsize=(8, 0.9 + 0.3 * len(places)), layout="constrained")
    axes = figure.subplots()
    mesh = axes.imshow(grid, cmap="RdBu_r", vmin=0.5, vmax=1.5, aspect="auto")
    for (row, column), value in np.ndenumerate(grid):
        if not np.isnan(value):
            color = readable_on(mesh.to_rgba(value))
            axes.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=7, color=color)
    axes.set_xticks(range(len(_WEEKDAYS)), _WEEKDAYS, fontsize=7)
    axes.set_yticks(range(len(places)), [names[place] for place in places], fontsize=7, parse_math=False)
    figure.colorbar(mesh, ax=axes, label="sales, 1: average day").ax.tick_params(labelsize=7)
    more = indices[0].found - len(places)
    why = f"The {len(places)} with the highest cost, each currency's first ones; {more} more are not drawn."
    return picture(figure, "sales by weekday", why if more else "")


def _short(ad_product: str) -> str:
    return ad_product.removeprefix("SPONSORED_").capitalize()


def _number(value: object) -> float:
    return float("nan") if value is None else float(str(value))
