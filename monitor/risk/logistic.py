"""Logistic regression drawn towards a prior, by Newton's method."""

import numpy as np

from monitor.risk.history import Floats

STEPS = 25
CLOSE = 1e-6
FAR = 30.0


def log_odds(p: Floats) -> Floats:
    return np.log(p) - np.log1p(-p)


def probability(eta: Floats) -> Floats:
    return 1.0 / (1.0 + np.exp(-np.clip(eta, -FAR, FAR)))


def fit_logistic(x: Floats, y: Floats, w: Floats, prior: Floats, strength: Floats) -> Floats:
    """Coefficients that make ``y`` likely, drawn to ``prior`` with the given precision (rows of x: parcels' moments)."""
    beta = prior.copy()
    value = _penalised(x, y, w, beta, prior, strength)
    for _ in range(STEPS):
        p = probability(x @ beta)
        curve = w * p * (1 - p)
        gradient = x.T @ (w * (y - p)) - strength * (beta - prior)
        step = np.linalg.solve((x.T * curve) @ x + np.diag(strength), gradient)
        size = 1.0
        while size > CLOSE:  # halve a step that overshoots
            found = _penalised(x, y, w, beta + size * step, prior, strength)
            if found >= value:
                break
            size /= 2
        else:
            break
        beta = beta + size * step
        gained, value = found - value, found
        if gained < CLOSE * max(1.0, abs(value)):
            break
    return beta


def _penalised(x: Floats, y: Floats, w: Floats, beta: Floats, prior: Floats, strength: Floats) -> float:
    eta = np.clip(x @ beta, -FAR, FAR)
    return float((w * (y * eta - np.logaddexp(0.0, eta))).sum() - 0.5 * (strength * (beta - prior) ** 2).sum())
