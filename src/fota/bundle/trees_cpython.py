"""The tree of a slot: the files of its bundle, unpacked beside it. What runs is what was proven, file by file.

slot-N.tree/        app/ and lib/, with byte code; folders 0555, files 0444 or 0555 where the file system keeps modes
slot-N.files        the entry, what the image needs to run, and all files of the tree: size, SHA-256 and mode of each
slot-N.tree-0, -1   the SHA-256 of slot-N.files, and the SHA-256 of the image that the tree was made of

The last one is saved when all else is on disk. Without it there is no tree: what lies there is removed, and made
again from the image, which stays. So a power cut while a tree is made, or replaced, costs that work and no more.
"""

import hashlib
import json
import os

from fota._storage_cpython import FileCell, SlotReader, write_whole_file
from fota._storage_errors_cpython import is_no_file, storage_error
from fota.bundle import byte_code_cpython as byte_code
from fota.bundle import contents_cpython as contents
from fota.bundle import folders_cpython as folders
from fota.bundle.archive_cpython import Bundle
from fota.bundle.contents_cpython import Contents, Member
from fota.durable import CELL_BYTES, DurableValue
from fota.errors import NoSpace, StorageFailed
from fota.log import log
from fota.machine import misfit
from fota.trust.errors import WrongFormat, WrongRuntime

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from fota.digests import Digests

MAGIC = b"TREE"
VALUE_BYTES = 64
"""The size of the value that names the list and the image."""
_FORMAT = 1
_DIGEST_BYTES = 32
_MAX_FILES_BYTES = 32 << 20
_FOLDER_MODE = 0o555
_READ = 0o444


class Tree:
    """The tree of one slot."""

    def __init__(self, home: str, slot: int) -> None:
        self.path: str = f"{home}/slot-{slot}.tree"
        self.image_path: str = f"{home}/slot-{slot}.img"
        self._home = home
        self._slot = slot
        self._files_path = f"{home}/slot-{slot}.files"
        self._value = DurableValue(
            MAGIC, FileCell(self.path + "-0", CELL_BYTES), FileCell(self.path + "-1", CELL_BYTES)
        )

    def is_of(self, image: "Digests") -> bool:
        """Whether a tree was made, whole, of that image; `is_whole` looks at it. *Raises* StorageFailed."""
        value = self._value.load() or b""
        return len(value) == 2 * _DIGEST_BYTES and value[_DIGEST_BYTES:] == image.sha256

    def is_whole(self, *, from_disk: bool = False) -> "bool | None":
        """Whether every file of the tree, read now, is as it was made, and nothing else is there.

        None, which is false too, if that cannot be read now. `from_disk`: not what a cache says.
        """
        try:
            files = self.files()
            return files is not None and self._holds(files, from_disk=from_disk)
        except StorageFailed:
            return None
        except OSError as error:
            return False if is_no_file(error) else None

    def entry(self) -> str:
        """What of the tree is started, once it was found whole; empty if there is none. *Raises* StorageFailed."""
        return str((self._listed() or {}).get("entry", ""))

    def files(self) -> "dict[str, tuple[int, str, int]] | None":
        """Size, SHA-256 and mode of each file, as it was made; None without a whole list. *Raises* StorageFailed."""
        listed = self._listed()
        return (
            None if listed is None else {path: (size, sha256, mode) for path, size, sha256, mode in listed["files"]}
        )

    def needs(self) -> "tuple[str | None, int]":
        """The runtime and the protocol that the image needs to run; None and 0 if no tree says it.

        *Raises* StorageFailed.
        """
        listed = self._listed() or {}
        return listed.get("runtime"), listed.get("boot", 0)

    def forget(self) -> None:
        """Remove the tree: it belongs to an image that is given up. *Raises* StorageFailed."""
        if self._value.load():
            # Cut after this: there is no tree, whatever lies there.
            self._value.save_in_both(b"")
        try:
            folders.remove(self.path)
            folders.remove(self._files_path)
        except OSError as error:
            raise storage_error(self.path, error)

    def is_bundle(self) -> bool:
        """Whether the slot holds a bundle, by its first bytes. *Raises* StorageFailed."""
        return _is_bundle(self.image_path)

    def make(
        self, image: "Digests", problem_with: "Callable[[str | None, int], str]", keep: "Callable[[], object]"
    ) -> None:
        """Unpack the bundle in the slot, which was proven to be that image, unless its tree is there and whole.

        `problem_with` says what keeps an image for a runtime and a protocol from starting here. `keep` is called
        before anything is made. *Raises* WrongFormat, WrongRuntime, NoSpace, StorageFailed; then there is no tree.
        """
        if not self.is_bundle() or (self.is_of(image) and self.is_whole()):
            return
        keep()
        reader = SlotReader(self.image_path)
        try:
            bundle = Bundle(reader)
            problem = problem_with(bundle.contents.runtime, bundle.contents.boot)
            if problem:
                raise WrongRuntime(problem)
            self.forget()
            self._make(bundle, image)
        except ValueError as error:
            self.forget()
            raise WrongFormat(f"slot {self._slot}: {error}", cause=error)
        except OSError as error:
            self.forget()
            raise storage_error(self.path, error)
        except StorageFailed:
            self.forget()
            raise
        finally:
            reader.close()

    def _make(self, bundle: Bundle, image: "Digests") -> None:
        found = bundle.contents
        _require_free(self._home, found.tree_bytes)
        maker = _Maker(self.path, found)
        with byte_code.Compiler() as compiler:
            bundle.members(lambda member, chunks: maker.put(member, chunks, compiler))
        folders.flush([*maker.close(), self._home])
        if not self._holds(maker.files, from_disk=True):
            raise StorageFailed(f"{self.path}: reads back otherwise than it was written")
        text = json.dumps(
            {
                "format": _FORMAT,
                "entry": found.entry,
                "runtime": found.runtime,
                "boot": found.boot,
                "files": [[path, *one] for path, one in maker.files.items()],
            },
            separators=(",", ":"),
        ).encode()
        # Cut after this: a list that nothing names.
        write_whole_file(self._files_path, text)
        # Cut after this: the tree is there, and starts once its slot is sealed.
        self._value.save_in_both(hashlib.sha256(text).digest() + (image.sha256 or b""))
        log("unpacked", slot=self._slot, files=len(maker.files), tree_bytes=found.tree_bytes)

    def _listed(self) -> "dict[str, Any] | None":
        """What slot-N.files says, if it is the one that was saved last. *Raises* StorageFailed."""
        value = self._value.load() or b""
        try:
            text = folders.read(self._files_path, _MAX_FILES_BYTES)
        except OSError as error:
            if is_no_file(error):
                return None
            raise storage_error(self._files_path, error)
        if hashlib.sha256(text).digest() != value[:_DIGEST_BYTES]:
            return None
        listed = json.loads(text)
        return listed if listed["format"] == _FORMAT else None

    def _holds(self, files: "dict[str, tuple[int, str, int]]", *, from_disk: bool) -> bool:
        """Whether these files are in the tree, as they are listed, and nothing else. *Raises* OSError."""
        inside: "dict[str, set[str]]" = {"": set()}
        for path in files:
            above = ""
            for folder in [*contents.folders_of(path), path]:
                inside.setdefault(above, set()).add(folder.rpartition("/")[2])
                above = folder
        for folder, names in inside.items():
            where = f"{self.path}/{folder}".rstrip("/")
            if not folders.is_folder(where) or set(os.listdir(where)) != names:
                return False
        return all(folders.measured(f"{self.path}/{path}", from_disk=from_disk) == one for path, one in files.items())


