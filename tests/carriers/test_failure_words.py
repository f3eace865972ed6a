"""The words of failures that bring no code."""

from carriers.failure_words import WORDS, kind_in
from domain.errors import AccessDenied


def test_no_word_hides_behind_one_that_it_holds() -> None:
    """A longer word after a shorter one would never be asked."""
    words = [word for word, _ in WORDS]
    assert len(words) == len(set(words))
    for place, word in enumerate(words):
        assert not any(earlier in word for earlier in words[:place]), word


def test_a_message_without_a_known_word_stands_for_nothing() -> None:
    """Unknown is a value: the caller says that the reply can't be read."""
    assert kind_in("Z-19") is None
    assert kind_in("") is None
    assert kind_in("账号余额不足") is AccessDenied
