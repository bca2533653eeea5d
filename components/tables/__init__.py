"""Tables, cards and trees of facts, readable by people and by screen readers."""
