"""Forecasts that begin with physics: where the sun stands, what a plant makes of its light."""
