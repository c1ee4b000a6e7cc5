-- One row is a day of one profile in one currency, over all ad products, of the twelve weeks up to the newest day: the
-- $most profiles with the highest cost. Costs in different currencies are not compared: each currency's first comes
-- before anybody's second. `profiles` is how many there are in all.
WITH days AS (
    SELECT profile_id, any_value(profile_name) AS profile_name, currency_code, date, sum(cost) AS cost, sum(sales) AS sales
    FROM metrics_by_profile
    WHERE date > (SELECT max(date) FROM metrics_by_profile) - 84
    GROUP BY profile_id, currency_code, date
),
ranked AS (
    SELECT
        profile_id, currency_code,
        row_number() OVER (PARTITION BY currency_code ORDER BY sum(cost) DESC NULLS LAST, profile_id) AS place_in_currency
    FROM days GROUP BY profile_id, currency_code
),
placed AS (
    SELECT
        profile_id, currency_code,
        row_number() OVER (ORDER BY place_in_currency, currency_code, profile_id) AS place,
        count(*) OVER () AS profiles
    FROM ranked
)
SELECT place, profiles, profile_id, coalesce(profile_name, profile_id::VARCHAR) AS profile, currency_code, date, cost, sales
FROM days JOIN placed USING (profile_id, currency_code)
WHERE place <= $most
ORDER BY place, date;
