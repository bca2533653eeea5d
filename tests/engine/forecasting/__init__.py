"""Forecasters and their parts."""
