"""Forecasts between rows and numbers: what was known of a sensor, what a plan lacks, and what came of forecasts."""
