"""The lists of budget rules, of every ad product alike: ``GET /sp/budgetRules`` and its like.

Here: the rules, the query, paging by ``pageSize`` and ``nextToken``. Not here: which campaigns a rule is for, which
these lists do not say. No rule was applied to a budget yet, so that reports name none.
"""

from collections.abc import Callable
from datetime import date, timedelta
from functools import lru_cache

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ppc_pipeline.amazon_ads.ad_products import SPONSORED_BRANDS, SPONSORED_DISPLAY, SPONSORED_PRODUCTS
from ppc_pipeline.sandbox.arrays import number_of, refuse_lacking
from ppc_pipeline.sandbox.auth import scope
from ppc_pipeline.sandbox.context import sandbox_of
from ppc_pipeline.sandbox.determinism import stable_int
from ppc_pipeline.sandbox.errors import gateway_error
from ppc_pipeline.sandbox.filters import Json
from ppc_pipeline.sandbox.lists import check_accepted
from ppc_pipeline.sandbox.spelling import CREATED_EPOCH
from ppc_pipeline.sandbox.world import World

PATHS = {
    "/sp/budgetRules": SPONSORED_PRODUCTS,
    "/sb/budgetRules": SPONSORED_BRANDS,
    "/sd/budgetRules": SPONSORED_DISPLAY,
}
KEY = "budgetRulesForAdvertiserResponse"
MOST = 30
_SEASON = timedelta(days=30)


def endpoint(path: str, ad_product: str) -> Callable[[Request], Response]:
    """Return the endpoint of a list."""

    def serve(request: Request) -> Response:
        profile, sandbox = scope(request), sandbox_of(request)
        check_accepted(request, ("application/json", "", "*/*"))
        refuse_lacking(profile, ad_product)
        if "pageSize" not in request.query_params:
            raise gateway_error(400, "BAD_REQUEST", "pageSize is missing")
        size = number_of(request, "pageSize", MOST, least=1)
        if size > MOST:
            raise gateway_error(400, "BAD_REQUEST", f"pageSize must be between 1 and {MOST}")
        this = f"{path} {profile.profile_id}"
        start, token = 0, request.query_params.get("nextToken")
        if token:
            payload = sandbox.signer.payload(token)
            if payload is None or payload.get("list") != this:
                raise gateway_error(400, "BAD_REQUEST", "The next token is invalid")
            start = int(payload["start"])
        rules, end = budget_rules(sandbox.world(profile, ad_product)), start + size
        page: Json = {KEY: rules[start:end]}
        if end < len(rules):
            page["nextToken"] = sandbox.signer.token({"start": end, "list": this})
        return JSONResponse(page)

    return serve


@lru_cache(maxsize=512)
def budget_rules(world: World) -> tuple[Json, ...]:
    """Return the rules of one ad product: one on dates, one at an event, one for good figures."""
    start = max(campaign.start for campaign in world.campaigns)
    dates = {"startDate": _day(start), "endDate": _day(start + _SEASON)}
    # The document of Sponsored Products knows no other than daily ones.
    daily, weekly = {"type": "DAILY"}, {"type": "WEEKLY", "daysOfWeek": ["SATURDAY", "SUNDAY"]}
    season = daily if world.ad_product == SPONSORED_PRODUCTS else weekly
    event = {"eventId": "prime-day", "eventName": "Prime Day", "startDate": _day(start), "endDate": _day(start)}
    good = {"metricName": "ROAS", "comparisonOperator": "GREATER_THAN_OR_EQUAL_TO", "threshold": 4}
    return (
        _rule(world, "Season", 25, {"dateRangeTypeRuleDuration": dates}, recurrence=season),
        _rule(world, "Prime Day", 100, {"eventTypeRuleDuration": event}, recurrence=daily),
        _rule(
            world,
            "What pays",
            12.5,
            {"dateRangeTypeRuleDuration": {"startDate": _day(start)}},
            recurrence=daily,
            performanceMeasureCondition=good,
        ),
    )


def _rule(world: World, name: str, percent: float, duration: Json, **more: Json) -> Json:
    identity = stable_int("budget rule", world.seed, world.profile.profile_id, world.ad_product, name)
    return {
        "ruleId": f"{identity:016x}",
        "ruleState": "ACTIVE",
        "ruleStatus": "ACTIVE",
        "createdDate": CREATED_EPOCH,
        "lastUpdatedDate": CREATED_EPOCH,
        "ruleDetails": {
            "name": name,
            "ruleType": "PERFORMANCE" if "performanceMeasureCondition" in more else "SCHEDULE",
            "budgetIncreaseBy": {"type": "PERCENT", "value": percent},
            "duration": duration,
            **more,
        },
    }


def _day(day: date) -> str:
    return f"{day:%Y%m%d}"
