"""Pages about jobs and queues."""
