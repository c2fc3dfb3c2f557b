"""The OSC door: controllers and programs over UDP and TCP (contract §4)."""
