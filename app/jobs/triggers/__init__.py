"""What starts jobs by itself: automations at their moments, and when data arrive."""
