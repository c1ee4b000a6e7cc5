-- One row is a row of `sums`, with the rates and the converted amounts that every table of sql/metrics has beside it.
-- Grain: that of `sums`.
--
-- `sums` is the name of a CTE, table or view with all figures of a metric table, date and currency_code. A rate is sum
-- over sum: of the profile's standard window first, then of each other one, whose clicks and cost are the same. Amounts
-- are converted with the rate of the day; a currency needs none to itself.
CREATE OR REPLACE MACRO ppc_with_rates(sums) AS TABLE
SELECT
    s.*,
    ppc_percent(s.clicks, s.impressions) AS ctr_percent,
    ppc_amount_per(s.cost, s.clicks) AS cpc,
    ppc_percent(s.purchases, s.clicks) AS cvr_percent,
    ppc_percent(s.cost, s.sales) AS acos_percent,
    ppc_ratio(s.sales, s.cost) AS roas,
    ppc_amount_per(s.cost, s.purchases) AS cost_per_purchase,
    ppc_percent(s.new_to_brand_purchases, s.purchases) AS new_to_brand_purchases_percent,
    ppc_percent(s.new_to_brand_sales, s.sales) AS new_to_brand_sales_percent,
    ppc_percent(s.purchases_7d, s.clicks) AS cvr_percent_7d,
    ppc_percent(s.cost, s.sales_7d) AS acos_percent_7d,
    ppc_ratio(s.sales_7d, s.cost) AS roas_7d,
    ppc_amount_per(s.cost, s.purchases_7d) AS cost_per_purchase_7d,
    ppc_percent(s.purchases_14d, s.clicks) AS cvr_percent_14d,
    ppc_percent(s.cost, s.sales_14d) AS acos_percent_14d,
    ppc_ratio(s.sales_14d, s.cost) AS roas_14d,
    ppc_amount_per(s.cost, s.purchases_14d) AS cost_per_purchase_14d,
    ppc_percent(s.purchases_30d, s.clicks) AS cvr_percent_30d,
    ppc_percent(s.cost, s.sales_30d) AS acos_percent_30d,
    ppc_ratio(s.sales_30d, s.cost) AS roas_30d,
    ppc_amount_per(s.cost, s.purchases_30d) AS cost_per_purchase_30d,
    -- A product of decimals has the decimals of both: 38 digits leave 22 before them.
    CASE
        WHEN s.currency_code = wanted.currency THEN s.cost::DECIMAL(38, 6)
        ELSE (s.cost::DECIMAL(38, 6) * fx.rate)::DECIMAL(38, 6)
    END AS cost_converted,
    CASE
        WHEN s.currency_code = wanted.currency THEN s.sales::DECIMAL(38, 6)
        ELSE (s.sales::DECIMAL(38, 6) * fx.rate)::DECIMAL(38, 6)
    END AS sales_converted,
    CASE WHEN s.currency_code = wanted.currency THEN wanted.currency ELSE fx.to_currency END AS converted_currency
FROM query_table(sums) AS s
CROSS JOIN (SELECT max(to_currency) AS currency FROM fx_rates) AS wanted
LEFT JOIN fx_rates_by_day AS fx ON fx.date = s.date AND fx.from_currency = s.currency_code;
