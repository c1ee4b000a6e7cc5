-- One row is one search term in one campaign of one profile, in one currency, that cost money in the week and led to no
-- purchase in the four weeks up to its end: those with the highest cost over these of each profile and currency.
FROM (
    SELECT
        profile_id, currency_code, ad_product, campaign_id, search_term,
        arg_max(campaign_name, date) AS campaign_name,
        sum(clicks)::BIGINT AS clicks,
        sum(cost) AS cost,
        sum(cost) FILTER (date >= $start) AS cost_of_week
    FROM metrics_by_search_term
    WHERE date BETWEEN $start::DATE - 21 AND $last AND list_contains($profiles::BIGINT[], profile_id)
    GROUP BY ALL
    HAVING sum(purchases) = 0 AND sum(cost) FILTER (date >= $start) > 0
)
QUALIFY row_number() OVER (
    PARTITION BY profile_id, currency_code ORDER BY cost DESC, ad_product, campaign_id, search_term
) <= $most
ORDER BY profile_id, currency_code, cost DESC, ad_product, campaign_id, search_term;
