-- One row is a profile, ad product and kind of id that its reports of $start to $end name and no list ever had.
-- Amazon's lists do not have everything that is archived: what its report calls ARCHIVED is tolerated, and counted.
-- An ad group has no status of its own in the reports: it may be archived where a keyword of it or its campaign is. An
-- ad's is its campaign's, as far as the report names that.
-- Profiles and ad products of which nothing was ever listed are left out: that is what `complete` of the lists says.
WITH reported AS (
    SELECT
        'campaign' AS kind, 'SPONSORED_PRODUCTS' AS ad_product, account, profile_id, campaign_id AS id,
        campaign_name AS name, campaign_status AS status, date, cost
    FROM report_sp_campaigns
    UNION ALL BY NAME
    SELECT
        'campaign' AS kind, 'SPONSORED_BRANDS' AS ad_product, account, profile_id, campaign_id AS id,
        campaign_name AS name, campaign_status AS status, date, cost
    FROM report_sb_campaigns
    UNION ALL BY NAME
    SELECT
        'campaign' AS kind, 'SPONSORED_DISPLAY' AS ad_product, account, profile_id, campaign_id AS id,
        campaign_name AS name, campaign_status AS status, date, cost
    FROM report_sd_campaigns
    UNION ALL BY NAME
    SELECT
        'keyword or target' AS kind, 'SPONSORED_PRODUCTS' AS ad_product, account, profile_id, keyword_id AS id,
        targeting AS name, ad_keyword_status AS status, date, cost
    FROM report_sp_targeting
    UNION ALL BY NAME
    SELECT
        'keyword or target' AS kind, 'SPONSORED_BRANDS' AS ad_product, account, profile_id,
        coalesce(keyword_id, targeting_id) AS id, coalesce(keyword_text, targeting_text) AS name,
        ad_keyword_status AS status, date, cost
    FROM report_sb_targeting
    UNION ALL BY NAME
    SELECT
        'keyword or target' AS kind, 'SPONSORED_DISPLAY' AS ad_product, account, profile_id, targeting_id AS id,
        targeting_text AS name, ad_keyword_status AS status, date, cost
    FROM report_sd_targeting
    UNION ALL BY NAME
    SELECT
        'ad group' AS kind, 'SPONSORED_PRODUCTS' AS ad_product, account, profile_id, ad_group_id AS id,
        ad_group_name AS name, if(campaign_status = 'ARCHIVED', campaign_status, ad_keyword_status) AS status, date, cost
    FROM report_sp_targeting
    UNION ALL BY NAME
    SELECT
        'ad group' AS kind, 'SPONSORED_BRANDS' AS ad_product, account, profile_id, ad_group_id AS id,
        ad_group_name AS name, if(campaign_status = 'ARCHIVED', campaign_status, ad_keyword_status) AS status, date, cost
    FROM report_sb_targeting
    UNION ALL BY NAME
    SELECT
        'ad group' AS kind, 'SPONSORED_DISPLAY' AS ad_product, account, profile_id, ad_group_id AS id,
        ad_group_name AS name, ad_keyword_status AS status, date, cost
    FROM report_sd_targeting
    UNION ALL BY NAME
    SELECT
        'ad' AS kind, 'SPONSORED_PRODUCTS' AS ad_product, account, profile_id, ad_id AS id, advertised_asin AS name,
        campaign_status AS status, date, cost
    FROM report_sp_advertised_product
    UNION ALL BY NAME
    SELECT
        'ad' AS kind, 'SPONSORED_BRANDS' AS ad_product, account, profile_id, ad_id AS id, campaign_name AS name,
        campaign_status AS status, date, cost
    FROM report_sb_ads
    UNION ALL BY NAME
    SELECT
        'ad' AS kind, 'SPONSORED_DISPLAY' AS ad_product, account, profile_id, ad_id AS id, promoted_asin AS name,
        NULL::VARCHAR AS status, date, cost
    FROM report_sd_advertised_product
    UNION ALL BY NAME
    SELECT
        'portfolio' AS kind, 'all ad products' AS ad_product, account, profile_id, portfolio_id AS id,
        NULL::VARCHAR AS name, campaign_status AS status, date, cost
    FROM report_sp_advertised_product
),
ids AS (
    SELECT
        kind, ad_product, profile_id, id, any_value(account) AS account, arg_max(name, date) AS name,
        arg_max(status, date) AS status, sum(cost) AS cost
    FROM reported WHERE date BETWEEN $start AND $end AND id IS NOT NULL
    GROUP BY kind, ad_product, profile_id, id
),
listed AS (
    SELECT 'campaign' AS kind, ad_product, profile_id, campaign_id AS id FROM campaigns_history
    UNION
    SELECT 'keyword or target', ad_product, profile_id, keyword_id FROM keywords_history
    UNION
    SELECT 'keyword or target', ad_product, profile_id, target_id FROM targets_history
    UNION
    SELECT 'ad group', ad_product, profile_id, ad_group_id FROM ad_groups_history
    UNION
    SELECT 'ad', ad_product, profile_id, ad_id FROM product_ads_history
    UNION
    SELECT 'portfolio', 'all ad products', profile_id, portfolio_id FROM portfolios_history
),
compared AS (
    SELECT i.*, l.id IS NULL AS is_unknown, l.id IS NULL AND i.status IS NOT DISTINCT FROM 'ARCHIVED' AS is_tolerated
    FROM ids AS i
    SEMI JOIN listed AS any_listed
        ON any_listed.kind = i.kind AND any_listed.profile_id = i.profile_id AND any_listed.ad_product = i.ad_product
    LEFT JOIN listed AS l
        ON l.kind = i.kind AND l.profile_id = i.profile_id AND l.ad_product = i.ad_product AND l.id = i.id
),
counted AS (
    SELECT
        any_value(account) AS account, profile_id, ad_product, kind, count(*) AS ids,
        count(*) FILTER (is_unknown AND NOT is_tolerated) AS unknown, count(*) FILTER (is_tolerated) AS tolerated,
        sum(cost) FILTER (is_unknown AND NOT is_tolerated) AS cost,
        list(format('{} "{}"', id, coalesce(name, '')) ORDER BY cost DESC, id)
            FILTER (is_unknown AND NOT is_tolerated) AS examples
    FROM compared GROUP BY profile_id, ad_product, kind
)
SELECT
    c.account, c.profile_id, p.name AS profile_name, format('{}, {}', c.ad_product, c.kind) AS subject,
    format('{} ids that were listed once', c.ids) AS expected,
    format('{} never listed, {} archived ones tolerated', c.unknown, c.tolerated) AS found,
    CASE
        WHEN c.unknown > 0 THEN format(
            'no list ever had {}, which cost {} {}', array_to_string(c.examples[:3], ', '),
            format(coalesce(w.written, '{:,.2f}'), c.cost::DOUBLE), coalesce(p.currency_code, '')
        )
    END AS problem
FROM counted AS c
LEFT JOIN profiles AS p ON p.profile_id = c.profile_id
LEFT JOIN whole_currencies AS w ON w.currency_code = p.currency_code
WHERE c.unknown + c.tolerated > 0
ORDER BY problem IS NULL, c.unknown DESC, c.profile_id;
