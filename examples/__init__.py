"""Parts of one's own, each in a file, used without touching the package; run by tests."""
