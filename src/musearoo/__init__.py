"""MuseAroo: a music server that turns a riff into a band and keeps the players together."""

from importlib.metadata import version

__version__ = version("musearoo")
