"""How the tasks' gradients become one: methods that weigh the tasks by what is seen in a batch.

The classes of `ranker.objective.aggregate` do it, and say where each comes from.
"""

from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Lt

from ranker.spec.part import AtLeastOne, Decay, NonNegative, Part, Positive, declared, register

Shared = Literal["last", "dense", "all"]  # of the variables that two tasks or more read
MOST_FACES = 10  # tasks whose subsets are all looked at


class Aggregation(Part):
    """How the tasks' gradients become the one that is proposed."""

    least_tasks: ClassVar[int] = 1
    most_tasks: ClassVar[int] = 0  # 0 for any


@register("sum", acts="ranker.objective.aggregate.weighted_sum.WeightedSum")
class Sum(Aggregation):
    """The gradient of the weighted sum of the losses."""


@declared
class OfGradients(Aggregation):
    """A method that weighs the tasks by the inner products of their gradients.

    Attributes:
      of: gradients of which shared variables are compared: "last", the kernels of the last layers
        that the tasks share, which costs least; "dense", all but the tables; or "all".
      heads: whether variables of one task alone keep their gradient ("keep") or are weighed with
        the task ("follow").
    """

    least_tasks: ClassVar[int] = 2
    of: Shared = "last"
    heads: Literal["keep", "follow"] = "keep"


@register("pcgrad", acts="ranker.objective.aggregate.pcgrad.PcGradWeights")
class PcGrad(OfGradients):
    """PCGrad: each task's gradient without what goes against another task's."""


@register("grad_vac", acts="ranker.objective.aggregate.grad_vac.GradVacWeights")
class GradVac(OfGradients):
    """GradVac: each task's gradient turned to another's until they are as near as they usually are.

    Attributes:
      decay: share of the old in the running mean of each pair's cosine.
    """

    decay: Decay = 0.99


@register("mgda", acts="ranker.objective.aggregate.mgda.MgdaWeights")
class Mgda(OfGradients):
    """MGDA: the shortest weighted mean of the tasks' gradients; small ones weigh most.

    Attributes:
      divide_by: what each gradient is divided by before: "nothing", its "norm", the task's "loss",
        or both ("loss_norm").
    """

    most_tasks: ClassVar[int] = MOST_FACES
    divide_by: Literal["nothing", "norm", "loss", "loss_norm"] = "nothing"


@register("cagrad", acts="ranker.objective.aggregate.cagrad.CaGradWeights")
class CaGrad(OfGradients):
    """CAGrad: of the steps near the mean gradient's, the best one for the task it helps least.

    Attributes:
      radius: how near, as a share of the mean gradient's norm.
    """

    most_tasks: ClassVar[int] = MOST_FACES
    radius: Annotated[float, Ge(0), Lt(1)] = 0.5


@register("imtl_g", acts="ranker.objective.aggregate.imtl_g.ImtlGWeights")
class ImtlG(OfGradients):
    """IMTL-G: the step that goes as far along each task's gradient as along any other's."""


@register("nash_mtl", acts="ranker.objective.aggregate.nash_mtl.NashMtlWeights")
class NashMtl(OfGradients):
    """Nash-MTL: the tasks' bargain; the step has one length whatever the gradients are.

    Attributes:
      max_norm: longest step; 0 for any.
    """

    max_norm: NonNegative = 1.0


@register("fair_grad", acts="ranker.objective.aggregate.fair_grad.FairGradWeights")
class FairGrad(OfGradients):
    """FairGrad: gains shared alpha-fairly between the tasks.

    Attributes:
      alpha: 1 for proportional fairness, the bargain of Nash-MTL; more helps the worst task more.
    """

    alpha: Positive = 1.0


@register("aligned_mtl", acts="ranker.objective.aggregate.aligned_mtl.AlignedMtlWeights")
class AlignedMtl(OfGradients):
    """Aligned-MTL: gradients made orthogonal and of one length, then averaged.

    Attributes:
      scale: that length: of the least principal component ("min"), or the root of the mean of
        their squares ("rmse").
    """

    scale: Literal["min", "rmse"] = "min"


