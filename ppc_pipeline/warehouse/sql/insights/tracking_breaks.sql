-- One row is one of the last 14 loaded days of a profile that has clicks and, improbably, no purchase anywhere.
-- Grain: date, profile_id, currency_code.
--
-- Purchases to expect are the day's clicks times the purchases per click of the 8 weeks before, by ad product, times the
-- share that is known at the day's age (loaded_days). An ad product of which nobody knows the share counts for none, so
-- that a fresh day is not called a break. The chance of no purchase where so many are expected is e^-expected (Poisson).
WITH thresholds AS (
    SELECT
        14 AS judged_days,
        56 AS days_before,
        14 AS least_days_before,   -- loaded, of those
        1.0 AS most_chance_percent
),
days AS (
    SELECT * FROM loaded_days WHERE report_type IN ('spCampaigns', 'sbCampaigns', 'sdCampaigns', 'stCampaigns')
),
figures AS (
    SELECT
        d.date, d.profile_id, d.ad_product, d.place, d.age_days, d.purchases_share, m.account, m.country_code,
        m.currency_code, coalesce(m.clicks, 0) AS clicks, coalesce(m.cost, 0) AS cost,
        CASE WHEN m.date IS NULL THEN 0 ELSE m.purchases END AS purchases
    FROM days AS d
    LEFT JOIN metrics_by_profile AS m
        ON m.profile_id = d.profile_id AND m.ad_product = d.ad_product AND m.date = d.date
),
expected AS (
    SELECT
        j.date, j.profile_id, j.ad_product, any_value(j.account) AS account,
        any_value(j.country_code) AS country_code, any_value(j.currency_code) AS currency_code,
        any_value(j.age_days) AS age_days, any_value(j.clicks) AS clicks, any_value(j.cost) AS cost,
        any_value(j.purchases) AS purchases,
        CASE
            WHEN count(b.date) >= any_value(t.least_days_before) THEN
                any_value(j.clicks) * any_value(j.purchases_share) * sum(b.purchases)::DOUBLE / nullif(sum(b.clicks), 0)
        END AS expected
    FROM figures AS j
    CROSS JOIN thresholds AS t
    LEFT JOIN figures AS b
        ON b.profile_id = j.profile_id AND b.ad_product = j.ad_product
        AND b.date BETWEEN j.date - t.days_before AND j.date - 1
        AND b.currency_code = j.currency_code
    WHERE j.place <= t.judged_days AND j.currency_code IS NOT NULL
    GROUP BY j.date, j.profile_id, j.ad_product, j.currency_code
),
by_day AS (
    SELECT
        date, profile_id, currency_code, any_value(account) AS account, any_value(country_code) AS country_code,
        max(age_days) AS age_days, sum(clicks)::BIGINT AS clicks, sum(cost) AS cost,
        sum(expected) AS expected_purchases
    FROM expected GROUP BY date, profile_id, currency_code
    HAVING sum(clicks) > 0 AND count(purchases) = count(*) AND sum(purchases) = 0
)
SELECT
    d.date, d.account, d.profile_id, p.name AS profile_name, d.country_code, d.currency_code, d.age_days, d.clicks,
    d.cost, d.expected_purchases, 100 * exp(-d.expected_purchases) AS chance_percent,
    format(
        '{}: {:,} clicks for {:,.2f} {} on {} and no purchase anywhere. Usual are {:.1f} purchases; the chance of none '
        || 'is {:.2g} %. See whether products can be bought, and the conversions are reported.',
        coalesce(p.name, d.profile_id::VARCHAR), d.clicks, d.cost::DOUBLE, d.currency_code, d.date::VARCHAR,
        d.expected_purchases, 100 * exp(-d.expected_purchases)
    ) AS reason
FROM by_day AS d
CROSS JOIN thresholds AS t
LEFT JOIN profiles AS p ON p.profile_id = d.profile_id
WHERE 100 * exp(-d.expected_purchases) < t.most_chance_percent;
