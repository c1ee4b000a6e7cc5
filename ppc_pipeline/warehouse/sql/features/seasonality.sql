-- One row is how a figure of one weekday or month compares with the average day, for a campaign or the whole profile.
-- Grain: profile_id, currency_code, ad_product, campaign_id (NULL: all of them), kind, bucket, metric.
--
-- As of now, and not as of some day: what Amazon restates shows. `index` is the figure of an average loaded day of the
-- bucket over that of an average loaded day of all buckets (sums over days, never an average of rates): 1 is a day as
-- any other, 1.2 a fifth more. Weekdays (1 is Monday) are of the 12 weeks up to the last loaded day. Months are of the
-- 12 months up to it, and are there only where each of the twelve has loaded days. Days before a campaign's first row are
-- not counted. 0 where no loaded day of the bucket had any activity. NULL where there is nothing to compare with, or Amazon
-- does not give the figure.
WITH sources AS (
    FROM (VALUES
        ('spCampaigns', 'SPONSORED_PRODUCTS'), ('sbCampaigns', 'SPONSORED_BRANDS'),
        ('sdCampaigns', 'SPONSORED_DISPLAY'), ('stCampaigns', 'SPONSORED_TELEVISION')
    ) AS s(report_type, ad_product)
),
loaded AS (
    SELECT profile_id, ad_product, date, max(date) OVER (PARTITION BY profile_id, ad_product) AS last
    FROM covered_days JOIN sources USING (report_type)
),
days AS (
    SELECT profile_id, ad_product, date, 'weekday' AS kind, isodow(date) AS bucket FROM loaded WHERE date > last - 84
    UNION ALL
    SELECT profile_id, ad_product, date, 'month', month(date) FROM loaded WHERE date > last - INTERVAL 12 MONTH
),
figures AS (
    SELECT
        profile_id, currency_code, ad_product, campaign_id, date,
        impressions, clicks, cost, purchases, sales, units
    FROM metrics_by_campaign
),
series AS (
    SELECT profile_id, currency_code, ad_product, campaign_id, grouping(campaign_id) AS whole, min(date) AS first_seen
    FROM figures
    GROUP BY GROUPING SETS (
        (profile_id, currency_code, ad_product, campaign_id), (profile_id, currency_code, ad_product)
    )
),
buckets AS (
    SELECT s.profile_id, s.currency_code, s.ad_product, s.campaign_id, s.whole, d.kind, d.bucket, count(*) AS days
    FROM series AS s
    JOIN days AS d ON d.profile_id = s.profile_id AND d.ad_product = s.ad_product AND d.date >= s.first_seen
    GROUP BY s.profile_id, s.currency_code, s.ad_product, s.campaign_id, s.whole, d.kind, d.bucket
    QUALIFY d.kind = 'weekday' OR 12 = count(*) OVER (
        PARTITION BY s.profile_id, s.currency_code, s.ad_product, s.campaign_id, s.whole, d.kind
    )
),
sums AS (
    SELECT
        f.profile_id, f.currency_code, f.ad_product, f.campaign_id, grouping(f.campaign_id) AS whole, d.kind, d.bucket,
        sum(f.impressions)::DECIMAL(38, 6) AS impressions, sum(f.clicks)::DECIMAL(38, 6) AS clicks,
        sum(f.cost)::DECIMAL(38, 6) AS cost, sum(f.purchases)::DECIMAL(38, 6) AS purchases,
        sum(f.sales)::DECIMAL(38, 6) AS sales, sum(f.units)::DECIMAL(38, 6) AS units
    FROM figures AS f JOIN days AS d USING (profile_id, ad_product, date)
    GROUP BY GROUPING SETS (
        (f.profile_id, f.currency_code, f.ad_product, f.campaign_id, d.kind, d.bucket),
        (f.profile_id, f.currency_code, f.ad_product, d.kind, d.bucket)
    )
)
SELECT
    profile_id, currency_code, ad_product, campaign_id, kind, bucket, metric,
    (CASE WHEN is_idle THEN 0 ELSE amount END::DOUBLE / days)
        / nullif((sum(amount) OVER one)::DOUBLE / sum(days) OVER one, 0) AS index,
    days
FROM (
    SELECT b.*, s.profile_id IS NULL AS is_idle, s.impressions, s.clicks, s.cost, s.purchases, s.sales, s.units
    FROM buckets AS b
    LEFT JOIN sums AS s
        ON s.profile_id = b.profile_id AND s.currency_code = b.currency_code AND s.ad_product = b.ad_product
        AND s.campaign_id IS NOT DISTINCT FROM b.campaign_id AND s.whole = b.whole
        AND s.kind = b.kind AND s.bucket = b.bucket
) UNPIVOT INCLUDE NULLS (amount FOR metric IN (impressions, clicks, cost, purchases, sales, units))
WINDOW one AS (PARTITION BY profile_id, currency_code, ad_product, campaign_id, whole, kind, metric);
