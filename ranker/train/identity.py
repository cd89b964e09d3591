"""What a run is: its settings and its data. Checkpoints, results and exports say it."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from ranker.input.digests import changed

_BUT_LENGTH = "config_but_length_sha256"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Identity:
    """A run's settings and data, by their digests. Two runs with the same are the same.

    Attributes:
      settings: SHA-256 of all settings.
      but_length: SHA-256 of all but how long it trains: a run that is prolonged is the same run.
      data: SHA-256 by file, as `ranker.input.digests` gives them.
      splits: whose files are in `data`, and are compared.
    """

    settings: str
    but_length: str
    data: Mapping[str, str]
    splits: Sequence[str]

    def as_json(self) -> dict[str, Any]:
        """Returns what is written down of it."""
        return {
            "config_sha256": self.settings,
            _BUT_LENGTH: self.but_length,
            "data": dict(self.data),
        }

    def difference(self, written: object) -> str:
        """Returns in what the run that `written` is of is not this one; "" if in nothing.

        Args:
          written: what `as_json` gave, as it was read back; anything if it is damaged.
        """
        if not isinstance(written, dict) or not isinstance(written.get("data"), dict):
            return "it does not say of which run it is, as files of earlier versions do not"
        if differing := changed(written["data"], self.data, splits=self.splits):
            return f"it is of other data: {', '.join(differing)}"
        is_same = written.get("config_sha256") == self.settings  # version 0.1.0 says no more
        if not is_same and written.get(_BUT_LENGTH) != self.but_length:
            hashes = f"sha256 {written.get('config_sha256')!s:.12}, not {self.settings:.12}"
            return f"it is of other settings: {hashes}, that of config.toml"
        return ""
