"""The one exception tree. Each message says what is wrong, where, and what to do."""


class SottovoceError(Exception):
    """Something that a person can mend. Command lines print the message alone, never a traceback."""

    exit_code = 1


class BadInput(SottovoceError):
    """A file, a setting or an argument that cannot be used as given."""

    exit_code = 2


class Refused(SottovoceError):
    """Consent, budget or a privacy rule forbids it: nothing was trained and nothing left."""

    exit_code = 3
