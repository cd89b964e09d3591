"""The editions of MovieLens: their archives, formats and checksums."""

import dataclasses

from ranker.datasets.contract import Wheel


@dataclasses.dataclass(frozen=True, kw_only=True)
class Edition:
    """One published edition.

    Attributes:
      name: as on the command line, "movielens-100k".
      archive: the archive's file name at GroupLens.
      md5: of the archive, as GroupLens publishes it; "" for an edition that is
        replaced from time to time.
      num_ratings: of it, as GroupLens states them; 0 for an edition that is replaced.
      layout: "pipe" (u.data, u.item, u.user), "double_colon" (.dat) or "csv".
      encoding: of its text.
      lowest, step: of the rating scale, which ends at 5 stars.
      has_users: whether it has demographics.
      has_tags: whether it has tags.
      met: which of its real files were ever read here, in words; "" for none.
    """

    name: str
    archive: str
    md5: str
    layout: str
    num_ratings: int = 0
    encoding: str = "utf-8"
    lowest: float = 0.5
    step: float = 0.5
    has_users: bool = False
    has_tags: bool = True
    met: str = ""


_WHOLE_STARS = {"lowest": 1.0, "step": 1.0, "has_users": True, "has_tags": False}

_ALL = (
    Edition(
        name="movielens-100k",
        archive="ml-100k.zip",
        md5="0e33842e24a9c977be4e0107933c0723",
        num_ratings=100_000,
        layout="pipe",
        encoding="latin-1",
        met="all of it",
        **_WHOLE_STARS,
    ),
    Edition(
        name="movielens-1m",
        archive="ml-1m.zip",
        md5="c4d9eecfca2ab87c1945afe126590906",
        num_ratings=1_000_209,
        layout="double_colon",
        encoding="latin-1",
        met="all of it",
        **_WHOLE_STARS,
    ),
    Edition(
        name="movielens-10m",
        archive="ml-10m.zip",
        md5="ce571fd55effeba0271552578f2648bd",
        num_ratings=10_000_054,
        layout="double_colon",  # in UTF-8, unlike 1M: its README says so
    ),
    Edition(
        name="movielens-20m",
        archive="ml-20m.zip",
        md5="cd245b17a1ae2cc31bb14903e1204af3",
        num_ratings=20_000_263,
        layout="csv",
    ),
    Edition(
        name="movielens-25m",
        archive="ml-25m.zip",
        md5="6b51fb2759a8657d3bfcbfc42b592ada",
        num_ratings=25_000_095,
        layout="csv",
    ),
    Edition(
        name="movielens-32m",
        archive="ml-32m.zip",
        md5="d472be332d4daa821edc399621853b57",
        num_ratings=32_000_204,
        layout="csv",
    ),
    Edition(
        name="movielens-latest-small",
        archive="ml-latest-small.zip",
        md5="",
        layout="csv",
        met="all of it",
    ),
    Edition(name="movielens-latest", archive="ml-latest.zip", md5="", layout="csv"),
)

EDITIONS = {edition.name: edition for edition in _ALL}

WHEELS = {
    "movielens-100k": Wheel(
        "recbole==1.2.1",
        "recbole-1.2.1-py3-none-any.whl",
        "9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407",
    )
}
