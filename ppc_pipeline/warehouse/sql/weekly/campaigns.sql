-- One row is one campaign of one profile in one currency, over the week: those with the highest cost of each profile and
-- currency, with how many cost anything.
FROM (
    SELECT
        profile_id, currency_code, ad_product, campaign_id,
        arg_max(campaign_name, date) AS campaign_name,
        sum(impressions)::BIGINT AS impressions,
        sum(clicks)::BIGINT AS clicks,
        sum(cost) AS cost,
        sum(purchases)::BIGINT AS purchases,
        sum(sales) AS sales,
        sum(units)::BIGINT AS units
    FROM metrics_by_campaign
    WHERE date BETWEEN $start AND $last AND list_contains($profiles::BIGINT[], profile_id)
    GROUP BY ALL
    HAVING sum(cost) > 0
)
SELECT *, count(*) OVER (PARTITION BY profile_id, currency_code) AS campaigns
QUALIFY row_number() OVER (PARTITION BY profile_id, currency_code ORDER BY cost DESC, ad_product, campaign_id) <= $most
ORDER BY profile_id, currency_code, cost DESC, ad_product, campaign_id;
