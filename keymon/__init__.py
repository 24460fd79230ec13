"""keymon: a desktop monitor for the API keys of a gemini-balance gateway."""

__version__ = "0.1.0"
DESKTOP_ID = "org.keymon.keymon"
"""What desktops know keymon by: the name of its entry and of its icons."""
