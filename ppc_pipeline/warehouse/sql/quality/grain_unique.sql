-- One row is a profile and metric table of which rows of $start to $end have the same key: their figures count twice.
-- Two NULLs are the same key here, as they are everywhere.
WITH repeated AS (
    SELECT
        'metrics_by_campaign' AS source, any_value(account) AS account, profile_id, date, count(*) AS times,
        concat_ws(', ', currency_code, ad_product, campaign_id) AS key
    FROM metrics_by_campaign WHERE date BETWEEN $start AND $end
    GROUP BY date, profile_id, currency_code, ad_product, campaign_id HAVING count(*) > 1
    UNION ALL
    SELECT
        'metrics_by_portfolio', any_value(account), profile_id, date, count(*),
        concat_ws(', ', currency_code, ad_product, portfolio_id)
    FROM metrics_by_portfolio WHERE date BETWEEN $start AND $end
    GROUP BY date, profile_id, currency_code, ad_product, portfolio_id HAVING count(*) > 1
    UNION ALL
    SELECT
        'metrics_by_profile', any_value(account), profile_id, date, count(*),
        concat_ws(', ', currency_code, ad_product)
    FROM metrics_by_profile WHERE date BETWEEN $start AND $end
    GROUP BY date, profile_id, currency_code, ad_product HAVING count(*) > 1
    UNION ALL
    SELECT
        'metrics_by_target', any_value(account), profile_id, date, count(*),
        concat_ws(', ', currency_code, ad_product, campaign_id, ad_group_id, target_id)
    FROM metrics_by_target WHERE date BETWEEN $start AND $end
    GROUP BY date, profile_id, currency_code, ad_product, campaign_id, ad_group_id, target_id HAVING count(*) > 1
    UNION ALL
    SELECT
        'metrics_by_ad_group', any_value(account), profile_id, date, count(*),
        concat_ws(', ', currency_code, ad_product, campaign_id, ad_group_id)
    FROM metrics_by_ad_group WHERE date BETWEEN $start AND $end
    GROUP BY date, profile_id, currency_code, ad_product, campaign_id, ad_group_id HAVING count(*) > 1
    UNION ALL
    SELECT
        'metrics_by_search_term', any_value(account), profile_id, date, count(*),
        concat_ws(', ', currency_code, ad_product, campaign_id, ad_group_id,
            target_id, target_text, match_type, search_term)
    FROM metrics_by_search_term WHERE date BETWEEN $start AND $end
    GROUP BY
        date, profile_id, currency_code, ad_product, campaign_id, ad_group_id, target_id,
        target_text, match_type, search_term
    HAVING count(*) > 1
    UNION ALL
    SELECT
        'metrics_by_product', any_value(account), profile_id, date, count(*),
        concat_ws(', ', currency_code, ad_product, campaign_id, ad_group_id, ad_id)
    FROM metrics_by_product WHERE date BETWEEN $start AND $end
    GROUP BY date, profile_id, currency_code, ad_product, campaign_id, ad_group_id, ad_id HAVING count(*) > 1
    UNION ALL
    SELECT
        'metrics_by_placement', any_value(account), profile_id, date, count(*),
        concat_ws(', ', currency_code, ad_product, campaign_id, placement)
    FROM metrics_by_placement WHERE date BETWEEN $start AND $end
    GROUP BY date, profile_id, currency_code, ad_product, campaign_id, placement HAVING count(*) > 1
),
counted AS (
    SELECT
        any_value(account) AS account, profile_id, source, count(*) AS keys,
        min_by(format('{} on {}, {} times', key, date, times), (date, key)) AS example
    FROM repeated GROUP BY profile_id, source
)
SELECT
    c.account, c.profile_id, p.name AS profile_name, c.source AS subject, 'each key once' AS expected,
    format('{} keys more than once', c.keys) AS found, c.example AS problem
FROM counted AS c LEFT JOIN profiles AS p ON p.profile_id = c.profile_id
ORDER BY c.keys DESC, c.profile_id, c.source;
