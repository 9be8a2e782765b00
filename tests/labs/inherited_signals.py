"""Undo what `nohup` and background jobs do to signals, for every process that a test starts."""

import signal

_NEVER_OURS = {signal.SIGKILL, signal.SIGSTOP, signal.SIGPIPE, signal.SIGXFSZ}
"""The first two have no other action; Python itself ignores the others, and restores them for its children."""


def _do_nothing(_number: int, _frame: object) -> None:
    """Take the place of an ignored signal; see `pass_on_no_ignored_signal`."""


def pass_on_no_ignored_signal() -> None:
    """Whatever is started from here on gets each signal with its default action, as from a terminal.

    Under `nohup`, or in the background of a script, some signals are ignored, and what is ignored or blocked is
    inherited by every process: then `fota-boot` rightly ignores it too, and tests of signals would fail. A handler is
    not inherited. One that does nothing keeps this process as it was: `nohup` still works.
    """
    for number in signal.valid_signals() - _NEVER_OURS:
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, _do_nothing)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
