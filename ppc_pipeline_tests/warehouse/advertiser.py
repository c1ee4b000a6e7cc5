"""An advertiser whose campaigns, bids and figures are put into the tables by hand, for tests of suggestions."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import duckdb

from ppc_pipeline.warehouse.suggestions import SOURCES
from ppc_pipeline_tests.fakes import NOON, SELLER
from ppc_pipeline_tests.warehouse.made import add_profile

TODAY = NOON.date()
SETTLED = TODAY - timedelta(days=10)
"""A day whose figures count."""

SP, SB, SD = "SPONSORED_PRODUCTS", "SPONSORED_BRANDS", "SPONSORED_DISPLAY"
_TARGETING = {SP: "report_sp_targeting", SB: "report_sb_targeting", SD: "report_sd_targeting"}
_TERMS = {SP: "report_sp_search_term", SB: "report_sb_search_term"}
_CAMPAIGNS = {SP: "report_sp_campaigns", SB: "report_sb_campaigns", SD: "report_sd_campaigns"}
_AFTER_VIEWS = {"purchases": 7, "sales": 1000}
"""What every row of Sponsored Display has beside what follows clicks."""


def insert(connection: duckdb.DuckDBPyConnection, table: str, **values: Any) -> None:
    marks = ", ".join("?" for _ in values)
    connection.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", list(values.values()))


@dataclass
class Advertiser:
    """One profile. Whatever is made is enabled, unless it is said otherwise."""

    connection: duckdb.DuckDBPyConnection
    profile_id: int = SELLER
    kind: str = "seller"
    country: str = "US"
    currency: str = "USD"
    account: str = "acme"
    ad_product: str = SP
    ids: Any = field(default_factory=lambda: count(1001))

    def __post_init__(self) -> None:
        add_profile(self.connection, self.profile_id, self.kind, self.country, self.currency)
        if self.account != "acme":
            self.change("profiles", account=self.account)
        for report_type in SOURCES:
            self.load(report_type)

    def load(self, report_type: str, days: int = 100) -> None:
        """Write down that the last days of a report type are loaded."""
        insert(
            *(self.connection, "load_log"),
            report_id=f"{report_type} {self.profile_id}",
            account=self.account,
            profile_id=self.profile_id,
            report_type=report_type,
            start_date=TODAY - timedelta(days=days),
            end_date=TODAY - timedelta(days=1),
            requested_at=NOON,
            loaded_at=NOON,
            rows_in_file=0,
            rows_loaded=0,
            rows_rejected=0,
            days_changed=0,
            days_unchanged=0,
            days_stale=0,
            columns_missing=[],
        )

    def _entity(self, table: str, **values: Any) -> None:
        own = {"account": self.account, "profile_id": self.profile_id, "currency_code": self.currency}
        own |= {"ad_product": self.ad_product, "valid_from": NOON - timedelta(days=200)}
        insert(self.connection, f"{table}_history", **(own | {"state": "ENABLED"} | values))

    def campaign(self, name: str = "Summer", **values: Any) -> int:
        campaign_id = next(self.ids)
        made = {"targeting_type": "MANUAL", "budget": 10, "budget_type": "DAILY"}
        self._entity("campaigns", **({"campaign_id": campaign_id, "name": name} | made | values))
        return campaign_id

    def ad_group(self, campaign_id: int, name: str = "Towels", **values: Any) -> int:
        ad_group_id = next(self.ids)
        self._entity(
            "ad_groups",
            **({"campaign_id": campaign_id, "ad_group_id": ad_group_id, "name": name, "state": "ENABLED"} | values),
        )
        return ad_group_id

    def product(self, campaign_id: int, ad_group_id: int, asin: str) -> None:
        self._entity("product_ads", campaign_id=campaign_id, ad_group_id=ad_group_id, ad_id=next(self.ids), asin=asin)

    def keyword(self, campaign_id: int, ad_group_id: int, text: str = "beach towel", **values: Any) -> int:
        keyword_id = next(self.ids)
        made = {"keyword_id": keyword_id, "keyword_text": text, "match_type": "BROAD", "bid": Decimal("0.60")}
        self._entity("keywords", **({"campaign_id": campaign_id, "ad_group_id": ad_group_id} | made | values))
        return keyword_id

    def target(self, campaign_id: int, ad_group_id: int, asin: str = "B000000001", **values: Any) -> int:
        target_id = next(self.ids)
        expression = f'[{{"type": "ASIN_SAME_AS", "value": "{asin}"}}]'
        made = {"target_id": target_id, "expression_type": "MANUAL", "expression": expression, "bid": Decimal("0.60")}
        self._entity("targets", **({"campaign_id": campaign_id, "ad_group_id": ad_group_id} | made | values))
        return target_id

    def negative(self, campaign_id: int, ad_group_id: int | None, text: str, **values: Any) -> None:
        level = "CAMPAIGN" if ad_group_id is None else "AD_GROUP"
        made = {"keyword_id": next(self.ids), "level": level, "keyword_text": text, "match_type": "NEGATIVE_EXACT"}
        self._entity("negative_keywords", **({"campaign_id": campaign_id, "ad_group_id": ad_group_id} | made | values))

    def negative_asin(self, campaign_id: int, ad_group_id: int, asin: str) -> None:
        self._entity(
            "negative_targets",
            campaign_id=campaign_id,
            ad_group_id=ad_group_id,
            target_id=next(self.ids),
            level="AD_GROUP",
            expression=f'[{{"type": "ASIN_SAME_AS", "value": "{asin}"}}]',
        )

    def change(self, entity: str, **values: Any) -> None:
        """Change every row of an entity of this profile."""
        sets = ", ".join(f"{name} = ?" for name in values)
        self.connection.execute(
            f"UPDATE {entity}_history SET {sets} WHERE profile_id = ?", [*values.values(), self.profile_id]
        )

    # figures

    def clicks(self, campaign_id: int, ad_group_id: int, target_id: int, **figures: Any) -> None:
        """Put in a day of a keyword or target: clicks, cost, purchases, sales."""
        if self.ad_product == SP:
            names = {"keyword_id": target_id, "targeting": "beach towel", "keyword": "beach towel"}
        elif self.ad_product == SB:
            names = {"keyword_id": target_id, "keyword_text": "beach towel"}
        else:
            names = {"targeting_id": target_id, "targeting_expression": 'asin="B000000001"'}
        if self.ad_product != SD:
            names["keyword_type"] = "BROAD"
        self._figures(_TARGETING, campaign_id, {"ad_group_id": ad_group_id} | names, figures)

    def term(self, campaign_id: int, ad_group_id: int, term: str, target_id: int = 5, **figures: Any) -> None:
        """Put in a day of a search term that came through a broad keyword, or what ``match_type`` says."""
        match_type = figures.pop("match_type", "BROAD")
        names = {"ad_group_id": ad_group_id, "keyword_id": target_id, "search_term": term, "match_type": match_type}
        if self.ad_product == SP:
            names |= {"keyword_type": match_type, "targeting": "towel", "keyword": "towel"}
        self._figures(_TERMS, campaign_id, names, figures)

    def day(self, campaign_id: int, day: date, **figures: Any) -> None:
        """Put in a day of a campaign."""
        self._figures(_CAMPAIGNS, campaign_id, {}, {"day": day} | figures)

    def _figures(
        self, tables: dict[str, str], campaign_id: int, names: dict[str, Any], figures: dict[str, Any]
    ) -> None:
        own: dict[str, Any] = {"account": self.account, "profile_id": self.profile_id}
        own |= {"date": figures.pop("day", SETTLED), "currency_code": figures.pop("currency", self.currency)}
        own |= {"campaign_id": campaign_id, "impressions": 10_000, "report_id": "r", "loaded_at": NOON}
        sums = {name: figures.pop(name, 0) for name in ("clicks", "cost", "purchases", "sales")}
        end = {"seller": "_7d", "vendor": "_14d"}[self.kind] if self.ad_product == SP else ""
        end = "_clicks" if self.ad_product == SD else end
        sums |= {f"{name}{end}": sums.pop(name) for name in ("purchases", "sales")}
        if self.ad_product == SD:
            sums |= {name: sums[f"{name}_clicks"] + more for name, more in _AFTER_VIEWS.items()}
        insert(self.connection, tables[self.ad_product], **(own | names | sums | figures))
