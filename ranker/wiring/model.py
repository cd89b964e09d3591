"""Settings to the encoder and the model."""

from collections.abc import Sequence

from ranker.input.encode import Encoder
from ranker.model.block import Context
from ranker.model.embed import Embedding
from ranker.model.ranker import Ranker
from ranker.model.wide import Wide
from ranker.schema import Schema
from ranker.spec.model import ROLES, Encoding, HashEncoding, VocabularyEncoding
from ranker.spec.part import actor
from ranker.spec.run import RunConfig


def build_encoder(
    encoding: Encoding, schema: Schema, vocabularies: dict[str, list[str]]
) -> Encoder:
    """Returns the encoder: by vocabulary, or by hashing."""
    if isinstance(encoding, HashEncoding):
        return Encoder(schema, vocabularies, num_buckets=encoding.num_buckets)
    assert isinstance(encoding, VocabularyEncoding)
    return Encoder(schema, vocabularies, num_unknown=encoding.num_unknown)


def by_role(names: Sequence[str], schema: Schema) -> tuple[str, ...]:
    """Returns names of features, each once, with those that have the roles for words of them."""
    known = {feature.name for feature in schema.features}
    roles = {role: getattr(schema, role) for role in ROLES if role not in known}
    return tuple(dict.fromkeys(roles.get(name, name) for name in names))


def build_model(config: RunConfig, schema: Schema, num_rows: dict[str, int]) -> Ranker:
    """Returns the model with its initial variables."""
    wanted, seed = config.model, config.seed
    context = Context(
        tasks=[task.name for task in schema.tasks],
        width=wanted.embedding_width,
        seed=seed,
        dropout=wanted.dropout,
        precision=wanted.precision,
    )
    return Ranker(
        schema,
        embedding=Embedding(
            schema,
            num_rows,
            width=wanted.embedding_width,
            seed=seed,
            scale=wanted.initial_scale,
        ),
        wide=Wide(
            schema,
            num_rows,
            biases=by_role(wanted.wide.biases, schema),
            has_numeric=wanted.wide.has_numeric,
            factors=wanted.wide.factors,
            histories=wanted.wide.histories,
            seed=seed,
            scale=wanted.wide.initial_scale,
        ),
        interaction=actor(wanted.interaction)(wanted.interaction, context),
        sharing=actor(wanted.sharing)(wanted.sharing, context),
        tower_units=wanted.tower_units,
        dropout=wanted.dropout,
        has_layer_norm=wanted.has_layer_norm,
        logit_residuals=wanted.logit_residuals,
        esmm_products=wanted.esmm_products,
        seed=seed,
        precision=wanted.precision,
    )
