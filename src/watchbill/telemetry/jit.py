"""Machine code for the few loops that NumPy cannot say: the one place that knows numba.

A kernel is an ordinary function over arrays with a declared signature:

    @kernel("float64[:]", "int64", "float64[:,:]")
    def scale(values, factor, out):
        for i in range(len(values)):
            out[i, 0] = values[i] * factor
        return len(values)

Until `start` has found or made machine code for it, a call runs the function itself, or `fallback`
where one is given (NumPy code with the same effect, say); where the NumPy way is of another shape,
ask `kernel.compiled` and choose. The effect has to be the same either way, so tests can call both.

What a kernel may do: loop, calculate, call functions marked `@inner` in its own module. It gets
scalars ("int64", "float64") and C-contiguous arrays ("float64[:]", "uint8[:,:]" …), writes its
results into arrays it was given and returns an int. It makes no arrays and raises nothing: bounds
are not checked and a division by zero gives what NumPy gives. Calls release the interpreter lock.

numba costs half a second and 50 MB, so it is imported in a child process alone: a fresh
interpreter that compiles all kernels into one object file in the data folder, named after
everything it depends on (sources, versions, processor), tries it in another fresh interpreter and
ends. This process loads the object with llvmlite, which takes 50 ms and 6 MB, in a thread.
"""

import ctypes
import hashlib
import importlib
import importlib.metadata
import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FunctionType
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from watchbill.lib import lifeline

Function = TypeVar("Function", bound=Callable[..., Any])

log = logging.getLogger(__name__)

COMPILE_SECONDS = 900
"""A compiler that takes longer is ended, and NumPy stays. Ten seconds are usual."""
NICENESS = 5
"""By how much the compiler steps back behind what serves."""

_SCALARS: dict[str, Any] = {"int64": ctypes.c_int64, "float64": ctypes.c_double}

_LIBRARY = (
    "memset", "memcpy", "memmove", "memcmp", "floor", "ceil", "trunc", "rint", "sqrt", "fmod",
    "pow", "exp", "exp2", "log", "log2", "log10",
)  # fmt: skip
"""What LLVM may turn a loop or an operation into."""

KERNELS: dict[str, "Kernel"] = {}
"""All kernels of the modules imported so far, by `module.name`."""

_engines: list[Any] = []
"""Owners of the machine code in use; it must not go away."""


class JitError(Exception):
    """There is no machine code; the message says why."""


class Kernel:
    """A function that may have machine code. Made by `kernel`."""

    def __init__(
        self, function: FunctionType, types: Sequence[str], fallback: Callable[..., int] | None
    ) -> None:
        self.function, self.types = function, tuple(types)
        self.name = f"{function.__module__}.{function.__name__}"
        self._python = fallback or function
        self._machine: Any = None
        self._shapes = [_array(kind) for kind in types]

    @property
    def compiled(self) -> bool:
        """Whether calls run machine code."""
        return self._machine is not None

    def bind(self, address: int | None) -> None:
        """Run the machine code at an address from now on; None goes back to Python."""
        if address is None:
            self._machine = None
            return
        given: list[Any] = []
        for kind, shape in zip(self.types, self._shapes, strict=True):
            if shape is None:
                given.append(_SCALARS[kind])
            else:
                given += [ctypes.c_void_p, *[ctypes.c_int64] * shape[1]]
        self._machine = ctypes.CFUNCTYPE(ctypes.c_int64, *given)(address)

    def __call__(self, *given: Any) -> int:
        """Run it. Raises `TypeError` for arrays that are not as declared."""
        if self._machine is None:
            return int(self._python(*given))
        flat: list[Any] = []
        for value, shape in zip(given, self._shapes, strict=True):
            if shape is None:
                flat.append(value)
                continue
            if (value.dtype, value.ndim) != shape or not value.flags.c_contiguous:
                raise TypeError(f"{self.name} takes {self.types}, not {value.dtype}{value.shape}")
            flat.append(_address(value))
            flat += value.shape
        return int(self._machine(*flat))


def _address(array: NDArray[Any]) -> int:
    """Where an array's memory is, in a quarter of the time that `array.ctypes.data` takes."""
    try:
        return ctypes.addressof(ctypes.c_char.from_buffer(array.data))
    except (TypeError, ValueError):  # read-only, or empty
        return int(array.ctypes.data)


