"""The language of flexibility: flex-model and flex-context, field by field, and the quantities in them."""
