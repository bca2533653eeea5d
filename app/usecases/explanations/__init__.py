"""Why a schedule is as it is, and what if, for those who may read all that it was made from."""