class _Maker:
    """Makes the files and folders of a tree."""

    def __init__(self, path: str, found: Contents) -> None:
        """*Raises* OSError, as the other methods do."""
        self.files: "dict[str, tuple[int, str, int]]" = {}
        """Size, SHA-256 and mode of each file that was made, by its path in the tree."""
        self._path = path
        self._found = found
        self._folders = [path]
        os.mkdir(path, 0o700)

    def put(self, member: Member, chunks: "Iterator[bytes]", compiler: byte_code.Compiler) -> None:
        """Make one file, and its byte code."""
        is_source = member.path.endswith(".py") and member.size_bytes <= byte_code.MAX_SOURCE_BYTES
        source = b"".join(chunks) if is_source else b""
        mode = self._write(member.path, member.mode, iter((source,)) if is_source else chunks)
        self.files[member.path] = member.size_bytes, member.sha256, mode
        made = compiler.byte_code(f"{self._path}/{member.path}", source) if is_source else b""
        if made:
            place = byte_code.place_of(member.path)
            mode = self._write(place, _READ, iter((made,)))
            self.files[place] = len(made), hashlib.sha256(made).hexdigest(), mode

    def close(self) -> "list[str]":
        """Close the folders for writing; returns the paths of all that was made, what is in a folder before it."""
        inner_first = sorted(self._folders, reverse=True)
        for folder in inner_first:
            folders.set_mode(folder, _FOLDER_MODE)
        return [f"{self._path}/{path}" for path in self.files] + inner_first

    def _write(self, path: str, mode: int, chunks: "Iterator[bytes]") -> int:
        # Checked again, here where the file is made: whatever the list says, nothing is made outside of the tree.
        for folder in contents.folders_of(path):
            whole = f"{self._path}/{folder}"
            if whole not in self._folders:
                os.mkdir(whole, 0o700)
                self._folders.append(whole)
        return folders.write(f"{self._path}/{path}", chunks, mode & 0o555)


def forget_tree(home: str, slot: int) -> None:
    """The image of a slot is given up, and its tree with it. *Raises* StorageFailed."""
    Tree(home, slot).forget()


def make_tree(home: str, slot: int, image: "Digests", keep: "Callable[[], object]") -> None:
    """Make the tree of a slot whose image was proven, if it is a bundle; see `Tree.make`."""
    Tree(home, slot).make(image, misfit, keep)


def require_room(home: str, slot: int, size_bytes: int, tree_bytes: int) -> None:
    """*Raises* NoSpace unless an image and its tree have room, given what the slot holds now; StorageFailed."""
    given_up = sum(folders.taken_bytes(f"{home}/slot-{slot}.{kind}") for kind in ("img", "tree", "files"))
    _require_free(home, size_bytes + tree_bytes, given_up)


def _require_free(home: str, wanted_bytes: int, given_up_bytes: int = 0) -> None:
    try:
        free_bytes = folders.free_bytes(home)
    except OSError as error:
        raise storage_error(home, error)
    if free_bytes is not None and free_bytes + given_up_bytes < wanted_bytes:
        has = f"{free_bytes + given_up_bytes} are free, or the slot gives them up"
        raise NoSpace(f"{home}: {wanted_bytes} bytes are needed for the image and its tree, {has}")


def _is_bundle(path: str) -> bool:
    first = memoryview(bytearray(contents.FIRST_BYTES))
    reader = SlotReader(path)
    try:
        return contents.is_bundle(bytes(first[: reader.readinto(first)]))
    finally:
        reader.close()
