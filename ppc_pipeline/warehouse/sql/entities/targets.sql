-- One row is a target as of now, with its figures of the last days, which ppc_with_periods explains.
-- Grain: profile_id, ad_product, target_id.
WITH entities AS (
    SELECT * EXCLUDE (valid_to) FROM targets_history WHERE valid_to IS NULL
),
figures AS (
    SELECT
        profile_id, ad_product, currency_code, target_id AS id, date,
        impressions, clicks, cost, purchases, sales, units
    FROM metrics_by_target
),
days AS (
    SELECT profile_id, ad_product, date, purchases_share, sales_share FROM loaded_days
    WHERE report_type IN ('spTargeting', 'sbTargeting', 'sdTargeting', 'stTargeting')
)
FROM ppc_with_periods('entities', target_id, 'figures', 'days');
