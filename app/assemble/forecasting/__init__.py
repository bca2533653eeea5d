"""Forecasts between rows and numbers: what was known of a sensor, and what a plan lacks."""
