"""Logs: one JSON object a line, or a readable line on a terminal. No secret and no personal text goes in."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from domain.privacy import mask_text

LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
}


def masked(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A last look before anything is written: phones, mail addresses and names that a message carried along."""
    return {name: mask_text(value) if isinstance(value, str) else value for name, value in entry.items()}


def set_up(level: str) -> None:
    """Configure structlog for this process; everything goes to standard error, so that output stays output."""
    on_terminal = sys.stderr.isatty()
    # plain tracebacks: the default ones print local variables, and so keys and personal text
    renderer = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if on_terminal
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([] if on_terminal else [structlog.processors.format_exc_info]),
            masked,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
