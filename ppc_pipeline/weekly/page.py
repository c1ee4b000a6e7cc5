"""From contents to a page: one HTML file without scripts, and without anything from elsewhere.

Everything that comes from outside (names of campaigns, search terms, reasons) is escaped by the template engine; only
our own drawings are put in as they are.
"""

from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from ppc_pipeline.weekly import formats
from ppc_pipeline.weekly.contents import Contents, final_of_week
from ppc_pipeline.weekly.figures import Basis, Change

TITLES = {
    "cost": "Cost",
    "sales": "Sales",
    "acos_percent": "ACoS",
    "roas": "ROAS",
    "purchases": "Orders",
    "units": "Units",
    "cost_per_purchase": "Cost per order",
    "impressions": "Impressions",
    "clicks": "Clicks",
    "ctr_percent": "Click-through rate",
    "cpc": "Cost per click",
    "cvr_percent": "Conversion rate",
}
"""Figure -> what people call it."""

CARDS = ("cost", "sales", "acos_percent", "roas")
"""The figures that stand at the top."""

_BETTER_UP = frozenset({"sales", "roas", "purchases", "units", "clicks", "ctr_percent", "cvr_percent"})
_BETTER_DOWN = frozenset({"acos_percent", "cost_per_purchase", "cpc"})


def page_of(contents: Contents) -> str:
    """Return the page, whole."""
    from ppc_pipeline.weekly.charts import daily_chart, product_chart  # matplotlib takes a second

    currency = contents.profile.currency_code
    names = [product_name(one.ad_product) for one in contents.products]
    charts = {}
    if not contents.empty:
        charts["daily"] = daily_chart(contents.days, contents.week, currency)
        charts["products"] = product_chart(contents.products, currency, names)
    return _template().render(
        c=contents,
        currency=currency,
        charts=charts,
        bases={change.basis for one in contents.figures.values() for change in (one.change, one.change_from_mean)},
        final=final_of_week(contents.prospects),
        titles=TITLES,
        cards=CARDS,
    )


def product_name(ad_product: str) -> str:
    """Spell an ad product for people: ``SPONSORED_PRODUCTS`` is Sponsored Products."""
    return ad_product.replace("_", " ").title()


def judged(name: str, change: Change) -> str:
    """Say whether a change of a figure is ``good`` or ``bad``; of cost and impressions neither can be said.

    Of what is still coming in it cannot be said yet: a young week would look worse than those before it.
    """
    if change.basis is Basis.STILL_COMING_IN:
        return "quiet"
    if not change.percent or name not in _BETTER_UP | _BETTER_DOWN:
        return ""
    return "good" if (change.percent > 0) == (name in _BETTER_UP) else "bad"


@lru_cache(maxsize=1)
def _template() -> Template:
    loader = PackageLoader("ppc_pipeline.weekly", ".")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals |= {"f": formats, "product_name": product_name, "judged": judged, "Basis": Basis}
    return environment.get_template("page.html.j2")
