"""Who uses the system: accounts and what they booked, users, and everything that a login leaves behind."""
