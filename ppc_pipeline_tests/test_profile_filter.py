"""Filters of profiles: single values that nobody has. What they let through is tried where profiles are found."""

import pytest

from ppc_pipeline.profile_filter import ProfileFilter
from ppc_pipeline_tests.fakes import facts

US, DE = facts(1), facts(2, country_code="DE", account_type="vendor")
FR = facts(3, country_code="FR", account="other")


@pytest.mark.parametrize(
    ("wanted", "others", "named"),
    [
        ({}, [], []),
        ({"countries": ["US", "DE"], "exclude_types": ["vendor"]}, [], []),
        ({"countries": ["DE", "FR"]}, [], ["`countries: FR`"]),
        ({"countries": ["DE", "FR"]}, [FR], ["`countries: FR`"]),
        ({"countries": ["FR"]}, [], []),  # nothing at all: an error, which is named elsewhere
        ({"types": ["seller", "agency"]}, [], ["`types: agency`"]),
        ({"exclude_countries": ["FR", "AU", "US"]}, [], ["`exclude_countries: AU, FR`"]),
        ({"exclude_countries": ["FR"]}, [FR], []),  # left to the other account
        ({"exclude_types": ["agency"], "countries": ["US", "JP"]}, [], ["`countries: JP`", "`exclude_types: agency`"]),
    ],
)
def test_single_countries_and_types_that_no_profile_has_are_named(wanted, others, named):
    found = ProfileFilter(**wanted).unmatched([US, DE], others)
    assert [reason.split(" matches no profile: there are ")[0] for reason in found] == named
    assert all(" -> " in reason for reason in found)


def test_of_an_account_without_profiles_no_value_is_named():
    assert ProfileFilter(countries=["US"], exclude_countries=["FR"]).unmatched([]) == []
