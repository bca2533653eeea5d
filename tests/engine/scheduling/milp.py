"""A slow and obvious way to write mixed-integer problems, one number at a time; independent of ours on purpose."""

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array


class Milp:
    """Variables are numbers, expressions are dictionaries from variable to coefficient."""

    def __init__(self):
        self.low, self.high, self.cost, self.whole = [], [], [], []
        self.rows, self.row_low, self.row_high = [], [], []
        self.constant = 0.0

    def var(self, low=0.0, high=np.inf, cost=0.0, whole=False):
        self.low.append(low)
        self.high.append(high)
        self.cost.append(cost)
        self.whole.append(int(whole))
        return len(self.low) - 1

    def row(self, terms, low=-np.inf, high=np.inf):
        self.rows.append(terms)
        self.row_low.append(low)
        self.row_high.append(high)

    def solve(self):
        """Return the least cost and the values; None when there is no plan."""
        data, at, col = [], [], []
        for number, terms in enumerate(self.rows):
            for variable, coefficient in terms.items():
                data.append(coefficient), at.append(number), col.append(variable)
        matrix = csr_array((data, (at, col)), shape=(len(self.rows), len(self.low)))
        found = milp(
            np.array(self.cost),
            constraints=LinearConstraint(matrix, self.row_low, self.row_high) if self.rows else (),
            bounds=Bounds(self.low, self.high),
            integrality=np.array(self.whole),
            options={"mip_rel_gap": 0.0},
        )
        return (found.fun + self.constant, found.x) if found.status == 0 else None


def add(*expressions):
    """Return the sum of (factor, expression) pairs."""
    total = {}
    for factor, terms in expressions:
        for variable, coefficient in terms.items():
            total[variable] = total.get(variable, 0.0) + factor * coefficient
    return total
