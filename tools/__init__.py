"""What the maintainers run: lints, drift, tests, locks."""
