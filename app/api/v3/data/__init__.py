"""Endpoints that take in, give out and watch over the values of sensors."""
