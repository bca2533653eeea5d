"""What one number, a price, a limit, a target or a size, would have to be for a choice, a cost or a peak."""
