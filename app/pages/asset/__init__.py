"""The page of an asset, tab by tab."""
