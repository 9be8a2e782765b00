"""Raw flash in memory, erased by sectors, that loses power where a test says so.

It is published for porters: code that keeps state on raw flash can be tested on this before it meets a chip. It runs
on both interpreters. It is stricter than a chip: programming bytes that are not erased is FlashMisuse, where a chip
would give a mixture.

    flash = FlashModel(2)
    flash.cut_at(3, "half")       # the third operation from here is torn, and PowerCut is raised
    ...
    flash.restore()               # the power is back: what was torn is what is found
"""

from fota_testing.flash.cells import PowerCut

SECTOR_BYTES = 4096
ERASED = 0xFF

TORN_SHAPES = ("nothing", "half", "all-but-one", "weak", "all")
"""How much of an operation is done when the power fails: nothing, the first half, all but the last byte, all but
every seventh byte (a program or erase that did not work everywhere), or all of it."""


class FlashMisuse(AssertionError):
    """The program did something that destroys data on a chip: it has a defect."""


class FlashModel:
    """Sectors of bytes. `operations` counts programs and erases."""

    def __init__(self, sectors: int, sector_bytes: int = SECTOR_BYTES) -> None:
        self.sector_bytes = sector_bytes
        self.size_bytes: int = sectors * sector_bytes
        self.operations: int = 0
        self.erases: list[int] = [0] * sectors
        """How often each sector was erased; this wears it out."""
        self.deaf_at: int | None = None
        """The number of the operation that reports success and does nothing, as worn-out flash does."""
        self._content = bytearray(bytes([ERASED]) * self.size_bytes)
        self._cut_at: int | None = None
        self._shape = "nothing"
        self._is_off = False

    def cut_at(self, operations: int, shape: str = "nothing") -> None:
        """Make the power fail in a later operation; 1 is the next one."""
        if shape not in TORN_SHAPES or operations < 1:
            raise ValueError(f"cut_at: expected 1 or more and one of {TORN_SHAPES}, got {operations}, {shape!r}")
        self._cut_at, self._shape = self.operations + operations, shape

    def restore(self) -> None:
        """Switch the power on again."""
        self._is_off, self._cut_at = False, None

    def read(self, offset: int, size_bytes: int) -> bytes:
        """The bytes of the flash."""
        self._require(offset, size_bytes)
        return bytes(self._content[offset : offset + size_bytes])

    def program(self, offset: int, content: bytes) -> None:
        """Write bytes that are erased. *Raises* FlashMisuse for others, PowerCut."""
        self._require(offset, len(content))
        for place in range(len(content)):
            if self._content[offset + place] != ERASED:
                raise FlashMisuse(f"program: byte {offset + place} is not erased")
        self._carry_out(offset, content)

    def erase(self, sector: int) -> None:
        """Make all bytes of a sector 0xFF. *Raises* PowerCut."""
        self._require(sector * self.sector_bytes, self.sector_bytes)
        self.erases[sector] += 1
        self._carry_out(sector * self.sector_bytes, bytes([ERASED]) * self.sector_bytes)

    def _carry_out(self, offset: int, content: bytes) -> None:
        self.operations += 1
        is_cut = self.operations == self._cut_at
        if self.operations != self.deaf_at:
            for place in range(len(content)):
                if not is_cut or _takes(self._shape, place, len(content)):
                    self._content[offset + place] = content[place]
        if is_cut:
            self._is_off = True
            raise PowerCut(f"operation {self.operations}: {self._shape}")

    def _require(self, offset: int, size_bytes: int) -> None:
        if self._is_off:
            raise PowerCut("the power is gone")
        if offset < 0 or size_bytes < 0 or offset + size_bytes > self.size_bytes:
            raise FlashMisuse(f"bytes {offset} to {offset + size_bytes}: the flash has {self.size_bytes}")


def _takes(shape: str, place: int, size_bytes: int) -> bool:
    """Whether a byte of an operation is done before the power is gone."""
    return {
        "nothing": False,
        "half": place < size_bytes // 2,
        "all-but-one": place < size_bytes - 1,
        "weak": place % 7 != 0,
        "all": True,
    }[shape]
