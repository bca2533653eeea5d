"""The best cost as a function of numbers of a problem: piecewise linear, exact, and cheap to move along."""
