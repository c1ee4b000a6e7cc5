-- One row is a keyword or target: those with the highest cost of each profile over some days.
SELECT
    coalesce(p.name, r.profile_id::VARCHAR) AS profile,
    r.target_text AS keyword_or_target,
    coalesce(r.match_type, r.target_kind) AS match,
    r.campaign_name AS campaign,
    r.currency_code AS currency,
    sum(r.clicks)::BIGINT AS clicks,
    sum(r.cost) AS cost,
    sum(r.sales) AS sales,
    ppc_percent(sum(r.cost), sum(r.sales)) AS acos_percent
FROM performance_records AS r
LEFT JOIN profiles AS p ON p.profile_id = r.profile_id
WHERE r.date BETWEEN $start AND $end
GROUP BY
    r.profile_id, p.name, r.currency_code, r.target_id, r.target_text, r.match_type, r.target_kind, r.campaign_name
QUALIFY row_number() OVER (PARTITION BY r.profile_id ORDER BY sum(r.cost) DESC, r.target_id) <= $most
ORDER BY r.profile_id, sum(r.cost) DESC;
