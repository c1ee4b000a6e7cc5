-- One row is one campaign of one profile in one currency: its figures of the week and of the week before. Of each profile
-- and currency those with the highest cost, and those that lost most (cost - sales), with how many there are in all.
WITH sums AS (
    SELECT
        profile_id, currency_code, ad_product, campaign_id,
        arg_max(campaign_name, date) AS campaign_name,
        sum(impressions) FILTER (date >= $start)::BIGINT AS impressions,
        sum(clicks) FILTER (date >= $start)::BIGINT AS clicks,
        sum(cost) FILTER (date >= $start) AS cost,
        sum(purchases) FILTER (date >= $start)::BIGINT AS purchases,
        sum(sales) FILTER (date >= $start) AS sales,
        sum(units) FILTER (date >= $start)::BIGINT AS units,
        sum(impressions) FILTER (date < $start)::BIGINT AS impressions_before,
        sum(clicks) FILTER (date < $start)::BIGINT AS clicks_before,
        sum(cost) FILTER (date < $start) AS cost_before,
        sum(purchases) FILTER (date < $start)::BIGINT AS purchases_before,
        sum(sales) FILTER (date < $start) AS sales_before,
        sum(units) FILTER (date < $start)::BIGINT AS units_before
    FROM metrics_by_campaign
    WHERE date BETWEEN $start::DATE - 7 AND $last AND list_contains($profiles::BIGINT[], profile_id)
    GROUP BY ALL
),
placed AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY profile_id, currency_code ORDER BY cost DESC, ad_product, campaign_id) AS place,
        row_number() OVER (
            PARTITION BY profile_id, currency_code ORDER BY cost - sales DESC NULLS LAST, ad_product, campaign_id
        ) AS place_of_loss,
        count(*) OVER (PARTITION BY profile_id, currency_code) AS campaigns,
        count(*) FILTER (cost > sales) OVER (PARTITION BY profile_id, currency_code) AS losing
    FROM sums
    WHERE cost > 0
)
FROM placed
WHERE place <= $most OR (cost > sales AND place_of_loss <= $most)
ORDER BY profile_id, currency_code, place;
