"""What people ask to be computed, at once, by a job or again and again: schedules, forecasts, reports."""
