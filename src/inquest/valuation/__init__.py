"""What rows and groups of rows are worth, on any utility."""

from inquest.valuation.exact import exact_semivalue, exact_shapley
from inquest.valuation.leave_out import leave_group_out, leave_one_out
from inquest.valuation.semivalues import Semivalues, banzhaf, banzhaf_weights, beta_weights, semivalues
from inquest.valuation.shapley import ShapleyValues, combine, random_walks, tmc_shapley

__all__ = [
    "Semivalues",
    "ShapleyValues",
    "banzhaf",
    "banzhaf_weights",
    "beta_weights",
    "combine",
    "exact_semivalue",
    "exact_shapley",
    "leave_group_out",
    "leave_one_out",
    "random_walks",
    "semivalues",
    "tmc_shapley",
]
