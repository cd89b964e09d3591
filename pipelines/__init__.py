"""Programs: they read flags, call `ranker`, and turn errors into exit codes."""
