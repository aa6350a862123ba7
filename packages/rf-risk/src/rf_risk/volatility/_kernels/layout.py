"""Where each number stands: places of the parameters, codes of models and densities."""

MU, OMEGA, ALPHA, GAMMA, BETA, DELTA, NU, SKEW = 0, 1, 2, 3, 4, 5, 6, 7
SIZE = 8

GARCH, EGARCH, APARCH = 0, 1, 2
"""Kinds of recursion; GARCH is GJR with gamma at zero."""

NORMAL, STUDENT, SKEWED = 0, 1, 2
"""Kinds of density."""
