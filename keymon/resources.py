"""The only module that knows where keymon's own files are: icons now, translations later."""

from pathlib import Path


def resource(name: str) -> Path:
    """Return the path of a file in `resources/`: beside the package in a checkout, inside it when installed."""
    package = Path(__file__).parent
    installed = package / "resources" / name
    return installed if installed.exists() else package.parent / "resources" / name
