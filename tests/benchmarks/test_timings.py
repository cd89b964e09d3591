"""Numbers of rounds are kept as they are, and those of a second program beside them."""

from without_flags import load

timings = load("timings")


def test_a_line_a_round_is_added_below_what_is_there(tmp_path):
    path = tmp_path / "speed.csv"
    timings.add(path, "batch 8", {"ours, with Clippy": [0.5, 0.25], "theirs": [1.0]}, "seconds")
    timings.add(path, "batch 16", {"theirs": [2.0]}, "seconds")
    assert path.read_text() == (
        "part,name,round,figure,value\n"
        'batch 8,"ours, with Clippy",0,seconds,0.5\n'
        'batch 8,"ours, with Clippy",1,seconds,0.25\n'
        "batch 8,theirs,0,seconds,1\n"
        "batch 16,theirs,0,seconds,2\n"
    )
