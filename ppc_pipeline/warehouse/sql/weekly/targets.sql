-- One row is one keyword or target of one profile in one currency, over the week: those with the highest cost of each
-- profile and currency.
FROM (
    SELECT
        profile_id, currency_code, ad_product, campaign_id, ad_group_id, target_id,
        arg_max(target_text, date) AS target_text,
        arg_max(coalesce(match_type, target_kind), date) AS match,
        arg_max(campaign_name, date) AS campaign_name,
        sum(impressions)::BIGINT AS impressions,
        sum(clicks)::BIGINT AS clicks,
        sum(cost) AS cost,
        sum(purchases)::BIGINT AS purchases,
        sum(sales) AS sales,
        sum(units)::BIGINT AS units
    FROM metrics_by_target
    WHERE date BETWEEN $start AND $last AND list_contains($profiles::BIGINT[], profile_id)
    GROUP BY ALL
    HAVING sum(cost) > 0
)
QUALIFY row_number() OVER (
    PARTITION BY profile_id, currency_code ORDER BY cost DESC, ad_product, campaign_id, ad_group_id, target_id
) <= $most
ORDER BY profile_id, currency_code, cost DESC, ad_product, campaign_id, ad_group_id, target_id;
