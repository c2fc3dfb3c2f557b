"""The shared session: its state, the reducer that events drive, and the rules that make events."""
