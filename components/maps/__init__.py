"""Maps of the world that fetch nothing from elsewhere."""
