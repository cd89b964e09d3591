"""Pages that are read in ten seconds: of a run, and what a comparison's page shares with it."""