def _untyped(module: str) -> Any:
    """numba and llvmlite, imported where they are needed; their annotations are of no use here."""
    return importlib.import_module(module)


def _array(kind: str) -> tuple[np.dtype[Any], int] | None:
    """Element type and dimensions of "float64[:,:]"; None for a scalar."""
    element, bracket, dimensions = kind.partition("[")
    if not bracket:
        if kind not in _SCALARS:
            raise TypeError(f"a scalar is one of {', '.join(_SCALARS)}, not {kind!r}")
        return None
    return np.dtype(element), dimensions.count(":")


def kernel(
    *types: str, fallback: Callable[..., int] | None = None
) -> Callable[[Callable[..., int]], Kernel]:
    """Declare a kernel by the types of its parameters; see the module's description."""

    def declare(function: Callable[..., int]) -> Kernel:
        assert isinstance(function, FunctionType)
        made = Kernel(function, types, fallback)
        KERNELS[made.name] = made
        return made

    return declare


def inner(function: Function) -> Function:
    """Mark a function that kernels of its module call."""
    function.__dict__["inner"] = True
    return function


# --- in the process that serves


def start(folder: Path, modules: Sequence[str]) -> threading.Thread:
    """Get machine code for the kernels of these modules, in the background.

    `folder` is for the cache and is made when missing. Whatever goes wrong leaves Python and NumPy
    in place and one line in the log.
    """
    thread = threading.Thread(target=prepare, args=(folder, modules), name="jit", daemon=True)
    thread.start()
    return thread


def prepare(folder: Path, modules: Sequence[str]) -> bool:
    """What `start` does, at once. True when the kernels run machine code now."""
    try:
        path = folder / f"{_key(modules)}.o"
        try:
            load(path)
        except JitError:
            _compile_apart(path, modules)
            load(path)
    except (JitError, OSError, ImportError) as error:
        log.warning("no compiled kernels, queries take the slower NumPy ones: %s", error)
        return False
    return True


def in_use() -> bool:
    """Whether every kernel runs machine code."""
    return bool(KERNELS) and all(kernel.compiled for kernel in KERNELS.values())


def _key(modules: Sequence[str]) -> str:
    """A name for the machine code of these modules on this machine."""
    binding = _untyped("llvmlite.binding")

    digest = hashlib.sha256()
    for name in (__name__, *modules):
        source = importlib.import_module(name).__file__
        assert source is not None
        digest.update(Path(source).read_bytes())
    for package in ("numba", "llvmlite"):
        digest.update(importlib.metadata.version(package).encode())
    digest.update(f"{sys.version} {binding.get_host_cpu_name()}".encode())
    digest.update(binding.get_host_cpu_features().flatten().encode())
    return digest.hexdigest()[:24]


