"""Builds what a microcontroller gets, for tools/arm-check and tools/size: sources, flags and image in one place.

A product is linked with a small program that uses it (test/build/firmware/), so that --gc-sections leaves what an
application pays for. NetX Duo is not linked: its services are one-instruction stubs that no figure counts.
"""
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

CORES = {"M4": ["-mcpu=cortex-m4", "-mthumb"], "M0+": ["-mcpu=cortex-m0plus", "-mthumb"]}
FLAGS = ["-Os", "-ffunction-sections", "-fdata-sections", "-Wall", "-Wextra", "-Werror"]
CXXFLAGS = ["-std=c++20", "-fno-exceptions", "-fno-rtti"]
CFLAGS = ["-std=c11"]
LDFLAGS = ["--specs=nano.specs", "--specs=nosys.specs", "-nostartfiles", "-Wl,--gc-sections", "-Wl,-e,main"]
TOOL = "arm-none-eabi-"

PROGRAMS = "test/build/firmware"
SMALL = ["-DPOSTRIDER_PIPELINING=0", "-DPOSTRIDER_ENHANCED_STATUS=0", "-DPOSTRIDER_MANY_MAILS=0",
         "-DPOSTRIDER_ALL_EXTENSIONS=0", "-DPOSTRIDER_CHUNKING=0", "-DPOSTRIDER_LMTP=0", "-DPOSTRIDER_PARAMETERS=0",
         "-DPOSTRIDER_TLS=0", "-DPOSTRIDER_ALL_MECHANISMS=0", "-DNX_SMTP_CLIENT_BASIC"]  # include/postrider/config.hpp,
         # nxd_smtp_client.h: without what the original does not have
TLS = ["-DNX_SMTP_CLIENT_TLS", "-DNX_SMTP_CLIENT_TLS_REQUIRED", "-DNX_SMTP_CLIENT_CRAM_MD5"]
PRODUCTS = {"engine": [], "engine-small": SMALL, "netxduo": [], "netxduo-small": SMALL, "netxduo-tls": TLS}
# The rest of the system, which an image of ours is linked without.
OUTSIDE = re.compile(r"_?(nxd?e?|tx|board)_(?!smtp_)\w+$|crypto_method_\w+$")


class Failure(Exception):
    """Says what went wrong and what to do, for the user of a tool."""


