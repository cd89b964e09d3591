"""What a run is: frozen dataclasses, and reading, overriding and checking them."""
