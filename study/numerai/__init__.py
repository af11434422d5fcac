"""The pipeline of a forecasting competition, on positions of games."""