def load(path: Path) -> None:
    """Bind the machine code in a file to its kernels. Raises `JitError` when it is not whole."""
    binding = _untyped("llvmlite.binding")

    try:
        first, _, code = path.read_bytes().partition(b"\n")
        header = json.loads(first)
        whole = hashlib.sha256(code).hexdigest() == header["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise JitError(f"{path}: {error}") from error
    if not whole:
        raise JitError(f"{path} is damaged")
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    target = binding.Target.from_default_triple().create_target_machine(jit=True)
    _name_externals(binding, header["externals"])
    engine = binding.create_mcjit_compiler(binding.parse_assembly(""), target)
    engine.add_object_file(binding.ObjectFileRef.from_data(code))
    engine.finalize_object()
    _engines.append(engine)
    for name, symbol in header["symbols"].items():
        KERNELS[name].bind(engine.get_function_address(symbol))


def _name_externals(binding: Any, names: Sequence[str]) -> None:
    """Tell LLVM where what the code calls is; what it does not find it would take for address 0.

    numba's helpers for errors are mentioned but never called, as kernels raise nothing.
    """
    process = ctypes.CDLL(None)
    nowhere = ctypes.cast(process.abort, ctypes.c_void_p).value
    for name in {*names, *_LIBRARY}:
        found = getattr(process, name, None)
        address = nowhere if found is None else ctypes.cast(found, ctypes.c_void_p).value
        binding.add_symbol(name, address)


def _compile_apart(path: Path, modules: Sequence[str]) -> None:
    """Have a fresh interpreter compile; it ends when this process does. Raises `JitError`."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    child = subprocess.Popen(
        [sys.executable, "-m", __name__, "compile", str(path), *modules],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        # The pipe to it stays open as long as we live; `communicate` would close it.
        assert child.stderr is not None
        timer = threading.Timer(COMPILE_SECONDS, child.kill)
        timer.daemon = True
        timer.start()
        said = child.stderr.read()
        status = child.wait()
        timer.cancel()
    finally:
        child.kill()
        child.wait()
    if status != 0:
        lines = said.decode(errors="replace").strip().splitlines() or [""]
        raise JitError(f"the compiler ended with status {status}: {lines[-1][:300]}")


# --- in the child


def main(task: str, path: Path, modules: Sequence[str]) -> None:
    """`compile` kernels into a file, or `try` to load one."""
    for name in modules:
        importlib.import_module(name)
    if task == "try":
        load(path)
        return
    lifeline.hold(0)
    os.nice(NICENESS)
    fresh = path.with_suffix(f".{os.getpid()}")
    try:
        fresh.write_bytes(_object_file(modules))
        # What cannot be loaded may end the process that tries, so let it be another one.
        subprocess.run([sys.executable, "-m", __name__, "try", str(fresh), *modules], check=True)
        for old in path.parent.glob("*.o"):
            if old != path:  # somebody who shares the folder may just have made it
                old.unlink(missing_ok=True)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def _object_file(modules: Sequence[str]) -> bytes:
    """All kernels as one native object, after a line of JSON that says what is in it."""
    numba, binding = _untyped("numba"), _untyped("llvmlite.binding")

    for name in modules:
        scope = vars(importlib.import_module(name))
        for key, value in list(scope.items()):
            if isinstance(value, FunctionType) and value.__dict__.get("inner"):
                scope[key] = numba.njit(error_model="numpy")(value)
    symbols: dict[str, str] = {}
    whole: Any = None
    for made in KERNELS.values():
        entry = _entry(made)
        symbols[made.name] = entry.native_name
        part = binding.parse_assembly(entry.inspect_llvm())
        if whole is None:
            whole = part
        else:
            whole.link_in(part)
    machine = binding.Target.from_default_triple().create_target_machine(
        cpu=binding.get_host_cpu_name(),
        features=binding.get_host_cpu_features().flatten(),
        opt=3,
        jit=True,
    )
    code: bytes = machine.emit_object(whole)
    externals = [
        one.name
        for one in (*whole.functions, *whole.global_variables)
        if one.is_declaration and not one.name.startswith("llvm.")
    ]
    digest = hashlib.sha256(code).hexdigest()
    header = {"sha256": digest, "symbols": symbols, "externals": externals}
    return json.dumps(header).encode() + b"\n" + code


def _entry(made: Kernel) -> Any:
    """The kernel as a C function: every array becomes a pointer and its dimensions."""
    numba = _untyped("numba")

    parameters, arguments, types = [], [], []
    for number, kind in enumerate(made.types):
        shape = _array(kind)
        parameters.append(f"a{number}")
        if shape is None:
            arguments.append(f"a{number}")
            types.append(getattr(numba.types, kind))
            continue
        sizes = [f"a{number}_{axis}" for axis in range(shape[1])]
        parameters += sizes
        arguments.append(f"carray(a{number}, ({', '.join(sizes)},))")
        types.append(numba.types.CPointer(getattr(numba.types, shape[0].name)))
        types += [numba.types.int64] * shape[1]
    scope: dict[str, Any] = {
        "carray": numba.carray,
        "kernel": numba.njit(error_model="numpy")(made.function),
    }
    text = f"def entry({', '.join(parameters)}): return kernel({', '.join(arguments)})"
    exec(text, scope)  # noqa: S102  numba compiles functions, and this one depends on the types
    scope["entry"].__qualname__ = made.name.replace(".", "_")
    signature = numba.types.int64(*types)
    return numba.cfunc(signature, nopython=True, error_model="numpy")(scope["entry"])


if __name__ == "__main__":
    from watchbill.telemetry import jit  # the kernels register with this module, not `__main__`

    jit.main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
