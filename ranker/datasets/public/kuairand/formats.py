"""The files of KuaiRand, and what each column of them becomes."""

from typing import NamedTuple

from ranker.datasets.read.text import Format

# By task, the column of its label.
BINARY = {
    "click": "is_click",
    "long_view": "long_view",
    "like": "is_like",
    "follow": "is_follow",
    "comment": "is_comment",
    "forward": "is_forward",
    "profile_enter": "is_profile_enter",
    "hate": "is_hate",
}
PLAY = "play_seconds"
LABELS = {
    **{task: f"{column} of the log" for task, column in BINARY.items()},
    PLAY: "play_time_ms of the log, in seconds",
}

_LOG = (
    *("user_id", "video_id", "date", "hourmin", "time_ms", "is_click", "is_like", "is_follow"),
    *("is_comment", "is_forward", "is_hate", "long_view", "play_time_ms", "duration_ms"),
    *("profile_stay_time", "comment_stay_time", "is_profile_enter", "is_rand", "tab"),
)
LOG = Format(_LOG, ",", header=_LOG)

_LOGS = {
    "pure": ("4_08_to_4_21_pure", "4_22_to_5_08_pure"),
    "1k": ("4_08_to_4_21_1k", "4_22_to_5_08_1k"),
    "27k": tuple(
        f"{days}_27k_part{part}" for days in ("4_08_to_4_21", "4_22_to_5_08") for part in (1, 2)
    ),
}


class Side(NamedTuple):
    """The table of users or of videos.

    Attributes:
      key: the column of its ids.
      columns: by column of the file, what it becomes: "key"; "word", a categorical text;
        "code", a categorical whole number, -1 where there is none; "count", a number >= 0
        whose logarithm counts; "tags", a list of whole numbers; or "unused".
    """

    key: str
    columns: dict[str, str]

    @property
    def form(self) -> Format:
        """How its file delimits its values."""
        names = tuple(self.columns)
        return Format(names, ",", header=names)


USERS = Side(
    "user_id",
    {
        "user_id": "key",
        "user_active_degree": "word",
        "is_lowactive_period": "code",
        "is_live_streamer": "code",
        "is_video_author": "code",
        "follow_user_num": "count",
        "follow_user_num_range": "word",
        "fans_user_num": "count",
        "fans_user_num_range": "word",
        "friend_user_num": "count",
        "friend_user_num_range": "word",
        "register_days": "count",
        "register_days_range": "word",
        **{f"onehot_feat{i}": "code" for i in range(18)},
    },
)
# Left out: visible_status, which is of the day the data were gathered, after the log; and
# video_duration, which misses where the log's own duration_ms does not.
VIDEOS = Side(
    "video_id",
    {
        "video_id": "key",
        "author_id": "code",
        "video_type": "word",
        "upload_dt": "word",
        "upload_type": "word",
        "visible_status": "unused",
        "video_duration": "unused",
        "server_width": "count",
        "server_height": "count",
        "music_id": "code",
        "music_type": "code",
        "tag": "tags",
    },
)


def official_logs(size: str) -> tuple[str, ...]:
    """Returns the names of the standard logs of "pure", "1k" or "27k", in order of time."""
    return tuple(f"log_standard_{part}.csv" for part in _LOGS[size])
