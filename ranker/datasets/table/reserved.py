"""Columns of prepared rows that are made beside the features, and so are no feature's name."""

NO_USER, NO_ITEM = "user_id", "item_id"  # the features, 0 throughout, where the spec names none
WEIGHT, REQUEST = "sample_weight", "request"
RESERVED = ("timestamp", WEIGHT, REQUEST)
KEY, WHERE, VALUE, LAST = "~key:", "~where:", "~value:", "~last:"  # columns that are not written