@register("upgrad", acts="ranker.objective.aggregate.upgrad.UpGradWeights")
class UpGrad(OfGradients):
    """UPGrad: each task's gradient projected to where no task loses, then averaged."""

    most_tasks: ClassVar[int] = MOST_FACES


@register("dual_proj", acts="ranker.objective.aggregate.dual_proj.DualProjWeights")
class DualProj(OfGradients):
    """DualProj: the mean gradient projected to where no task loses."""

    most_tasks: ClassVar[int] = MOST_FACES


@register("con_fig", acts="ranker.objective.aggregate.con_fig.ConFigWeights")
class ConFig(OfGradients):
    """ConFIG: the direction at one angle to all gradients, as long as they reach along it."""


@register("grad_norm", acts="ranker.objective.aggregate.grad_norm.GradNormWeights")
class GradNorm(OfGradients):
    """GradNorm: trained weights that bring the gradients' norms together, more for slow tasks.

    Attributes:
      alpha: how much more for a task whose loss has fallen less than the others'.
      learning_rate: of the weights, whose norms are counted in the largest.
    """

    heads: Literal["keep", "follow"] = "follow"
    alpha: NonNegative = 1.5
    learning_rate: Positive = 0.025


@register("uncertainty", acts="ranker.objective.aggregate.uncertainty.UncertaintyWeights")
class Uncertainty(Aggregation):
    """Uncertainty weighting: each task's weight is trained as the inverse of its loss.

    Attributes:
      learning_rate: of the logarithms of the variances.
    """

    least_tasks: ClassVar[int] = 2
    learning_rate: Positive = 0.025


@register("imtl_l", acts="ranker.objective.aggregate.imtl_l.ImtlLWeights")
class ImtlL(Aggregation):
    """IMTL-L: trained scales that bring every loss to 1.

    Attributes:
      learning_rate: of the logarithms of the scales.
    """

    least_tasks: ClassVar[int] = 2
    learning_rate: Positive = 0.025


@register("dwa", acts="ranker.objective.aggregate.dwa.DwaWeights")
class Dwa(Aggregation):
    """DWA: more weight for a task whose mean loss has fallen less from a window to the next.

    Attributes:
      window_attempts: of a mean, where its authors take an epoch.
      temperature: the larger, the more alike the weights.
    """

    least_tasks: ClassVar[int] = 2
    window_attempts: AtLeastOne = 500
    temperature: Positive = 2.0


@register("rlw", acts="ranker.objective.aggregate.rlw.RlwWeights")
class Rlw(Aggregation):
    """RLW: weights drawn anew at every attempt: what any other method should beat."""

    least_tasks: ClassVar[int] = 2


@register("gls", acts="ranker.objective.aggregate.gls.GlsWeights")
class Gls(Aggregation):
    """GLS: the geometric mean of the losses in place of their sum, whatever their units."""

    least_tasks: ClassVar[int] = 2


@register("stch", acts="ranker.objective.aggregate.stch.StchWeights")
class Stch(Aggregation):
    """STCH: a smooth maximum of the losses in place of their sum.

    Attributes:
      smoothness: in the losses' unit; the smaller, the more the largest loss alone counts.
    """

    least_tasks: ClassVar[int] = 2
    smoothness: Positive = 1.0


@register("famo", acts="ranker.objective.aggregate.famo.FamoWeights")
class Famo(Aggregation):
    """FAMO: trained weights by how much each loss fell; one more forward pass an attempt.

    Attributes:
      learning_rate: of the logits of the weights.
      weight_decay: of them.
    """

    least_tasks: ClassVar[int] = 2
    learning_rate: Positive = 0.025
    weight_decay: NonNegative = 0.001
