"""What pictures of the documents are drawn on: light and dark, as the pages around them are."""

LIGHT = {"back": "#ffffff", "text": "#24292f", "grid": "#d0d7de"}
DARK = {"back": "#0d1117", "text": "#e6edf3", "grid": "#3d444d"}
