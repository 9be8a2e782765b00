"""Seeded bugs in the trees that bundles are unpacked into."""

from __future__ import annotations

from sweeps.seeding.bugs import Bug, at, bug
from sweeps.seeding.verbs import drop, drop_operand, replace, returns, swap

BUNDLES: tuple[Bug, ...] = (
    bug(
        "tree-not-flushed",
        "A tree counts before any of its files and folders is flushed.",
        at("trees:Tree._make", drop("folders.flush(_)")),
    ),
    bug(
        "tree-files-not-flushed",
        "A tree counts when its folders are flushed: the files may be empty.",
        at("trees:_Maker.close", replace("_ + inner_first", "inner_first")),
    ),
    bug(
        "tree-folders-not-flushed",
        "A tree counts when its files are flushed: their names may be lost.",
        at("trees:_Maker.close", replace("_1 + inner_first", "_1")),
    ),
    bug(
        "tree-of-the-former-image-stays",
        "An image goes into a slot, and the tree of the image before it stays beside it.",
        at("files:FileSlots._opened", drop("forget_tree(...)")),
    ),
    bug(
        "tree-of-any-image-counts",
        "The tree of the image before stays, and starts in place of the image that took its slot.",
        at("files:FileSlots._opened", drop("forget_tree(...)")),
        at("trees:Tree.is_of", drop_operand("_ == image.sha256")),
    ),
    bug(
        "tree-removed-while-it-counts",
        "A tree is removed file by file, while a value still names it as whole.",
        at("trees:Tree.forget", drop("if self._value.load(): ...")),
    ),
    bug(
        "half-a-tree-taken-for-whole",
        "A tree that is there is not made again, though a power cut may have ended its unpacking.",
        at("files:FileSlots._opened", drop("forget_tree(...)")),
        at("trees:Tree.make", replace("self.is_of(image) and self.is_whole()", "os.path.lexists(self.path)")),
    ),
    bug(
        "sealed-before-unpacked",
        "The slot of a bundle is sealed before its tree is made, and a sealed slot is never unpacked.",
        at("install:Installer.prove", swap("self._slots.unpack(...)", "self._slots.seal(...)")),
        at("install:Installer.holds", drop("if is_proven: ...")),
    ),
    bug(
        "tree-not-compared-at-boot",
        "A bundle starts because its tree was whole when it was made.",
        at("start_images:proves_itself", replace("_.is_whole()", "True")),
    ),
    bug(
        "tree-compared-by-names",
        "The tree of a bundle starts when each of its files is there, whatever they hold.",
        at("trees:Tree._holds", returns("True", instead_of="all(_)")),
    ),
    bug(
        "more-files-than-listed",
        "A file that somebody put into the tree of a bundle is not noticed.",
        at("trees:Tree._holds", replace("set(_1) != _2", "not set(_1) >= _2")),
    ),
    bug(
        "lost-trees-start-nothing",
        "A device whose trees are all lost starts nothing, though the images are there.",
        at("start_images:_unpack", returns("False", instead_of="bool(_)")),
    ),
)
