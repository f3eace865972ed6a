"""The normal distribution's upper tail on whole columns, by a rational approximation good to seven digits."""

import numpy as np

from monitor.risk.history import Floats

COEFFICIENTS = (
    0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368, -1.26551223,
)  # fmt: skip
"""Chebyshev fit of log erfc: relative error below 1.2e-7 everywhere (W. J. Cody's problem in Press et al., 1992, §6.2)."""


def log_tail(z: Floats) -> Floats:
    """Log P(Z > z)."""
    x = np.abs(z) / np.sqrt(2.0)
    t = 1.0 / (1.0 + 0.5 * x)
    sum_ = np.zeros_like(x)
    for coefficient in COEFFICIENTS:
        sum_ = sum_ * t + coefficient
    upper = np.log(t) - x * x + sum_ - np.log(2.0)
    return np.where(z >= 0, upper, np.log1p(-np.exp(np.minimum(upper, -1e-12))))


def hazard(z: Floats) -> Floats:
    """The density over the upper tail: the mean of Z beyond z."""
    return np.exp(-0.5 * z * z - 0.5 * np.log(2 * np.pi) - log_tail(z))
