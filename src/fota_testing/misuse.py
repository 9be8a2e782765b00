"""The error that the fakes raise for a mistake of the program that uses them. It runs on both interpreters."""


class Misuse(BaseException):
    """The program has a defect: it broke a contract, or did what the real counterpart ignores or misreads.

    It is no Exception: a program that goes on after whatever it meets must not hide it.
    """
