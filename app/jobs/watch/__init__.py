"""What looks for faults in data, jobs and forecasts, and tells people."""
