"""keymon: a desktop monitor for the API keys of a gemini-balance gateway."""

__version__ = "0.1.0"
