"""Work that takes longer than a request: submitted as rows, carried by queues, done by workers, and recovered."""
