"""What a run is, declared once: parts, their registry, TOML in and out. No TensorFlow."""
