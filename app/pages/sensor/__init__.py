"""The page of a sensor, tab by tab."""
