"""Portfolios: of all ad products together. Source: Amazon's OpenAPI document of portfolios v3."""

from ppc_pipeline.amazon_ads.entities.listing import SP_EXTENDED, EntityType, Listing
from ppc_pipeline.amazon_ads.fields import Kind

PORTFOLIOS = EntityType(
    name="portfolios",
    key=("portfolio_id",),
    row="a portfolio: a named group of campaigns with a budget of its own",
    label=("name",),
    watched=("name", "state", "budget_amount", "budget_policy", "budget_start_date", "budget_end_date"),
    on_request=("serving_status",),
    columns={
        "portfolio_id": Kind.INTEGER,
        "name": Kind.STRING,
        "state": Kind.ENUM,
        "in_budget": Kind.BOOLEAN,
        "budget_amount": Kind.MONEY,
        "budget_currency_code": Kind.STRING,
        "budget_policy": Kind.ENUM,
        "budget_start_date": Kind.DATE,
        "budget_end_date": Kind.DATE,
        "serving_status": Kind.ENUM,
        "created_at": Kind.MOMENT,
    },
    listings=(
        Listing(
            path="/portfolios/list",
            accept="application/vnd.spPortfolio.v3+json",
            items_key="portfolios",
            ad_product=None,
            page_size=None,
            extends=True,
            fields={
                **SP_EXTENDED,
                "portfolio_id": "$.portfolioId",
                "name": "$.name",
                "state": "$.state",
                "in_budget": "$.inBudget",
                "budget_amount": "$.budget.amount",
                "budget_currency_code": "$.budget.currencyCode",
                "budget_policy": "$.budget.policy",
                "budget_start_date": "$.budget.startDate",
                "budget_end_date": "$.budget.endDate",
            },
        ),
    ),
)
