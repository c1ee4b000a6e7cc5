"""Lists that are served apart (creatives, budget rules): whatever becomes of them, the others go on as without them."""

import asyncio

import httpx
import pytest

from ppc_pipeline.amazon_ads.entities import BUDGET_RULES, CAMPAIGNS, CREATIVES, ENTITY_TYPES, KEYWORDS
from ppc_pipeline.reports.schema import cooldowns
from ppc_pipeline_tests.entities.company import SB, SD, SP, FakeLists, keyword, loaded, only
from ppc_pipeline_tests.fakes import SELLER, refusal

SP_KEYWORDS, SP_RULES = only(KEYWORDS, SP), only(BUDGET_RULES, SP)
THROTTLED = refusal(429, "slow down")
FORBIDDEN, NOT_FOUND, BROKEN = refusal(403, "Forbidden"), refusal(404, "no such list"), httpx.Response(500)
RULES = [listing.path for listing in BUDGET_RULES.listings]


def rule(number=1, **details):
    return {"ruleId": f"r-{number}", "ruleState": "ACTIVE", "ruleDetails": {"name": f"Rule {number}", **details}}


@pytest.mark.parametrize("answer", [FORBIDDEN, NOT_FOUND, BROKEN], ids=lambda answer: answer.status_code)
def test_one_that_fails_is_named_and_costs_nothing_else(company, answer):
    company.serve([keyword(1)])
    for path in (*RULES, "/sd/creatives"):
        company.serve(answer, path=path)
    synced = company.sync(KEYWORDS, CAMPAIGNS, CREATIVES, BUDGET_RULES)
    assert sorted(t.reason.split(":")[0] for t in synced.troubles) == sorted(
        f"the list {path}" for path in (*RULES, "/sd/creatives")
    )
    assert (loaded(synced), loaded(synced, "campaigns", SD), synced.not_offered) == ([SELLER], [SELLER], [])
    (profile,) = company.roster.profiles(["acme"])
    assert (profile.blocked, profile.lacking) == (False, {})


@pytest.mark.parametrize(
    ("answer", "minor"),
    [(FORBIDDEN, True), (NOT_FOUND, True), (BROKEN, False), (THROTTLED, False), ([b"not JSON"], False)],
    ids=["403", "404", "500", "429", "malformed"],
)
@pytest.mark.parametrize("path", [*RULES, "/sd/creatives"])
def test_one_that_a_profile_does_not_have_is_a_warning_and_one_that_fails_an_error(company, path, answer, minor):
    company.serve(*answer if isinstance(answer, list) else (answer,), path=path)
    (trouble,) = company.sync(KEYWORDS, CREATIVES, BUDGET_RULES, patience=0.0).troubles
    assert (trouble.profile_id, trouble.minor) == (SELLER, minor)
    assert trouble.reason.startswith(f"the list {path}: ")


def test_any_other_list_that_is_refused_is_an_error(company):
    company.serve(FORBIDDEN)
    company.serve([{"campaignId": "1"}], path="/sp/campaigns/list")
    (trouble,) = company.sync(SP_KEYWORDS, only(CAMPAIGNS, SP)).troubles
    assert not trouble.minor


def test_one_that_answers_does_not_hide_that_the_profile_lacks_the_ad_product(company):
    company.serve(FORBIDDEN, path="/sb/keywords")
    company.serve([rule()], path="/sb/budgetRules")
    for _ in range(2):
        synced = company.sync(KEYWORDS, BUDGET_RULES)
        assert (synced.troubles, [n.ad_product for n in synced.not_offered]) == ([], [SB])


def test_what_a_profile_lacks_is_not_asked_of_them_either(company):
    for path in ("/sb/keywords", "/sb/budgetRules"):
        company.serve(FORBIDDEN, path=path)
    assert company.sync(KEYWORDS, BUDGET_RULES).troubles == []
    synced = company.sync(KEYWORDS, BUDGET_RULES)
    assert {o.ad_product for o in synced.outcomes["budget_rules"]} == {SP, SD}


def test_one_that_answers_does_not_hide_that_the_profile_is_out_of_reach(company):
    company.serve(FORBIDDEN)
    company.serve([rule()], path="/sp/budgetRules")
    company.sync(SP_KEYWORDS, SP_RULES)
    (profile,) = company.roster.profiles(["acme"])
    assert profile.blocked


def test_the_other_lists_of_a_profile_are_loaded_while_one_is_on_its_way(company):
    class Late(FakeLists):
        """Serves budget rules when keywords are loaded."""

        @property
        def transport(self):
            return httpx.MockTransport(self._late)

        async def _late(self, request):
            async with asyncio.timeout(10):
                while request.url.path.endswith("budgetRules") and not company.query("FROM keywords"):
                    await asyncio.sleep(0.1)
            return self._answer(request)

    company.amazon = Late()
    company.serve([keyword(1)])
    company.serve([rule()], path="/sp/budgetRules")
    synced = company.sync(SP_KEYWORDS, SP_RULES, load_every=0.05)
    assert (synced.troubles, loaded(synced), loaded(synced, "budget_rules")) == ([], [SELLER], [SELLER])


def test_they_have_cool_downs_of_their_own_and_names_that_the_ledger_can_hold():
    listings = [listing for entity in ENTITY_TYPES.values() for listing in entity.listings]
    names = {listing.path: listing.throttled_as for listing in listings}
    apart = {listing.path for listing in listings if listing.apart}
    assert apart == {*RULES, "/sd/creatives"}
    assert len({names[path] for path in apart}) == len(apart)
    assert {names[path] for path in apart}.isdisjoint(name for path, name in names.items() if path not in apart)
    assert max(map(len, names.values())) <= cooldowns.c.ad_product.type.length


def test_a_rule_that_changed_is_told_by_its_name_as_its_id_is_a_text(company):
    company.serve([rule(budgetIncreaseBy={"type": "PERCENT", "value": 10})], path="/sp/budgetRules")
    company.sync(SP_RULES)
    company.clock.forward(days=1)
    company.serve([rule(budgetIncreaseBy={"type": "PERCENT", "value": 40})], path="/sp/budgetRules")
    assert company.changes(SP_RULES) == (1, 0, 1, 0)
    found = company.query("SELECT entity, entity_id, name, attribute, before, after FROM entity_changes")
    assert found == [("budget_rules", None, "Rule 1", "increase_by", "10.0", "40.0")]
    ((kind,),) = company.query("SELECT DISTINCT typeof(entity_id) FROM entity_changes")
    assert kind == "BIGINT"
