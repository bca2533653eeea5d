"""Units and quantities: their grammar, what they are of each other, and the only place that converts them."""
