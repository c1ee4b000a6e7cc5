-- One row is a campaign on one day, with its figures of the 3 to 90 days up to it, as known when read.
-- Grain: date, profile_id, currency_code, ad_product, campaign_id.
--
-- Made for the days in `due` (features/due.sql); $first and $last are the first and the last of them.
--
-- A figure is 0 where there was no activity, and NULL where Amazon does not give it. `rise` and `spread` are of a
-- straight line through the loaded days of the last 30 since the first row, those without activity as 0: n sum(xy) -
-- sum(x) sum(y) and n sum(yy) - sum(y) sum(y), worked out exactly; the view makes slope, significance and variation of
-- them. An index of the weekday is of the loaded days of the last 84 since the first row, one of the month of those of
-- the twelve whole months before the row's, as `due_months` (features/due_months.sql) has them.
WITH figures AS (
    SELECT
        due.date, m.date AS seen, due.date - m.date AS age, m.date - DATE '1970-01-01' AS day_no,
        m.account, m.profile_id, m.currency_code, m.ad_product, m.campaign_id,
        m.impressions, m.clicks, m.cost, m.purchases, m.sales, m.units
    FROM metrics_by_campaign AS m
    JOIN temp.due
        ON due.profile_id = m.profile_id AND due.ad_product = m.ad_product
        AND m.date BETWEEN due.date - 89 AND due.date
    WHERE m.date BETWEEN $first::DATE - 89 AND $last::DATE
),
-- Summed by age first: that is half the work of 36 sums over all days.
bands AS (
    SELECT
        date, profile_id, currency_code, ad_product, campaign_id,
        CASE
            WHEN age < 3 THEN 3 WHEN age < 7 THEN 7 WHEN age < 14 THEN 14 WHEN age < 30 THEN 30 WHEN age < 60 THEN 60
            ELSE 90
        END AS band,
        arg_max(account, seen) AS account,
        sum(impressions) AS sum_impressions, sum(clicks) AS sum_clicks, sum(cost) AS sum_cost,
        sum(purchases) AS sum_purchases, sum(sales) AS sum_sales, sum(units) AS sum_units,
        sum(CASE WHEN age < 84 THEN cost END) AS cost_84,
        sum(CASE WHEN age < 84 THEN sales END) AS sales_84,
        sum(CASE WHEN age < 84 AND age % 7 = 0 THEN cost END) AS cost_weekday_84,
        sum(CASE WHEN age < 84 AND age % 7 = 0 THEN sales END) AS sales_weekday_84,
        sum(CASE WHEN age < 30 THEN day_no * cost::DECIMAL(38, 6) END) AS cost_by_day,
        sum(CASE WHEN age < 30 THEN day_no * clicks::HUGEINT END) AS clicks_by_day,
        sum(CASE WHEN age < 30 THEN day_no * sales::DECIMAL(38, 6) END) AS sales_by_day,
        sum(CASE WHEN age < 30 THEN cost * cost::DECIMAL(38, 6) END) AS cost_squares,
        sum(CASE WHEN age < 30 THEN clicks * clicks::HUGEINT END) AS clicks_squares,
        sum(CASE WHEN age < 30 THEN sales * sales::DECIMAL(38, 6) END) AS sales_squares
    FROM figures
    GROUP BY date, profile_id, currency_code, ad_product, campaign_id, band
),
sums AS (
    SELECT
        date, profile_id, currency_code, ad_product, campaign_id,
        arg_min(account, band) AS account,
        CASE
            WHEN min(band) <= 3 THEN sum(COLUMNS('^sum_(.+)')) FILTER (band <= 3)
            WHEN count(COLUMNS('^sum_(.+)')) > 0 THEN 0
        END AS "\1_last_3_days",
        CASE
            WHEN min(band) <= 7 THEN sum(COLUMNS('^sum_(.+)')) FILTER (band <= 7)
            WHEN count(COLUMNS('^sum_(.+)')) > 0 THEN 0
        END AS "\1_last_7_days",
        CASE
            WHEN min(band) <= 14 THEN sum(COLUMNS('^sum_(.+)')) FILTER (band <= 14)
            WHEN count(COLUMNS('^sum_(.+)')) > 0 THEN 0
        END AS "\1_last_14_days",
        CASE
            WHEN min(band) <= 30 THEN sum(COLUMNS('^sum_(.+)')) FILTER (band <= 30)
            WHEN count(COLUMNS('^sum_(.+)')) > 0 THEN 0
        END AS "\1_last_30_days",
        CASE
            WHEN min(band) <= 60 THEN sum(COLUMNS('^sum_(.+)')) FILTER (band <= 60)
            WHEN count(COLUMNS('^sum_(.+)')) > 0 THEN 0
        END AS "\1_last_60_days",
        CASE
            WHEN min(band) <= 90 THEN sum(COLUMNS('^sum_(.+)')) FILTER (band <= 90)
            WHEN count(COLUMNS('^sum_(.+)')) > 0 THEN 0
        END AS "\1_last_90_days",
        sum(COLUMNS('_(by_day|squares|84)$'))
    FROM bands
    GROUP BY date, profile_id, currency_code, ad_product, campaign_id
),
-- Of an entity once, and not for each of its days. Months that every due month's year has, and as the first none, are
-- summed as one, under the first of them; days of no such year are under NULL.
month_sums AS (
    SELECT
        m.profile_id, m.currency_code, m.ad_product, m.campaign_id,
        CASE
            WHEN
                m.date < (date_trunc('month', $first::DATE) - INTERVAL 12 MONTH)::DATE
                OR m.date >= date_trunc('month', $last::DATE)::DATE
            THEN NULL
            WHEN
                m.date < (date_trunc('month', $last::DATE) - INTERVAL 11 MONTH)::DATE
                OR m.date >= date_trunc('month', $first::DATE)::DATE
            THEN date_trunc('month', m.date)::DATE
            ELSE (date_trunc('month', $last::DATE) - INTERVAL 11 MONTH)::DATE
        END AS month,
        min(m.date) AS first_seen, sum(m.cost) AS cost, sum(m.sales) AS sales
    FROM metrics_by_campaign AS m
    SEMI JOIN temp.due_months AS d ON d.profile_id = m.profile_id AND d.ad_product = m.ad_product
    WHERE m.date <= $last::DATE
    GROUP BY ALL
),
-- No amounts are read of what is not in `due_months`; and of the table nothing at all for a side that has no profiles.
first_rows AS (
    SELECT profile_id, ad_product, campaign_id, min(first_seen) AS first_seen
    FROM month_sums
    GROUP BY ALL
    UNION ALL
    SELECT m.profile_id, m.ad_product, m.campaign_id, min(m.date) AS first_seen
    FROM metrics_by_campaign AS m
    SEMI JOIN (FROM temp.due ANTI JOIN temp.due_months USING (profile_id, ad_product)) AS others
        ON others.profile_id = m.profile_id AND others.ad_product = m.ad_product
    WHERE m.date <= $last::DATE
    GROUP BY ALL
),
year_sums AS (
    SELECT
        d.month, s.profile_id, s.currency_code, s.ad_product, s.campaign_id,
        sum(s.cost) AS cost, sum(s.cost) FILTER (s.month = d.month_then) AS cost_then,
        sum(s.sales) AS sales, sum(s.sales) FILTER (s.month = d.month_then) AS sales_then
    FROM month_sums AS s
    JOIN temp.due_months AS d
        ON d.profile_id = s.profile_id AND d.ad_product = s.ad_product AND s.month >= d.month_then AND s.month < d.month
    GROUP BY ALL
),
month_indices AS (
    SELECT
        y.month, y.profile_id, y.currency_code, y.ad_product, y.campaign_id,
        len(list_filter(d.days_then, lambda day_no: day_no >= first_seen - DATE '1970-01-01')) AS own_then,
        own_then + d.days_since AS own,
        coalesce(cost_then, 0)::DOUBLE / own_then / (nullif(cost, 0)::DOUBLE / own) AS cost_index,
        coalesce(sales_then, 0)::DOUBLE / own_then / (nullif(sales, 0)::DOUBLE / own) AS sales_index
    FROM year_sums AS y
    JOIN temp.due_months AS d ON d.profile_id = y.profile_id AND d.ad_product = y.ad_product AND d.month = y.month
    JOIN first_rows AS f
        ON f.profile_id = y.profile_id AND f.ad_product = y.ad_product AND f.campaign_id = y.campaign_id
    WHERE own_then > 0
),
own_days AS (
    SELECT
        sums.*, due.days_known, due.days_known_last_30_days, sums.date - first_seen AS days_since_first_seen,
        sum(cost_last_30_days) OVER (
            PARTITION BY sums.date, sums.profile_id, sums.currency_code, sums.ad_product
        ) AS whole,
        sums.date - DATE '1970-01-01' AS today,
        list_filter(loaded_last_84_days, lambda day_no: day_no >= first_seen - DATE '1970-01-01') AS days_84,
        list_filter(days_84, lambda day_no: day_no > today - 30) AS days_30,
        len(list_filter(days_84, lambda day_no: (today - day_no) % 7 = 0)) AS weekdays_84,
        i.cost_index AS cost_month_index_last_12_months, i.sales_index AS sales_month_index_last_12_months
    FROM sums
    JOIN temp.due
        ON due.date = sums.date AND due.profile_id = sums.profile_id AND due.ad_product = sums.ad_product
    JOIN first_rows
        ON first_rows.profile_id = sums.profile_id AND first_rows.ad_product = sums.ad_product
        AND first_rows.campaign_id = sums.campaign_id
    LEFT JOIN month_indices AS i
        ON i.month = date_trunc('month', sums.date)::DATE AND i.profile_id = sums.profile_id
        AND i.currency_code = sums.currency_code AND i.ad_product = sums.ad_product
        AND i.campaign_id = sums.campaign_id
),
lines AS (
    SELECT
        *, len(days_30) AS n, list_sum(days_30) AS day_sum,
        list_sum(list_transform(days_30, lambda day_no: day_no * day_no)) AS day_squares
    FROM own_days
)
SELECT
    * EXCLUDE (
        n, whole, today, days_84, days_30, weekdays_84, day_sum, day_squares,
        cost_84, sales_84, cost_weekday_84, sales_weekday_84,
        cost_by_day, clicks_by_day, sales_by_day, cost_squares, clicks_squares, sales_squares
    ),
    n AS trend_days_last_30_days,
    100 * cost_last_30_days::DOUBLE / nullif(whole, 0) AS cost_share_percent_last_30_days,
    CASE
        WHEN weekdays_84 >= 3
        THEN coalesce(cost_weekday_84, 0)::DOUBLE / weekdays_84 / (nullif(cost_84, 0)::DOUBLE / len(days_84))
    END AS cost_weekday_index_last_84_days,
    CASE
        WHEN weekdays_84 >= 3
        THEN coalesce(sales_weekday_84, 0)::DOUBLE / weekdays_84 / (nullif(sales_84, 0)::DOUBLE / len(days_84))
    END AS sales_weekday_index_last_84_days,
    n * day_squares - day_sum * day_sum AS span,
    n * coalesce(cost_by_day, 0) - day_sum * cost_last_30_days AS cost_rise,
    n * coalesce(clicks_by_day, 0) - day_sum * clicks_last_30_days AS clicks_rise,
    n * coalesce(sales_by_day, 0) - day_sum * sales_last_30_days AS sales_rise,
    try(n * coalesce(cost_squares, 0) - cost_last_30_days * cost_last_30_days) AS cost_spread,
    try(n * coalesce(clicks_squares, 0) - clicks_last_30_days * clicks_last_30_days) AS clicks_spread,
    try(n * coalesce(sales_squares, 0) - sales_last_30_days * sales_last_30_days) AS sales_spread
FROM lines;
