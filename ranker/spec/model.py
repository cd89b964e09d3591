"""The model: encoding of values, feature interaction, what tasks share, towers.

The classes of `ranker.model` build it, and say where each part comes from.
"""

import dataclasses
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Le, Lt

from ranker.spec.part import NonNegative, Part, declared, register

# Beyond what is published of ranking models (a few dozen experts, embeddings of a few hundred,
# layers of up to 4,096 units in the paper of Clippy), below what only seems to stand still.
_MOST_PARTS = 256
_WIDEST = 4_096
_MOST_UNITS = 8_192

ROLES = ("user", "item")  # words for the features that the data's schema names so

NumRows = Annotated[int, Ge(1), Le(1_000_000_000)]
NumParts = Annotated[int, Ge(1), Le(_MOST_PARTS)]
Width = Annotated[int, Ge(0), Le(_WIDEST)]


class Encoding(Part):
    """How the values of a categorical feature become rows of its table."""


@register("vocabulary")
class VocabularyEncoding(Encoding):
    """One row for each known value, and a few rows that all other values hash into.

    Attributes:
      num_unknown: rows for the other values.
    """

    num_unknown: NumRows = 1


@register("hash")
class HashEncoding(Encoding):
    """Every value hashes into one of some rows; no vocabulary is kept.

    Attributes:
      num_buckets: rows.
    """

    num_buckets: NumRows = 10_000


class Interaction(Part):
    """From the fields of a row, its embeddings and numbers, to one vector."""


@register("none", acts="ranker.model.interact.NoInteractionBlock")
class NoInteraction(Interaction):
    """The fields side by side."""


@register("dcn", acts="ranker.model.interact.DcnBlock")
class Dcn(Interaction):
    """DCN-v2 cross layers over the fields side by side.

    Attributes:
      num_layers: cross layers.
      projection_width: of a low-rank kernel; 0 for full rank.
    """

    num_layers: NumParts = 2
    projection_width: Width = 0


@register("dot", acts="ranker.model.interact.DotBlock")
class Dot(Interaction):
    """Dot products of all pairs of fields, beside the fields."""


class Sharing(Part):
    """From a row's vector to one for each task."""

    units: tuple[int, ...] = ()


@register("shared_bottom", acts="ranker.model.sharing.SharedBottomBlock")
class SharedBottom(Sharing):
    """Every task reads the same layers.

    Attributes:
      units: of each layer.
    """

    units: tuple[int, ...] = (256, 128)


@register("mmoe", acts="ranker.model.sharing.MmoeBlock")
class Mmoe(Sharing):
    """A gate a task over shared experts.

    Attributes:
      num_experts: shared by all tasks.
      units: of each layer of an expert.
    """

    num_experts: NumParts = 4
    units: tuple[int, ...] = (256, 128)


@register("ple", acts="ranker.model.sharing.PleBlock")
class Ple(Sharing):
    """Shared and own experts, gated level by level.

    Attributes:
      num_levels: of experts and gates.
      num_shared: experts of all tasks, at each level.
      num_own: experts of each task, at each level.
      units: of each layer of an expert.
    """

    num_levels: NumParts = 1
    num_shared: NumParts = 2
    num_own: NumParts = 2
    units: tuple[int, ...] = (256, 128)


@declared
class WideSettings(Part):
    """The wide part of each logit: a bias a value, a weight a number, a product of user and item.

    Attributes:
      biases: features with a bias a value, by name, or by their role in the data: "user", "item".
      has_numeric: whether numeric features have a weight.
      factors: width of the user-item product's vectors; 0 for no product.
      histories: multi-valued features of items that join the user's vector.
      initial_scale: standard deviation of the initial factors.
    """

    biases: tuple[str, ...] = ROLES
    has_numeric: bool = True
    factors: Width = 0
    histories: tuple[str, ...] = ()
    initial_scale: NonNegative = 0.05

    def check(self) -> None:
        """Raises ValueError for histories of no vector."""
        if self.histories and not self.factors:
            raise ValueError(f"histories need factors > 0, got {self.factors}")


@declared
class ModelSettings(Part):
    """The model: fields, interaction, sharing, towers.

    Attributes:
      embedding_width: D of every embedding.
      initial_scale: standard deviation of the initial embeddings.
      encoding: of categorical values.
      wide: what is added to each logit.
      interaction: of the fields.
      has_layer_norm: whether the interaction's output is normalised.
      sharing: between the tasks.
      tower_units: hidden layers of each task's tower.
      dropout: share of hidden units left out in training.
      logit_residuals: task to the task whose logit joins its own, times a trained number.
      precision: of the activations between embeddings and heads; variables, gradients,
        embeddings and logits are float32 with either.
      esmm_products: binary task to the one without which it does not happen: its score is the
        product of that one's and of what its own tower says (ESMM).
    """

    renamed: ClassVar = {
        "shallow": "wide",
        "ties": "logit_residuals",
        "products": "esmm_products",
    }
    embedding_width: Annotated[int, Ge(1), Le(_WIDEST)] = 32
    initial_scale: NonNegative = 0.05
    encoding: Encoding = VocabularyEncoding()
    wide: WideSettings = WideSettings()
    interaction: Interaction = NoInteraction()
    has_layer_norm: bool = False
    sharing: Sharing = Mmoe()
    tower_units: tuple[int, ...] = (64,)
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.0
    logit_residuals: dict[str, str] = dataclasses.field(default_factory=dict)
    precision: Literal["float32", "bfloat16"] = "float32"
    esmm_products: dict[str, str] = dataclasses.field(default_factory=dict)

    def check(self) -> None:
        """Raises ValueError for a layer of no width, or of one that nobody trains."""
        for units in (*self.sharing.units, *self.tower_units):
            if not 1 <= units <= _MOST_UNITS:
                raise ValueError(f"a layer must have 1 to {_MOST_UNITS} units, got {units}")
        if not self.sharing.units:
            raise ValueError(
                f"sharing.units must name at least one layer, got {self.sharing.units}"
            )
