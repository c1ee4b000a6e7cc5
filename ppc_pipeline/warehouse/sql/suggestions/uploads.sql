-- One row is a suggestion that can be carried out: what it is of still runs and is as it was when it was made, and a
-- harvested term has an ad group to go to. Beside it what an upload has to repeat of the campaign, lest Amazon clear it.
-- Sponsored Brands campaigns without ad groups of their own are left out: bulksheets have them in another sheet.
SELECT s.*, c.portfolio_id, c.end_date
FROM suggestions AS s
JOIN campaigns_history AS c
    ON c.profile_id = s.profile_id AND c.ad_product = s.ad_product
    AND c.campaign_id = coalesce(s.destination_campaign_id, s.campaign_id)
    AND c.valid_to IS NULL AND c.removed_at IS NULL AND c.state = 'ENABLED'
LEFT JOIN ad_groups_history AS g
    ON g.profile_id = s.profile_id AND g.ad_product = s.ad_product
    AND g.ad_group_id = coalesce(s.destination_ad_group_id, s.ad_group_id)
    AND g.valid_to IS NULL AND g.removed_at IS NULL AND g.state = 'ENABLED'
LEFT JOIN keywords_history AS k
    ON k.profile_id = s.profile_id AND k.ad_product = s.ad_product AND k.keyword_id = s.target_id
    AND k.valid_to IS NULL AND k.removed_at IS NULL AND k.state = 'ENABLED'
LEFT JOIN targets_history AS t
    ON t.profile_id = s.profile_id AND t.ad_product = s.ad_product AND t.target_id = s.target_id
    AND t.valid_to IS NULL AND t.removed_at IS NULL AND t.state = 'ENABLED'
WHERE c.is_multi_ad_groups_enabled IS DISTINCT FROM false
    AND ($profiles::BIGINT[] = [] OR list_contains($profiles::BIGINT[], s.profile_id))
    AND ($kinds::VARCHAR[] = [] OR list_contains($kinds::VARCHAR[], s.kind))
    AND CASE s.kind
        WHEN 'raise_budget' THEN c.budget = s.current_value
        WHEN 'bid_change' THEN g.ad_group_id IS NOT NULL AND coalesce(k.keyword_id, t.target_id) IS NOT NULL
            AND coalesce(k.bid, t.bid, g.default_bid) = s.current_value
        WHEN 'harvest_search_term' THEN g.ad_group_id IS NOT NULL AND s.destination_ad_group_id IS NOT NULL
        ELSE g.ad_group_id IS NOT NULL
    END
ORDER BY s.profile_id, s.ad_product, s.kind, s.campaign_id, s.ad_group_id, s.target_id, s.search_term;
