-- One row is a campaign as of now, with its figures of the last days, which ppc_with_periods explains.
-- Grain: profile_id, ad_product, campaign_id.
WITH entities AS (
    SELECT * EXCLUDE (valid_to) FROM campaigns_history WHERE valid_to IS NULL
),
figures AS (
    SELECT
        profile_id, ad_product, currency_code, campaign_id AS id, date,
        impressions, clicks, cost, purchases, sales, units
    FROM metrics_by_campaign
),
days AS (
    SELECT profile_id, ad_product, date, purchases_share, sales_share FROM loaded_days
    WHERE report_type IN ('spCampaigns', 'sbCampaigns', 'sdCampaigns', 'stCampaigns')
)
FROM ppc_with_periods('entities', campaign_id, 'figures', 'days');
