"""The model as it is served: a SavedModel that needs nothing of ours, and its use."""

from ranker.serve.check import ExportError
from ranker.serve.manifest import DamagedExportError
from ranker.serve.origin import check_origin, data_of
from ranker.serve.predict import predict
from ranker.serve.saved_model import export
from ranker.serve.versions import newest_version

__all__ = [
    "DamagedExportError",
    "ExportError",
    "check_origin",
    "data_of",
    "export",
    "newest_version",
    "predict",
]
