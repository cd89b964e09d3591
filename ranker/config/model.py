"""Settings of the model."""

import dataclasses
from typing import Literal

from ranker.config.ranges import require

# Beyond what anybody trains, and below what ends in TensorFlow instead of in a sentence.
_MOST_ROWS = 1_000_000_000
_MOST_PARTS = 1_000
_WIDEST = 65_536


@dataclasses.dataclass(frozen=True, kw_only=True)
class VocabularyEncoding:
    """A row a known value, and `num_unknown` rows that the others hash into."""

    kind: Literal["vocabulary"] = "vocabulary"
    num_unknown: int = 1

    def __post_init__(self) -> None:
        require(self, "num_unknown", minimum=1, maximum=_MOST_ROWS)


@dataclasses.dataclass(frozen=True, kw_only=True)
class HashEncoding:
    """Every value hashes into one of `num_buckets` rows; no vocabulary is kept."""

    kind: Literal["hash"] = "hash"
    num_buckets: int = 10_000

    def __post_init__(self) -> None:
        require(self, "num_buckets", minimum=1, maximum=_MOST_ROWS)


Encoding = VocabularyEncoding | HashEncoding


@dataclasses.dataclass(frozen=True, kw_only=True)
class NoInteraction:
    """The fields side by side."""

    kind: Literal["none"] = "none"


@dataclasses.dataclass(frozen=True, kw_only=True)
class DcnInteraction:
    """DCN-v2 cross layers; `projection_width` 0 is full rank."""

    kind: Literal["dcn"] = "dcn"
    num_layers: int = 2
    projection_width: int = 0

    def __post_init__(self) -> None:
        require(self, "num_layers", minimum=1, maximum=_MOST_PARTS)
        require(self, "projection_width", minimum=0, maximum=_WIDEST)


@dataclasses.dataclass(frozen=True, kw_only=True)
class DotInteraction:
    """Dot products of all pairs of fields, beside the fields."""

    kind: Literal["dot"] = "dot"


@dataclasses.dataclass(frozen=True, kw_only=True)
class SharedBottomSharing:
    """Every task reads the same layers."""

    kind: Literal["shared_bottom"] = "shared_bottom"
    units: tuple[int, ...] = (256, 128)


@dataclasses.dataclass(frozen=True, kw_only=True)
class MmoeSharing:
    """A gate a task over shared experts."""

    kind: Literal["mmoe"] = "mmoe"
    num_experts: int = 4
    units: tuple[int, ...] = (256, 128)

    def __post_init__(self) -> None:
        require(self, "num_experts", minimum=1, maximum=_MOST_PARTS)


@dataclasses.dataclass(frozen=True, kw_only=True)
class PleSharing:
    """Shared and own experts, gated level by level."""

    kind: Literal["ple"] = "ple"
    num_levels: int = 1
    num_shared: int = 2
    num_own: int = 2
    units: tuple[int, ...] = (256, 128)

    def __post_init__(self) -> None:
        for name in ("num_levels", "num_shared", "num_own"):
            require(self, name, minimum=1, maximum=_MOST_PARTS)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ShallowSettings:
    """The shallow part, added to each logit: see `ranker.model.Shallow`.

    Attributes:
      biases: features with a bias a value.
      has_numeric: whether numeric features have a weight.
      factors: width of the user-item product's vectors; 0 for no product.
      histories: multi-valued features of items that join the user's vector.
      initial_scale: standard deviation of the initial factors.
    """

    biases: tuple[str, ...] = ("user_id", "item_id")
    has_numeric: bool = True
    factors: int = 0
    histories: tuple[str, ...] = ()
    initial_scale: float = 0.05

    def __post_init__(self) -> None:
        require(self, "factors", minimum=0, maximum=_WIDEST)
        require(self, "initial_scale", minimum=0)
        if self.histories and not self.factors:
            raise ValueError(f"histories need factors > 0, got {self.factors}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ModelSettings:
    """The model: fields, interaction, sharing, towers.

    Attributes:
      embedding_width: D of every embedding.
      initial_scale: standard deviation of the initial embeddings.
      has_layer_norm: whether the interaction's output is normalised.
      tower_units: hidden layers of each task's tower.
      dropout: share of hidden units left out in training.
      ties: task to the task whose logit joins its own, times a trained number.
      precision: of the activations between embeddings and heads; variables, gradients,
        embeddings and logits are float32 with either.
      products: binary task to the one without which it does not happen: its score is the
        product of that one's and of what its own tower says (ESMM).
    """

    embedding_width: int = 32
    initial_scale: float = 0.05
    encoding: Encoding = VocabularyEncoding()
    shallow: ShallowSettings = ShallowSettings()
    interaction: NoInteraction | DcnInteraction | DotInteraction = NoInteraction()
    has_layer_norm: bool = False
    sharing: SharedBottomSharing | MmoeSharing | PleSharing = MmoeSharing()
    tower_units: tuple[int, ...] = (64,)
    dropout: float = 0.0
    ties: dict[str, str] = dataclasses.field(default_factory=dict)
    precision: Literal["float32", "bfloat16"] = "float32"
    products: dict[str, str] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        require(self, "embedding_width", minimum=1, maximum=_WIDEST)
        require(self, "initial_scale", minimum=0)
        require(self, "dropout", minimum=0, below=1)
        for units in (*self.sharing.units, *self.tower_units):
            if not 1 <= units <= _WIDEST:
                raise ValueError(f"a layer must have 1 to {_WIDEST} units, got {units}")
        if not self.sharing.units:
            raise ValueError(
                f"sharing.units must name at least one layer, got {self.sharing.units}"
            )
