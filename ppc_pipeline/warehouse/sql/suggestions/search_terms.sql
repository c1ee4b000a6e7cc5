-- One row is a search term in one ad group, for one purpose: its figures over the days that count for it. Those that
-- came through an exact keyword stand apart: that keyword is what to change there. The temporary table `search_terms` of
-- the other files here.
--
-- An ASIN begins with b0, or is a book's ISBN of ten digits, whose last is a check digit: other numbers are keywords.
-- A day of which Amazon gave one of the figures and not another is no evidence.
-- Amazon takes keywords, negative ones too, of 10 words and 80 characters at most: what is longer is `too_long`.
SELECT
    d.source AS purpose, m.profile_id, m.ad_product, m.campaign_id, m.ad_group_id,
    lower(trim(m.search_term)) AS search_term,
    coalesce(m.match_type = 'EXACT', false) AS exact,
    regexp_full_match(lower(trim(m.search_term)), 'b0[a-z0-9]{8}')
    OR (
        regexp_full_match(lower(trim(m.search_term)), '[0-9]{9}[0-9x]')
        AND list_sum(list_transform(
            range(1, 11), lambda place: (11 - place) * coalesce(try_cast(trim(m.search_term)[place] AS INTEGER), 10)
        )) % 11 = 0
    ) AS is_asin,
    length(trim(m.search_term)) > 80 OR len(regexp_split_to_array(trim(m.search_term), '\s+')) > 10 AS too_long,
    arg_max(m.campaign_name, m.date) AS campaign_name, arg_max(m.ad_group_name, m.date) AS ad_group_name,
    any_value(d.days_from) AS days_from, any_value(d.days_until) AS days_until, any_value(d.days_loaded) AS days_loaded,
    sum(m.clicks)::BIGINT AS clicks, sum(m.cost) AS cost, sum(m.purchases)::BIGINT AS purchases, sum(m.sales) AS sales
FROM metrics_by_search_term AS m
JOIN temp.advertisers AS a USING (profile_id, ad_product, currency_code)
JOIN temp.evidence_days AS d
    ON d.profile_id = m.profile_id AND d.ad_product = m.ad_product AND starts_with(d.source, 'terms_to_')
    AND m.date BETWEEN d.days_from AND d.days_until
WHERE trim(m.search_term) NOT IN ('', '*')
    AND m.clicks IS NOT NULL AND m.cost IS NOT NULL AND m.purchases IS NOT NULL AND m.sales IS NOT NULL
GROUP BY ALL;
