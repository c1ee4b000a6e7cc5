-- One row is a day of one profile in one currency, over all ad products, of the twelve weeks up to the profile's newest
-- day, the profiles with the highest cost first. A day that is not loaded of each ad product is left out: it
-- would look like a drop. A loaded day without any activity is 0, in the currency of the newest day that had some. Costs in different currencies are not compared: each currency's first comes before
-- anybody's second. `profiles` is how many there are in all.
WITH loads AS (
    SELECT profile_id, report_type, date, max(date) OVER (PARTITION BY profile_id, report_type) AS last_day
    FROM loaded_days
    WHERE report_type IN ('spCampaigns', 'sbCampaigns', 'sdCampaigns', 'stCampaigns')
),
in_use AS (  -- what has not been loaded for two weeks more than others is no longer ordered, or no longer had
    SELECT profile_id, date FROM loads QUALIFY last_day > max(last_day) OVER (PARTITION BY profile_id) - 14
),
whole_days AS (
    SELECT profile_id, date FROM in_use GROUP BY profile_id, date
    QUALIFY count(*) = max(count(*)) OVER (PARTITION BY profile_id)
),
active_days AS (
    SELECT profile_id, any_value(profile_name) AS profile_name, currency_code, date, sum(cost) AS cost, sum(sales) AS sales
    FROM metrics_by_profile JOIN whole_days USING (profile_id, date)
    GROUP BY profile_id, currency_code, date
),
series AS (
    SELECT
        profile_id, any_value(profile_name) AS profile_name, arg_max(currency_code, date) AS currency_code,
        min(date) AS first_seen
    FROM active_days GROUP BY profile_id
),
idle_days AS (
    SELECT profile_id, profile_name, currency_code, date, 0 AS cost, 0 AS sales
    FROM whole_days JOIN series USING (profile_id) ANTI JOIN active_days USING (profile_id, date)
    WHERE date > first_seen
),
days AS (
    FROM (FROM active_days UNION ALL FROM idle_days) QUALIFY date > max(date) OVER (PARTITION BY profile_id) - 84
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
ORDER BY place, date;
