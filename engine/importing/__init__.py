"""Reads time series in files of any layout: what was seen, how it is read and why, what only a person can decide."""
