"""Settings to the encoder and the model."""

from ranker import model
from ranker.build.knobs import arguments
from ranker.config import settings
from ranker.input import Encoder
from ranker.schema import Schema


def build_encoder(
    encoding: settings.Encoding, schema: Schema, vocabularies: dict[str, list[str]]
) -> Encoder:
    """Returns the encoder: by vocabulary, or by hashing."""
    if isinstance(encoding, settings.HashEncoding):
        return Encoder(schema, vocabularies, num_buckets=encoding.num_buckets)
    return Encoder(schema, vocabularies, num_unknown=encoding.num_unknown)


def build_model(
    config: settings.RunConfig, schema: Schema, num_rows: dict[str, int]
) -> model.Ranker:
    """Returns the model with its initial variables."""
    wanted, seed = config.model, config.seed
    return model.Ranker(
        schema,
        embedding=model.Embedding(
            schema,
            num_rows,
            width=wanted.embedding_width,
            seed=seed,
            scale=wanted.initial_scale,
        ),
        shallow=model.Shallow(
            schema,
            num_rows,
            biases=wanted.shallow.biases,
            has_numeric=wanted.shallow.has_numeric,
            factors=wanted.shallow.factors,
            histories=wanted.shallow.histories,
            seed=seed,
            scale=wanted.shallow.initial_scale,
        ),
        interaction=_interaction(wanted, seed),
        sharing=_sharing(wanted, [task.name for task in schema.tasks], seed),
        tower_units=wanted.tower_units,
        dropout=wanted.dropout,
        has_layer_norm=wanted.has_layer_norm,
        ties=wanted.ties,
        products=wanted.products,
        seed=seed,
        precision=wanted.precision,
    )


def _interaction(wanted: settings.ModelSettings, seed: int) -> model.Interaction:
    precision = wanted.precision
    match wanted.interaction:
        case settings.DcnInteraction(num_layers=num_layers, projection_width=width):
            return model.Dcn(
                num_layers=num_layers,
                projection_width=width or None,
                seed=seed,
                precision=precision,
            )
        case settings.DotInteraction():
            return model.Dot(width=wanted.embedding_width, seed=seed, precision=precision)
        case _:
            return model.Concatenation()


def _sharing(wanted: settings.ModelSettings, tasks: list[str], seed: int) -> model.Sharing:
    kinds = {"shared_bottom": model.SharedBottom, "mmoe": model.Mmoe, "ple": model.Ple}
    make = kinds[wanted.sharing.kind]
    return make(
        tasks,
        **arguments(wanted.sharing),
        dropout=wanted.dropout,
        seed=seed,
        precision=wanted.precision,
    )
