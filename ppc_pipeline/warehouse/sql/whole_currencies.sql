-- One row is a currency whose prices have no decimals: those of `wording.WHOLE_CURRENCIES`. `written` is how `format`
-- spells an amount of it; those of other currencies are spelled '{:,.2f}'.
-- Grain: currency_code.
SELECT currency_code, '{:,.0f}' AS written
FROM (VALUES ('CLP'), ('COP'), ('HUF'), ('IDR'), ('JPY'), ('KRW'), ('TWD'), ('VND')) AS c(currency_code);
