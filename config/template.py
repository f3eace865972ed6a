"""The commented settings file that `doorstep init` writes."""

from importlib.resources import files


def template() -> str:
    """The text of template.toml; it loads as it stands."""
    return files("config").joinpath("template.toml").read_text(encoding="utf-8")
