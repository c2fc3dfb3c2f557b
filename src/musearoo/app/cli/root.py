"""The commands by name; each group lives in a module of its own."""

import typer

from musearoo import __version__
from musearoo.app.cli import files, live, midi_clock, osc, projects, server, sessions

app = typer.Typer(
    name="musearoo",
    help="Drop a riff, play with a band that follows it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def _root(*, version: bool = typer.Option(False, "--version", help="Show the version.")) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


app.command("serve")(server.serve)
app.command("analyze")(files.analyze)
app.command("generate")(files.generate)
app.command("band")(files.band)
app.command("export")(projects.export)
app.command("doctor")(server.doctor)
app.command("openapi")(server.openapi)
app.command("asyncapi")(sessions.asyncapi)
app.command("midi-clock")(midi_clock.midi_clock)
app.add_typer(sessions.session, name="session")
app.add_typer(osc.osc, name="osc")
app.add_typer(live.live, name="live")
app.add_typer(server.config, name="config")
app.add_typer(server.database, name="db")
app.add_typer(projects.user, name="user")


def main() -> None:
    """Run the command line."""
    app()
