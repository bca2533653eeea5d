"""Every setting of the server, by theme; read once at start."""
