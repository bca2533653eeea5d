"""Stored energy as it is described → stores of the engine: batteries, tanks, buildings, and what bounds them."""
