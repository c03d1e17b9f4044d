"""``sweeper ui``."""

from __future__ import annotations

import click

from sweeper.cli import options


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Where it listens.  [default: 5000, else a free one]")
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="An address of this machine that no other reaches."
)
@options.tracking_uri
def command(port: int | None, host: str, tracking_uri: str | None) -> None:
    """Open MLflow's own pages on the store, for this machine alone, until Ctrl-C. Of a tracking server: say where."""
    from sweeper.housekeeping.ui import pages, refuse_open
    from sweeper.store.locate import is_database, locate, shown_uri

    uri = locate(tracking_uri)
    if not is_database(uri):
        click.echo(f"the store has a server, with its own pages: {shown_uri(uri)}")
        return
    refuse_open(host)
    click.echo(f"starting MLflow's pages on {shown_uri(uri)}", err=True)
    with pages(uri, host, port) as served:
        click.echo(f"{served.address}  (Ctrl-C ends it)")
        served.wait()
