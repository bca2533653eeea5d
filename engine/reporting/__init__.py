"""Reports: series from other series, in a small language of their own."""
