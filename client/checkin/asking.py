"""An instrument asked in a terminal, question by question."""

import typer

from client.checkin.answers import Answers, choices, parse_answer
from client.checkin.instrument import Instrument


def ask(instrument: Instrument) -> Answers:
    """The answers typed on stdin; all else is on stderr. Enter skips a question.

    Raises typer.Abort at Ctrl-C and at the end of the input.
    """
    typer.echo(f"{instrument.instruction}\n({instrument.copyright})", err=True)
    scale = instrument.scale
    # the forms have the highest first
    for value, label in sorted(zip(scale.values, scale.labels, strict=False), reverse=True):
        typer.echo(f"  {value:g}  {label}", err=True)
    typer.echo("Enter skips a question, Ctrl-C stops.", err=True)
    answers: dict[str, float | None] = {}
    try:
        for item in instrument.items:
            ends = f" ({scale.minimum:g} {item.ends[0]} .. {scale.maximum:g} {item.ends[1]})" if item.ends else ""
            while item.id not in answers:
                text = typer.prompt(f"{item.text}{ends}", default="", show_default=False, prompt_suffix=" ", err=True)
                try:
                    answers[item.id] = parse_answer(text, instrument)
                except ValueError:
                    typer.echo(f"Please answer {choices(instrument)}.", err=True)
    except typer.Abort:
        typer.echo("\nNothing was stored.", err=True)
        raise
    return answers
