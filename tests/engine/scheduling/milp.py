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
        """Return the least cost and the values; None when there is no plan.

        Whole numbers are held as found and the rest is solved again, as they may be off by a millionth of a large row.
        """
        found = self._solve(self.low, self.high, self.whole)
        if found is None or not any(self.whole):
            return found
        held = [np.where(self.whole, found[1].round(), bound) for bound in (self.low, self.high)]
        return self._solve(*held, np.zeros(len(self.low))) or found

    def _solve(self, low, high, whole):
        data, at, col = [], [], []
        for number, terms in enumerate(self.rows):
            for variable, coefficient in terms.items():
                data.append(coefficient), at.append(number), col.append(variable)
        matrix = csr_array((data, (at, col)), shape=(len(self.rows), len(self.low)))
        for presolve in (True, False):  # HiGHS gives up with the one or the other at times
            found = milp(
                np.array(self.cost),
                constraints=LinearConstraint(matrix, self.row_low, self.row_high) if self.rows else (),
                bounds=Bounds(low, high),
                integrality=np.array(whole),
                options={"mip_rel_gap": 0.0, "presolve": presolve},
            )
            if found.status in (0, 2):
                break
        assert found.status in (0, 2), found.message
        return (found.fun + self.constant, found.x) if found.status == 0 else None


def add(*expressions):
    """Return the sum of (factor, expression) pairs."""
    total = {}
    for factor, terms in expressions:
        for variable, coefficient in terms.items():
            total[variable] = total.get(variable, 0.0) + factor * coefficient
    return total
