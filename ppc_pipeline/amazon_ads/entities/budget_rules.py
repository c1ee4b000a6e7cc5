"""Budget rules: when, and by how much, Amazon raises the budgets of campaigns. The same in all ad products.

Which campaigns a rule is for is another call for each rule, and not listed; reports of campaigns name the rule that
was applied.
"""

from ppc_pipeline.amazon_ads.ad_products import SPONSORED_BRANDS, SPONSORED_DISPLAY, SPONSORED_PRODUCTS
from ppc_pipeline.amazon_ads.entities.listing import EntityType, Listing
from ppc_pipeline.amazon_ads.fields import Kind

_DETAILS = "$.ruleDetails"
_DATES = f"{_DETAILS}.duration.dateRangeTypeRuleDuration"
_EVENT = f"{_DETAILS}.duration.eventTypeRuleDuration"
_CONDITION = f"{_DETAILS}.performanceMeasureCondition"


def _list(prefix: str, ad_product: str) -> Listing:
    return Listing(
        path=f"/{prefix}/budgetRules",
        accept="application/json",
        items_key="budgetRulesForAdvertiserResponse",
        ad_product=ad_product,
        page_size=30,
        in_query=True,
        apart=True,
        fields={
            "rule_id": "$.ruleId",
            "name": f"{_DETAILS}.name",
            "state": "$.ruleState",
            "status": "$.ruleStatus",
            "rule_type": f"{_DETAILS}.ruleType",
            "increase_type": f"{_DETAILS}.budgetIncreaseBy.type",
            "increase_by": f"{_DETAILS}.budgetIncreaseBy.value",
            "start_date": f"{_DATES}.startDate",
            "end_date": f"{_DATES}.endDate",
            "event_id": f"{_EVENT}.eventId",
            "event_name": f"{_EVENT}.eventName",
            "event_start_date": f"{_EVENT}.startDate",
            "event_end_date": f"{_EVENT}.endDate",
            "recurrence": f"{_DETAILS}.recurrence.type",
            "days_of_week": f"{_DETAILS}.recurrence.daysOfWeek",
            "intra_day_schedule": f"{_DETAILS}.recurrence.intraDaySchedule",
            "metric": f"{_CONDITION}.metricName",
            "comparison": f"{_CONDITION}.comparisonOperator",
            "threshold": f"{_CONDITION}.threshold",
            "created_at": "$.createdDate",
        },
    )


BUDGET_RULES = EntityType(
    name="budget_rules",
    key=("rule_id",),
    row=(
        "a rule that raises the budgets of campaigns by increase_by (percent): on days, at an event of Amazon's, or "
        "while a metric is beyond a threshold"
    ),
    label=("name", "rule_id"),
    watched=(
        *("name", "state", "increase_by", "start_date", "end_date", "event_name", "event_start_date"),
        *("event_end_date", "recurrence", "days_of_week", "intra_day_schedule", "metric", "comparison", "threshold"),
    ),
    columns={
        "rule_id": Kind.STRING,
        "name": Kind.STRING,
        "state": Kind.ENUM,
        "status": Kind.ENUM,
        "rule_type": Kind.ENUM,
        "increase_type": Kind.ENUM,
        "increase_by": Kind.RATE,
        "start_date": Kind.DATE,
        "end_date": Kind.DATE,
        "event_id": Kind.STRING,
        "event_name": Kind.STRING,
        "event_start_date": Kind.DATE,
        "event_end_date": Kind.DATE,
        "recurrence": Kind.ENUM,
        "days_of_week": Kind.JSON,
        "intra_day_schedule": Kind.JSON,
        "metric": Kind.ENUM,
        "comparison": Kind.ENUM,
        "threshold": Kind.RATE,
        "created_at": Kind.MOMENT,
    },
    listings=(
        _list("sp", SPONSORED_PRODUCTS),
        _list("sb", SPONSORED_BRANDS),
        _list("sd", SPONSORED_DISPLAY),
    ),
)
