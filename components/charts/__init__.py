"""Charts over time, linked by one time range, and what stands in and around them."""
