"""What `TF_CONFIG` names: the workers, their ranks, and what is refused."""

import json

import pytest

from ranker.workers import ClusterError, read_cluster


def config(cluster, kind="worker", index=0):
    return {"TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}})}


def test_a_chief_comes_first_and_the_workers_follow_in_their_order():
    cluster = {"worker": ["b:2", "c:3"], "chief": ["a:1"]}
    assert read_cluster(config(cluster, "worker", 1)).rank == 2
    found = read_cluster(config(cluster, "chief", "0"))
    assert (found.addresses, found.rank, found.is_chief) == (("a:1", "b:2", "c:3"), 0, True)
    assert found.host_and_port(2) == ("c", 3)
    assert (
        read_cluster(config({"worker": ["[::1]:5", "b:6"]}, index=0)).host_and_port(0)[0] == "::1"
    )


def test_the_parts_of_a_batch_are_all_of_it_once():
    parts = [read_cluster(config({"worker": ["a:1", "b:1", "c:1"]}, index=i)) for i in range(3)]
    rows = [row for each in parts for row in range(12)[each.part(12)]]
    assert rows == list(range(12))


@pytest.mark.parametrize("text", ["", " ", "{}", '{"cluster": {}}', '{"environment": "cloud"}'])
def test_without_a_cluster_a_process_is_alone(text):
    assert read_cluster({"TF_CONFIG": text}) is None
    assert read_cluster({}) is None
    assert read_cluster(config({"worker": ["a:1"]})) is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"TF_CONFIG": "{"}, "no JSON of a cluster"),
        ({"TF_CONFIG": "[1]"}, "no JSON of a cluster"),
        (config({"worker": ["a:1", "b:1"], "ps": ["c:1"]}), "tasks of kind ps"),
        (config({"worker": ["a:1", "b:1"]}, "worker", 2), "to be worker 2, .* worker 0 to 1"),
        (config({"worker": ["a:1", "b:1"]}, "worker", None), "to be worker None"),
        (config({"worker": ["a:1", "b:1"]}, "chief", 0), "to be chief 0"),
        (config({"worker": ["a:1", "a:1"]}), "stands twice"),
        (config({"worker": ["a:1", "b"]}), "'b' is no address"),
        (config({"worker": ["a:1", "b:99999"]}), "'b:99999' is no address"),
        (config({"chief": ["a:1", "b:1"]}, "chief"), "2 chiefs"),
    ],
)
def test_what_names_no_cluster_is_refused_in_a_sentence(given, said):
    with pytest.raises(ClusterError, match=said) as caught:
        read_cluster(given)
    assert "\n" not in str(caught.value)
