"""Flower's side of the parts of a round: its own SecAgg+ workflow and client mod, whole, with a grid that hands messages over in this
process. No training, no network, one client after the other; the state of each client is its own, as on machines of their own."""
import copy
import json
import logging
import sys
import time

import numpy as np
from flwr.app import ConfigRecord, Context, Message, RecordDict
from flwr.client.mod import secaggplus_mod
from flwr.common import Code, FitRes, Status, ndarrays_to_parameters, parameters_to_ndarrays
from flwr.compat.common import recorddict_compat as compat
from flwr.server import LegacyContext, ServerConfig, SimpleClientManager
from flwr.server.compat.grid_client_proxy import GridClientProxy
from flwr.server.strategy import FedAvg
from flwr.server.workflow import SecAggPlusWorkflow
from flwr.server.workflow.constant import MAIN_CONFIGS_RECORD, MAIN_PARAMS_RECORD, Key
from flwr.supercore.task_identity import TaskIdentity

logging.getLogger("flwr").setLevel(logging.WARNING)
TaskIdentity.run_id, TaskIdentity.node_id, TaskIdentity.task_id = 1, 0, 0
file, clients, step = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
threshold = clients - (clients - 1) // 3
delta = np.fromfile(file, "<i4").astype(np.float32) * np.float32(step)


def context(node):
    return Context(run_id=1, node_id=node, node_config={}, state=RecordDict(), run_config={}, series_id=0)


def fit(message, _):
    """Without training: every client's weights are the same array."""
    result = FitRes(Status(Code.OK, ""), ndarrays_to_parameters([delta]), 1, {})
    return Message(compat.fitres_to_recorddict(result, keep_input=True), reply_to=message)


class Grid:
    """Hands every message to its client, and brings the answers back."""

    def __init__(self):
        self.contexts = {node: context(node) for node in range(1, clients + 1)}

    def send_and_receive(self, messages, *, timeout=None):
        # A network would hand over copies; the workflow gives several clients one record.
        received = [copy.deepcopy(each) for each in messages]
        return [secaggplus_mod(each, self.contexts[each.metadata.dst_node_id], fit) for each in received]


def peak_bytes():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


grid = Grid()
manager = SimpleClientManager()
for node in grid.contexts:
    manager.register(GridClientProxy(node_id=node, grid=grid, run_id=1))
strategy = FedAvg(fraction_fit=1.0, min_fit_clients=clients, min_available_clients=clients, fraction_evaluate=0.0)
server = LegacyContext(context(0), config=ServerConfig(num_rounds=1), strategy=strategy, client_manager=manager)
server.state.config_records[MAIN_CONFIGS_RECORD] = ConfigRecord({Key.CURRENT_ROUND: 1})
start = compat.parameters_to_arrayrecord(ndarrays_to_parameters([np.zeros_like(delta)]), True)
server.state.array_records[MAIN_PARAMS_RECORD] = start
workflow = SecAggPlusWorkflow(num_shares=1.0, reconstruction_threshold=threshold / clients, clipping_range=1.0, max_weight=1)
started = time.process_time()
workflow(grid, server)
seconds = time.process_time() - started
record = server.state.array_records[MAIN_PARAMS_RECORD]
found = parameters_to_ndarrays(compat.arrayrecord_to_parameters(record, True))[0]
assert np.abs(found - delta).max() < 1e-4, np.abs(found - delta).max()
print(json.dumps({"roundSeconds": seconds, "peakBytes": peak_bytes()}))
