"""Flower's side of the whole private round: clients without training under its own SecAgg+ workflow and client mod. Each of them
gives the same array and knows all others."""
import json
import time

import numpy as np
from flwr.app import Context
from flwr.client import NumPyClient
from flwr.client.mod import secaggplus_mod
from flwr.clientapp import ClientApp
from flwr.common import ndarrays_to_parameters, parameters_to_ndarrays
from flwr.server import LegacyContext, ServerConfig
from flwr.server.strategy import FedAvg
from flwr.server.workflow import DefaultWorkflow, SecAggPlusWorkflow
from flwr.serverapp import Grid, ServerApp


def array(context: Context) -> np.ndarray:
    step = np.float32(context.run_config["step"])
    return np.fromfile(str(context.run_config["input"]), "<i4").astype(np.float32) * step


class Hospital(NumPyClient):
    def __init__(self, context: Context):
        self.context = context

    def fit(self, parameters, config):
        return [array(self.context)], 1, {}


client = ClientApp(client_fn=lambda context: Hospital(context).to_client(), mods=[secaggplus_mod])
server = ServerApp()


@server.main()
def main(grid: Grid, context: Context) -> None:
    clients, rounds = int(context.run_config["hospitals"]), int(context.run_config["num-server-rounds"])
    expected = array(context)
    strategy = FedAvg(
        fraction_fit=1.0,
        fraction_evaluate=0.0,
        min_fit_clients=clients,
        min_available_clients=clients,
        initial_parameters=ndarrays_to_parameters([np.zeros_like(expected)]),
    )
    threshold = clients - (clients - 1) // 3
    secure = SecAggPlusWorkflow(
        num_shares=1.0, reconstruction_threshold=threshold / clients, clipping_range=1.0, max_weight=1
    )
    seconds, found = [], []

    def timed(grid: Grid, context: LegacyContext) -> None:
        started = time.perf_counter()
        secure(grid, context)
        seconds.append(time.perf_counter() - started)

    def evaluate(_, parameters, __):
        found[:] = parameters
        return None

    strategy.evaluate_fn = evaluate
    legacy = LegacyContext(context, config=ServerConfig(num_rounds=rounds), strategy=strategy)
    DefaultWorkflow(fit_workflow=timed)(grid, legacy)
    assert np.abs(found[0] - expected).max() < 1e-4, "the sum is wrong"
    print("BENCH " + json.dumps({"roundsSeconds": sum(seconds), "rounds": seconds}), flush=True)
