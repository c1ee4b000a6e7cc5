"""Train a small model on the feature tables: the clicks that a keyword gets in the 7 days after a day.

    python examples/predict_clicks.py data/ppc.duckdb

Features are what was known on the day (``keyword_features``), the label is what came of it (``metrics_by_target``). The
model is a ridge regression in numpy; it is tried on days that are all later than those it learned from, and compared
with the guess that the next 7 days will be like the last. Needs nothing that the project does not bring.
"""

import sys

import duckdb
import numpy as np
import pandas as pd

NUMBERS = [
    *(f"{figure}_last_{days}_days" for figure in ("impressions", "clicks") for days in (3, 7, 14, 30, 90)),
    *("clicks_slope_last_30_days", "cost_share_percent_last_30_days", "days_since_first_seen", "days_known"),
]
"""The features that are learned from; of counts, the logarithm."""

QUESTION = """
    SELECT
        f.*,
        coalesce(sum(m.clicks), 0)::DOUBLE AS clicks_next_7_days
    FROM keyword_features AS f
    LEFT JOIN metrics_by_target AS m
        ON m.profile_id = f.profile_id AND m.ad_product = f.ad_product AND m.currency_code = f.currency_code
        AND m.campaign_id = f.campaign_id AND m.ad_group_id = f.ad_group_id AND m.target_id = f.target_id
        AND m.date BETWEEN f.date + 1 AND f.date + 7
    -- Days whose next 7 are all loaded.
    SEMI JOIN feature_days AS last
        ON last.feature_table = 'keyword_features' AND last.profile_id = f.profile_id
        AND last.ad_product = f.ad_product AND last.date = f.date + 7
    GROUP BY ALL ORDER BY f.date
"""


def main(database: str) -> None:
    """Train, try, and print how good it is."""
    with duckdb.connect(database, read_only=True) as warehouse:
        frame = warehouse.sql(QUESTION).df()
    if frame["date"].nunique() < 5:
        sys.exit(f"{database} has too few days with features: load 12 days or more, with `ppc backfill`")
    split = frame["date"].quantile(0.7)
    # A gap of a week, as the label of a day looks 7 days ahead: what is tried must not have been seen.
    learn, trial = frame[frame["date"] <= split - pd.Timedelta(days=7)], frame[frame["date"] > split]
    if learn.empty:
        learn = frame[frame["date"] <= split]
        print("few days: those learned from and those tried overlap in their labels")
    model = Ridge(learn)
    guess, actual = model.predict(trial), trial["clicks_next_7_days"].to_numpy()
    last_week = trial["clicks_last_7_days"].fillna(0).to_numpy()
    print(f"learned from {len(learn):,} rows up to {learn['date'].max():%Y-%m-%d}, tried on {len(trial):,} later ones")
    guessed_error, model_error = np.abs(last_week - actual).mean(), np.abs(guess - actual).mean()
    print(f"mean absolute error, like last week: {guessed_error:.3f} clicks")
    print(f"mean absolute error, the model:      {model_error:.3f} clicks")
    print(verdict(guessed_error, model_error))
    for name, weight in sorted(zip(NUMBERS, model.weights[1:], strict=True), key=lambda pair: -abs(pair[1]))[:5]:
        print(f"  {weight:+.3f}  {name}")


def verdict(guessed_error: float, model_error: float) -> str:
    """Say in a sentence which of the two was better."""
    if model_error < guessed_error:
        return f"The model was better: its error is {1 - model_error / guessed_error:.0%} smaller."
    return "The guess was as good or better: on these days the model is of no use."


class Ridge:
    """A linear model of standardised features, whose weights are kept small."""

    def __init__(self, frame: pd.DataFrame, penalty: float = 1.0) -> None:
        """Fit it."""
        numbers = prepared(frame)
        self.mean, self.scale = numbers.mean(axis=0), numbers.std(axis=0)
        self.scale[self.scale == 0] = 1
        inputs = self._inputs(numbers)
        keep_small = penalty * np.eye(inputs.shape[1])
        keep_small[0, 0] = 0  # but not the intercept
        label = np.log1p(frame["clicks_next_7_days"].to_numpy())
        self.weights = np.linalg.solve(inputs.T @ inputs + keep_small, inputs.T @ label)

    def predict(self, frame: pd.DataFrame) -> np.ndarray:
        """Return the clicks that are expected for each row."""
        return np.maximum(np.expm1(self._inputs(prepared(frame)) @ self.weights), 0)

    def _inputs(self, numbers: np.ndarray) -> np.ndarray:
        return np.column_stack([np.ones(len(numbers)), (numbers - self.mean) / self.scale])


def prepared(frame: pd.DataFrame) -> np.ndarray:
    """Return the features as numbers: what is not known as 0, the logarithm of counts."""
    numbers = frame[NUMBERS].fillna(0).astype(float)
    counts = [name for name in NUMBERS if name.startswith(("impressions", "clicks_last"))]
    numbers[counts] = np.log1p(numbers[counts])
    return numbers.to_numpy()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python examples/predict_clicks.py data/ppc.duckdb")
    main(sys.argv[1])
