"""What TorchJD makes of matrices of gradients: a program for an environment that has it.

Reads {"cases": [[[...]]]} on standard input; writes by method the direction of each. No option is
given but those that the methods of `ranker.objective.aggregate` have.
"""

import json
import sys

import torch
from torchjd import aggregation
from torchjd.linalg import QuadprogProjector

# The projections add a share of the identity to the Gramian by default, 1e-4 of its trace.
EXACT = QuadprogProjector(norm_eps=0.0, reg_eps=1e-12)
METHODS = {
    "mgda": aggregation.MGDA(epsilon=1e-12, max_iters=20_000),
    "upgrad": aggregation.UPGrad(projector=EXACT),
    "dual_proj": aggregation.DualProj(projector=EXACT),
    "imtl_g": aggregation.IMTLG(),
    "aligned_mtl": aggregation.AlignedMTL(),
    "con_fig": aggregation.ConFIG(),
    "cagrad 0.5": aggregation.CAGrad(c=0.5, norm_eps=0.0),
    "cagrad 0.2": aggregation.CAGrad(c=0.2, norm_eps=0.0),
    "fair_grad 1": aggregation.FairGrad(alpha=1.0),
    "fair_grad 2": aggregation.FairGrad(alpha=2.0),
}

cases = [torch.tensor(case, dtype=torch.float64) for case in json.load(sys.stdin)["cases"]]
json.dump({name: [made(c).tolist() for c in cases] for name, made in METHODS.items()}, sys.stdout)
