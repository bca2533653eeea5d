"""What keeps the server safe: limits, headers, hosts and sealed secrets."""