def run(*command):
    try:
        done = subprocess.run([str(c) for c in command], stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except FileNotFoundError:
        raise Failure(f"{command[0]} is not installed: tools/install arm") from None
    if done.returncode:
        raise Failure(f"{command[0]} failed:\n{done.stderr or done.stdout}")
    return done.stdout


def netxduo_sources(root):
    """What netxduo/files.cmake gives to a build of its own, as CMake reads it."""
    files = root / "netxduo/files.cmake"
    if not files.is_file():
        return []
    script = root / "build/arm/list.cmake"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(f'include("{files}")\nmessage(STATUS "${{POSTRIDER_NETXDUO_SOURCES}}")\n')
    return [Path(name) for name in run("cmake", "-P", script).strip().removeprefix("--").strip().split(";") if name]


def program(product):
    return product.removesuffix("-small")


def sources(root, product):
    """The product's own sources: the engine is all of src/core, the NetX client what netxduo/files.cmake lists."""
    found = sorted((root / "src/core").glob("*.cpp"))
    if not found:
        raise Failure("src/core: no source found")
    if program(product).startswith("netxduo"):
        client = netxduo_sources(root)
        if not client:
            raise Failure("netxduo/files.cmake: lists no source of the NetX Duo client in POSTRIDER_NETXDUO_SOURCES")
        found += client
    return found


def include_folders(root, product):
    nx = [root / PROGRAMS / "nx", root / "netxduo/include"] if program(product).startswith("netxduo") else []
    return [f"-I{folder}" for folder in [*nx, root / "include", root / "src"]]


def compile_command(root, product, core):
    """What every source of a product is compiled with, without compiler and language."""
    return [*CORES[core], *FLAGS, *PRODUCTS[product], "-fstack-usage", "-fcallgraph-info=su",
            *include_folders(root, product)]


class Object:
    def __init__(self, name, file):
        self.name, self.file = name, file  # the source's path from the root, and the object

    def symbols(self, *options):
        return {line.split()[-1] for line in run(TOOL + "nm", *options, self.file).splitlines()}

    def sections(self):
        """{section: octets} of those that are not empty."""
        found = re.findall(r"^\s+\[ *\d+\] (\S+) +\S+ +[0-9a-f]+ [0-9a-f]+ ([0-9a-f]+)",
                           run(TOOL + "readelf", "-SW", self.file), re.M)
        return {name: int(size, 16) for name, size in found if int(size, 16)}

    def size(self):
        """(text, data, bss) of the object as it is, unused functions and copies of inline ones included."""
        return tuple(int(n) for n in run(TOOL + "size", self.file).splitlines()[1].split()[:3])


class Image:
    """A product, compiled for one core. `objects` are ours, `program` is the application around them; link() first for
    what is asked of the image as a whole."""

    def __init__(self, root, product, core):
        self.root, self.product, self.core = root, product, core
        self.folder = root / "build/arm" / core / product
        self.folder.mkdir(parents=True, exist_ok=True)
        own = sources(root, product)
        programs = sorted((root / PROGRAMS).glob(f"{program(product)}.c*"))
        if len(programs) != 1:
            raise Failure(f"{PROGRAMS}/{program(product)}.cpp: the program that uses the product is missing")
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            *self.objects, self.program = pool.map(self.compile, [*own, programs[0]])
        self.elf, self.map = self.folder / "image.elf", self.folder / "image.map"

    def link(self):
        self.stubs = Object("NetX Duo and the board", self.stub_object())
        run(TOOL + "g++", *CORES[self.core], *LDFLAGS, f"-Wl,-Map={self.map}", "-o", self.elf,
            *(o.file for o in [*self.objects, self.program, self.stubs]))

    def compile(self, source):
        name = source.relative_to(self.root).as_posix()
        file = self.folder / (name.replace("/", "-") + ".o")
        language = ["gcc", *CFLAGS] if source.suffix == ".c" else ["g++", *CXXFLAGS]
        run(TOOL + language[0], *language[1:], *compile_command(self.root, self.product, self.core), "-c", source, "-o", file)
        return Object(name, file)

    def stub_object(self):
        wanted = set().union(*(o.symbols("-u") for o in [*self.objects, self.program]))
        defined = set().union(*(o.symbols("-g", "--defined-only") for o in [*self.objects, self.program]))
        stubs = "".join(f'.section .text.{n},"ax"\n.global {n}\n.thumb_func\n{n}: bx lr\n'
                        for n in sorted(wanted - defined) if OUTSIDE.match(n))
        source = self.folder / "stubs.s"
        source.write_text(".syntax unified\n.thumb\n" + stubs)
        run(TOOL + "gcc", *CORES[self.core], "-c", source, "-o", source.with_suffix(".o"))
        return source.with_suffix(".o")

    def symbols(self):
        return {line.split()[-1] for line in run(TOOL + "nm", self.elf).splitlines()}

    def linked(self):
        """{name: [text, data, bss]} of what is in the image: each object of ours, the program, and the C library."""
        names = {str(o.file): o.name for o in [*self.objects, self.program, self.stubs]}
        found = {name: [0, 0, 0] for name in [*names.values(), "C library"]}
        memory_map = self.map.read_text().split("Linker script and memory map", 1)[1]
        for section, size, file in re.findall(r"^ (\.\S+|COMMON)\s+0x[0-9a-f]+\s+0x([0-9a-f]+) (\S+)$", memory_map, re.M):
            if not re.match(r"\.(debug|comment|ARM\.attributes|note|stack|group)", section):
                column = 2 if section.startswith((".bss", "COMMON")) else 1 if section.startswith(".data") else 0
                found[names.get(file, "C library")][column] += int(size, 16)
        return found


def demangle(names):
    names = list(names)
    return dict(zip(names, run(TOOL + "c++filt", *names).splitlines())) if names else {}


def compiler():
    return re.sub(r"^\S+", TOOL + "g++", run(TOOL + "g++", "--version").splitlines()[0])


def main(tool):
    """Runs a tool's main function; a Failure is one message and exit status 1."""
    try:
        sys.exit(tool(Path(__file__).resolve().parent.parent))
    except Failure as failure:
        print(f"{Path(sys.argv[0]).name}: {failure}", file=sys.stderr)
        sys.exit(1)
