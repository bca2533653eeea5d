"""The ground all tables stand on: engine and sessions, the driver, bounds, change tracking and the audit log."""
