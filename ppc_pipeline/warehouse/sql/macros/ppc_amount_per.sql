-- An amount for each of a number of things, rounded to the sixth decimal; NULL where there are none.
--
-- A half of the last decimal is rounded up, though DOUBLE has it a little too small: as a decimal first.
CREATE OR REPLACE MACRO ppc_amount_per(amount, number) AS
    round(amount::DOUBLE / nullif(number, 0), 10)::DECIMAL(38, 10)::DECIMAL(38, 6);
