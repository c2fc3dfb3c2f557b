"""MuseAroo: a music server that turns a riff into a band and keeps the players together."""

__version__ = "0.1.0"
