"""How long and how often a download is tried: every bound of `fota.transfer.download`, with its unit.

A program may change them for its device. What one go of a download may take is in `fota.transfer.bounds`.
"""


class Limits:
    """How long and how often a download is tried."""

    def __init__(self, **changed: int) -> None:
        """Other values for some of them. *Raises* ValueError for a name that is none."""
        self.total_ms: "int" = 3_600_000
        """A download that takes longer is given up,"""
        self.slowest_bytes_per_s: "int" = 2_048
        """and one of many bytes has the time in addition that a link of this speed needs for them."""
        self.silence_ms: "int" = 30_000
        """A try ends when the server says nothing for this long."""
        self.patience_ms: "int" = 1_800_000
        """A download that has brought nothing new for this long, and in `fruitless_tries` tries, ends: a modem that
        dials again or a server that is busy takes minutes, in which any number of tries may fail."""
        self.distrust_ms: "int" = 600_000
        """For this long a certificate that is not accepted may be that of a captive portal, or the clock not set."""
        self.fruitless_tries: "int" = 5
        self.fruitful_bytes: "int" = 1024
        """A try is fruitful if it brings at least this many bytes more than any before (or reaches the end)."""
        self.first_delay_ms: "int" = 500
        self.most_delay_ms: "int" = 60_000
        self.most_asked_ms: "int" = 600_000
        """A busy server (429, 503) that asks for a wait by Retry-After gets it, up to this long. The random delay
        comes on top, so that a fleet does not come back at one moment."""
        self.times_size: "int" = 4
        """All bytes received for one image, over all tries and resets, are at most this many times its size,"""
        self.spare_bytes: "int" = 1 << 20
        """and this many more."""
        self.renewals: "int" = 3
        """This many fresh URLs in a row that bring nothing new end the download, once its patience is over too."""
        for name, value in changed.items():
            if not hasattr(self, name):
                raise ValueError(f"{name}: expected the name of a limit")
            setattr(self, name, value)

    def in_all_ms(self, size_bytes: int) -> int:
        """How long a download of that size may take, over all tries and resets."""
        return self.total_ms + size_bytes * 1_000 // self.slowest_bytes_per_s
