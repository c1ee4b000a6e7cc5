-- One sum over another; NULL where there is nothing to divide by. As DOUBLE: a DECIMAL(18, 6) is divided within 18
-- digits, and one absurd amount would break every query.
CREATE OR REPLACE MACRO ppc_ratio(part, whole) AS part::DOUBLE / nullif(whole, 0);
