-- One row is a profile and ad product that suggestions are made for: its currency, what bids are rounded to there and
-- may not fall below, the ACoS that is aimed at, and how many days after a click Amazon counts its purchases. The
-- temporary table `advertisers` of the other files here.
--
-- Minimum bids are Amazon's, by currency, from its documentation of bulksheets; of Sponsored Brands the higher one, of
-- video ads. Those of Sponsored Display, of clicks, are from its table of bid constraints by marketplace. Where Amazon
-- documents none it is NULL, and no bid is lowered. `written` is how an amount is spelled.
WITH currencies (currency_code, decimals, minimum_sp, minimum_sb, minimum_sd) AS (
    VALUES
        ('AED', 2, 0.24, 0.40, 0.20),
        ('AUD', 2, 0.10, 0.10, 0.20),
        ('BRL', 2, NULL, NULL, 0.07),
        ('CAD', 2, 0.02, 0.10, 0.02),
        ('CNY', 2, 0.10, 1.00, NULL),
        ('EGP', 2, NULL, NULL, 0.15),
        ('EUR', 2, 0.02, 0.15, 0.02),
        ('GBP', 2, 0.02, 0.15, 0.02),
        ('INR', 2, 1.00, 2.00, 1.00),
        ('JPY', 0, 2.00, 10.00, 2.00),
        ('MXN', 2, 0.10, 0.10, 0.10),
        ('PLN', 2, NULL, NULL, 0.02),
        ('SAR', 2, NULL, NULL, 0.10),
        ('SEK', 2, NULL, NULL, 0.18),
        ('SGD', 2, NULL, NULL, 0.14),
        ('TRY', 2, NULL, NULL, 0.05),
        ('USD', 2, 0.02, 0.25, 0.02),
        ('ZAR', 2, NULL, NULL, 0.70)
)

SELECT
    p.account, p.profile_id, p.country_code, p.currency_code, a.ad_product,
    CASE coalesce(c.decimals, 2) WHEN 0 THEN 1 ELSE 0.01 END::DECIMAL(18, 6) AS unit,
    (CASE a.ad_product
        WHEN 'SPONSORED_PRODUCTS' THEN c.minimum_sp
        WHEN 'SPONSORED_BRANDS' THEN c.minimum_sb
        WHEN 'SPONSORED_DISPLAY' THEN c.minimum_sd
    END)::DECIMAL(18, 6) AS minimum_bid,
    coalesce(
        list_extract($account_targets::DOUBLE[], nullif(list_position($accounts::VARCHAR[], p.account), 0)),
        $target_acos_percent::DOUBLE
    ) AS target_acos_percent,
    CASE WHEN a.ad_product = 'SPONSORED_PRODUCTS' AND p.account_type = 'seller' THEN 7 ELSE 14 END AS window_days,
    '{:,.' || coalesce(c.decimals, 2) || 'f} ' || p.currency_code AS written
FROM profiles AS p
CROSS JOIN (VALUES ('SPONSORED_PRODUCTS'), ('SPONSORED_BRANDS'), ('SPONSORED_DISPLAY')) AS a (ad_product)
LEFT JOIN currencies AS c ON c.currency_code = p.currency_code
WHERE p.removed_at IS NULL AND p.currency_code IS NOT NULL
    AND ($profiles::BIGINT[] = [] OR list_contains($profiles::BIGINT[], p.profile_id));
