"""Epsilons of Google's dp-accounting over the grid that the tests compare protocol/private/accountant.ts with.

    pip install dp-accounting==0.6.0
    python test/python/dp_accounting_grid.py > test/protocol/private/dp-accounting.json

Each row: sampling rate, noise multiplier, openings, delta; epsilon by Rényi orders, which is an upper bound for the
continuous Gaussian alone; epsilon by privacy loss distributions, the most exact one ("pessimistic", so an upper bound too).
"""
import json

import dp_accounting
from dp_accounting import pld, rdp

GRID = [
    (rate, noise, openings, delta)
    for rate, noise in [(1, 4), (0.5, 3), (0.2, 1), (0.2, 2), (0.1, 1.5), (0.1, 4), (0.05, 1), (0.01, 0.75), (0.01, 2)]
    for openings in [1, 16, 200, 1000]
    for delta in [1e-5, 1e-3]
]


def epsilon(accountant, rate, noise, openings, delta):
    event = dp_accounting.GaussianDpEvent(noise)
    if rate < 1:
        event = dp_accounting.PoissonSampledDpEvent(rate, event)
    return accountant.compose(dp_accounting.SelfComposedDpEvent(event, openings)).get_epsilon(delta)


rows = []
for case in GRID:
    by_orders = epsilon(rdp.RdpAccountant(list(range(2, 513))), *case)
    by_losses = epsilon(pld.PLDAccountant(value_discretization_interval=1e-3), *case)
    rows.append([*case, round(float(by_orders), 6), round(float(by_losses), 6)])
print("[\n" + ",\n".join("  " + json.dumps(row) for row in rows) + "\n]")
