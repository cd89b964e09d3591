"""A batch trainer for multitask ranking models that does not blow up at night.

Importing this loads nothing and changes nothing: its packages are imported by name. Those that
need Keras 2 (`ranker.model`, `ranker.wiring`, `ranker.keras`, and what imports them) choose it for
`tf.keras` in this process.
"""

__version__ = "0.1.0"
