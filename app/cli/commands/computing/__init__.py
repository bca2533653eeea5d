"""Commands that compute forecasts, schedules and reports."""
