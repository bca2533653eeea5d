"""What people do, one module per noun: its rights, rules and sentence in the audit log, whoever calls it."""
