"""The application: authorise, admit, run, record, publish. Every door ends here."""
