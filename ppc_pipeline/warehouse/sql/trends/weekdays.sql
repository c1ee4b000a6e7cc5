-- One row is one weekday (1 Monday to 7 Sunday) of one profile in one currency: its mean sales as a share of the mean
-- of all days, over the twelve weeks up to the newest day. Days without a row do not count; profiles with less than
-- four weeks of days, or without sales, are left out. Of the others the $most with the highest cost, as in daily.sql.
WITH days AS (
    SELECT profile_id, any_value(profile_name) AS profile_name, currency_code, date, sum(cost) AS cost, sum(sales) AS sales
    FROM metrics_by_profile
    WHERE date > (SELECT max(date) FROM metrics_by_profile) - 84
    GROUP BY profile_id, currency_code, date
),
profiles_of_days AS (
    SELECT profile_id, currency_code, avg(sales)::DOUBLE AS mean_sales, sum(cost) AS cost
    FROM days GROUP BY profile_id, currency_code
    HAVING count(*) >= 28 AND sum(sales) > 0
),
ranked AS (
    SELECT *, row_number() OVER (PARTITION BY currency_code ORDER BY cost DESC NULLS LAST, profile_id) AS place_in_currency
    FROM profiles_of_days
),
placed AS (
    SELECT
        profile_id, currency_code, mean_sales,
        row_number() OVER (ORDER BY place_in_currency, currency_code, profile_id) AS place,
        count(*) OVER () AS profiles
    FROM ranked
)
SELECT
    place, profiles, profile_id, coalesce(any_value(profile_name), profile_id::VARCHAR) AS profile, currency_code,
    isodow(date) AS weekday,
    avg(sales)::DOUBLE / any_value(mean_sales) AS sales_index
FROM days JOIN placed USING (profile_id, currency_code)
WHERE place <= $most
GROUP BY place, profiles, profile_id, currency_code, isodow(date)
ORDER BY place, weekday;
