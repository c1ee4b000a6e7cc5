-- One row is one of the last 14 loaded days of a profile that has clicks and, improbably, no purchase anywhere.
-- Grain: date, profile_id, currency_code.
--
-- What is judged is the unbroken run of loaded days without a purchase that ends on the day: of a small client no single
-- day is improbable, but two weeks of them are. Purchases to expect of a day are its clicks times the purchases per
-- click of the 8 weeks before, by ad product, times the share that is known at the day's age (loaded_days); they are
-- summed over the run. An ad product of which nobody knows the share counts for none, so that a fresh day is not called
-- a break. The chance of no purchase where so many are expected is e^-expected (Poisson).
WITH thresholds AS (
    SELECT
        14 AS judged_days,
        56 AS days_before,
        14 AS least_days_before,   -- loaded, of those
        1.0 AS most_chance_percent
),
days AS (
    SELECT *, dense_rank() OVER (PARTITION BY profile_id ORDER BY date DESC) AS day_number
    FROM loaded_days
    WHERE report_type IN ('spCampaigns', 'sbCampaigns', 'sdCampaigns', 'stCampaigns')
),
figures AS (
    SELECT
        d.date, d.day_number, d.age_days, d.purchases_share, m.account, m.profile_id, m.country_code, m.currency_code,
        m.ad_product, m.clicks, m.cost, m.purchases
    FROM days AS d
    JOIN metrics_by_profile AS m
        ON m.profile_id = d.profile_id AND m.ad_product = d.ad_product AND m.date = d.date
),
expected AS (
    SELECT
        f.*,
        CASE
            WHEN count(*) OVER weeks_before >= t.least_days_before THEN
                f.clicks * f.purchases_share * (sum(f.purchases) OVER weeks_before)::DOUBLE
                / nullif(sum(f.clicks) OVER weeks_before, 0)
        END AS expected
    FROM figures AS f
    CROSS JOIN thresholds AS t
    WINDOW weeks_before AS (
        PARTITION BY f.profile_id, f.currency_code, f.ad_product ORDER BY f.date
        RANGE BETWEEN t.days_before * INTERVAL 1 DAY PRECEDING AND INTERVAL 1 DAY PRECEDING
    )
),
by_day AS (
    SELECT
        date, profile_id, currency_code, any_value(account) AS account, any_value(country_code) AS country_code,
        any_value(day_number) AS day_number, max(age_days) AS age_days, sum(clicks)::BIGINT AS clicks,
        sum(cost) AS cost, sum(expected) AS expected,
        count(purchases) = count(*) AND sum(purchases) = 0 AS has_none  -- of unknown ones nothing is said
    FROM expected GROUP BY date, profile_id, currency_code
),
numbered AS (  -- a run has the number of the days before it that are in none
    SELECT *, count(*) FILTER (NOT has_none) OVER (PARTITION BY profile_id, currency_code ORDER BY date) AS run
    FROM by_day
),
runs AS (
    SELECT
        * EXCLUDE (clicks, cost), clicks AS clicks_of_day,
        min(date) OVER so_far AS first_date, (sum(clicks) OVER so_far)::BIGINT AS clicks, sum(cost) OVER so_far AS cost,
        sum(expected) OVER so_far AS expected_purchases
    FROM numbered WHERE has_none
    WINDOW so_far AS (PARTITION BY profile_id, currency_code, run ORDER BY date)
)
SELECT
    r.date, r.account, r.profile_id, p.name AS profile_name, r.country_code, r.currency_code, r.age_days, r.first_date,
    r.clicks, r.cost, r.expected_purchases, 100 * exp(-r.expected_purchases) AS chance_percent,
    format(
        '{}: {:,} clicks for {} {} {} and no purchase anywhere. Usual are {:.1f} purchases; the chance of none '
        || 'is {} %. See whether products can be bought, and the conversions are reported.',
        coalesce(p.name, r.profile_id::VARCHAR), r.clicks,
        format(coalesce(w.written, '{:,.2f}'), r.cost::DOUBLE), r.currency_code,
        CASE WHEN r.first_date = r.date THEN format('on {}', r.date) ELSE format('from {} to {}', r.first_date, r.date) END,
        r.expected_purchases,
        CASE
            WHEN 100 * exp(-r.expected_purchases) < 0.01 THEN 'below 0.01'
            ELSE format('{:.2g}', 100 * exp(-r.expected_purchases))
        END
    ) AS reason
FROM runs AS r
CROSS JOIN thresholds AS t
LEFT JOIN profiles AS p ON p.profile_id = r.profile_id
LEFT JOIN whole_currencies AS w ON w.currency_code = r.currency_code
WHERE r.day_number <= t.judged_days AND r.clicks_of_day > 0
    AND 100 * exp(-r.expected_purchases) < t.most_chance_percent;
