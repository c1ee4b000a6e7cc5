-- One sum over another in percent; NULL where there is nothing to divide by.
CREATE OR REPLACE MACRO ppc_percent(part, whole) AS 100 * part::DOUBLE / nullif(whole, 0);
