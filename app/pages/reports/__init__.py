"""Tab Reports of an asset: a report is chosen, looked at, saved as a file and stored in sensors, once or repeatedly."""
