"""What rows and groups of rows are worth, on any utility."""

from inquest.valuation.leave_out import leave_group_out, leave_one_out
from inquest.valuation.shapley import ShapleyValues, exact_shapley, tmc_shapley

__all__ = ["ShapleyValues", "exact_shapley", "leave_group_out", "leave_one_out", "tmc_shapley"]
