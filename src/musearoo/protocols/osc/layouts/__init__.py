"""Controller layouts, made from the address table of whatever engines are installed."""
