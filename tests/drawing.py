"""The drawing of the packages: what each may import, and what it may not touch."""

TF = {"tensorflow", "numpy"}

# package: (packages of ranker it may import, packages it may import beside the standard library)
PACKAGES: dict[str, tuple[set[str], set[str]]] = {
    "toml": (set(), set()),
    "json_text": (set(), set()),
    "wording": (set(), set()),
    "spec": ({"toml"}, {"annotated_types"}),
    "schema": ({"toml"}, set()),
    "legacy_keras": (set(), set()),
    "start": ({"legacy_keras"}, {"tensorflow"}),
    "datasets": (
        {"files", "json_text", "schema", "spec", "toml", "wording"},
        {"numpy", "pandas", "pyarrow", "tqdm"},
    ),
    "files": ({"json_text"}, {"numpy"}),
    "numerics": (set(), TF),
    "input": ({"json_text", "files", "schema", "wording"}, TF | {"pyarrow"}),
    "model": ({"legacy_keras", "schema", "numerics", "spec"}, TF | {"tensorflow_recommenders"}),
    "objective": ({"schema", "numerics", "spec"}, TF),
    "optim": ({"numerics", "spec"}, TF | {"annotated_types"}),
    "guard": ({"numerics", "spec"}, TF),
    "adapt": ({"numerics", "optim", "guard", "spec"}, TF),
    "keras": ({"legacy_keras", "adapt", "numerics", "optim", "guard", "spec"}, TF),
    "keras3": ({"adapt", "numerics", "optim", "guard", "spec"}, TF | {"keras"}),
    "inject": ({"schema", "numerics", "spec"}, TF),
    "gate": ({"measure", "spec"}, {"numpy"}),
    "measure": ({"schema", "numerics", "spec"}, {"numpy"}),
    "workers": ({"json_text"}, set()),
    "train": (
        {"json_text", "files", "schema", "numerics", "input", "model", "objective", "optim"}
        | {"guard", "inject", "measure", "spec"},
        TF | {"tensorboard", "tqdm"},
    ),
    "serve": (
        {"json_text", "files", "toml", "schema", "wording", "input", "model"},
        TF | {"pyarrow"},
    ),
    "wiring": (
        {"spec", "files", "schema", "numerics", "input", "model", "objective", "optim", "guard"}
        | {"legacy_keras", "inject", "measure", "train", "serve", "workers"},
        TF,
    ),
    "report": ({"files", "json_text", "measure", "spec"}, {"jinja2", "markupsafe"}),
    "job": (
        {"workers", "wiring", "spec", "files", "input", "measure", "report", "serve", "train"},
        set(),
    ),
    "nightly": (
        {"job", "datasets", "files", "gate", "measure", "report", "schema", "serve", "spec"}
        | {"train", "wiring", "json_text"},
        {"numpy", "pyarrow"},
    ),
    "replay": ({"json_text", "wiring", "spec", "guard", "input", "schema", "train"}, TF),
    "compare": (
        {"json_text", "wiring", "spec", "files", "input", "measure", "model", "report", "start"}
        | {"toml", "train"},
        TF | {"pandas", "pyarrow", "ray", "scipy", "jinja2", "markupsafe"},
    ),
    "past": ({"datasets"}, {"pyarrow"}),
    "cli": (
        {"compare", "datasets", "files", "job", "nightly", "past", "replay", "report", "serve"}
        | {"spec", "start"}
        | {"train", "wiring", "workers"},
        {"absl", "tqdm"},
    ),
    "__main__": ({"cli"}, set()),
}
PROGRAMS_OF = {"cli", "__main__"}  # which alone read flags, print, and run when imported as main
WITHOUT_FILES = {
    "toml", "json_text", "wording", "numerics", "model", "objective", "optim", "guard",
    "adapt", "keras", "keras3", "inject", "measure", "gate",
}  # fmt: skip
WITHOUT_KERAS = {"numerics", "optim", "guard"}
