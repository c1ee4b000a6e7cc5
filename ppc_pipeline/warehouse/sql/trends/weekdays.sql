-- One row is one weekday (1 Monday to 7 Sunday) of one profile and ad product in one currency: its sales against those
-- of an average day (`seasonality`). Those with less than four weeks of loaded days are left out; of the others those
-- with the highest cost in the twelve weeks up to the newest day come first, each currency's first before anybody's second.
WITH costs AS (
    SELECT profile_id, any_value(profile_name) AS profile_name, currency_code, ad_product, sum(cost) AS cost
    FROM metrics_by_profile
    WHERE date > (SELECT max(date) FROM metrics_by_profile) - 84
    GROUP BY profile_id, currency_code, ad_product
),
indices AS (
    SELECT profile_id, currency_code, ad_product, bucket, index, sum(days) OVER series AS days, max(index) OVER series AS most
    FROM seasonality
    WHERE kind = 'weekday' AND metric = 'sales' AND campaign_id IS NULL
    WINDOW series AS (PARTITION BY profile_id, currency_code, ad_product)
),
ranked AS (
    SELECT *, row_number() OVER (
        PARTITION BY currency_code ORDER BY cost DESC NULLS LAST, profile_id, ad_product
    ) AS place_in_currency
    FROM costs
    WHERE (profile_id, currency_code, ad_product) IN (
        SELECT (profile_id, currency_code, ad_product) FROM indices WHERE days >= 28 AND most > 0
    )
),
placed AS (
    SELECT
        *,
        row_number() OVER (ORDER BY place_in_currency, currency_code, profile_id, ad_product) AS place,
        count(*) OVER () AS found
    FROM ranked
)
SELECT
    place, found, profile_id, coalesce(profile_name, profile_id::VARCHAR) AS profile, currency_code, ad_product,
    bucket AS weekday, index AS sales_index
FROM placed JOIN indices USING (profile_id, currency_code, ad_product)
ORDER BY place, weekday;
