"""What keeps the server safe: limits, headers, hosts, sealed secrets, websockets that end with their session."""
