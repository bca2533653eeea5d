"""Forecasts from the past of a series alone."""
