"""The four players, their common contract, and the loading of plug-in players."""
