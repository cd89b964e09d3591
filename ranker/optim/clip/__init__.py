"""What clippers do, a file a kind; `ranker.spec.clip` and `clip_by_history` declare them."""
