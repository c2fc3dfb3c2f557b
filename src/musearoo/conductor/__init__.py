"""The application: authorise, admit, run, record and publish every command."""
