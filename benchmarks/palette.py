"""What pictures of the documents begin with: light and dark, as the pages around them are."""

from collections.abc import Mapping

LIGHT = {"back": "#ffffff", "text": "#24292f", "grid": "#d0d7de"}
DARK = {"back": "#0d1117", "text": "#e6edf3", "grid": "#3d444d"}


def opening(width: int, height: int, title: str, colours: Mapping[str, str]) -> list[str]:
    """Returns the first lines of an SVG: its size in pixels, its title and its background."""
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="system-ui, sans-serif" font-size="13">',
        f"<title>{title}</title>",
        f'<rect width="{width}" height="{height}" rx="6" fill="{colours["back"]}"/>',
    ]
