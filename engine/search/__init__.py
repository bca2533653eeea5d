"""Plans and bounds for sites that need whole numbers, found without a search or before it."""
