"""Subsets the free fonts that the documents are set in; `make` runs this.

Usage: subset.py PACKAGES OUTPUT, where PACKAGES is a folder into which Debian's packages were unpacked.

Layout features, hints and vertical metrics are left out: the layout here maps one character to one
glyph and writes from left to right. The fonts are renamed, since their licence reserves the names of
the originals for the originals.
"""

import bz2
import io
import pathlib
import sys

import brotli
from fontTools import subset
from fontTools.ttLib import TTFont


def gb2312():
    """GB 2312: 6763 Chinese characters, and 682 marks, letters and digits."""
    characters = set()
    for row in range(0xA1, 0xF8):
        for cell in range(0xA1, 0xFF):
            try:
                characters.add(ord(bytes([row, cell]).decode("gb2312")))
            except UnicodeDecodeError:
                pass
    return characters


def standard(unicode):
    """通用规范汉字表: the 8105 characters that law, names and documents are to be written with."""
    with bz2.open(unicode / "Unihan_OtherMappings.txt.bz2", "rt", encoding="utf-8") as lines:
        return {
            int(line.split("\t")[0][2:], 16)
            for line in lines
            if line.startswith("U+") and "\tkTGH\t" in line
        }


def marks():
    """ASCII, Latin letters with accents, general punctuation, and the signs that the documents use."""
    signs = "·•‧…—–‐‑“”‘’〇□■☐☑✓✗★☆●○◆◇△▲▼→←↑↓№℃×÷±≤≥≈¥￥％‰①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳㈠㈡㈢㈣㈤㊣"
    return (
        set(range(0x20, 0x7F))
        | set(range(0xA0, 0x180))
        | set(range(0x2010, 0x2028))
        | set(range(0x3000, 0x3020))
        | set(range(0xFF01, 0xFF5F))
        | {ord(sign) for sign in signs}
    )


def make(source, number, characters, name, target, licence):
    options = subset.Options()
    options.layout_features = []
    options.hinting = False
    options.notdef_outline = True
    options.name_IDs = [0, 13, 14]
    options.drop_tables += ["vhea", "vmtx", "VORG", "GSUB", "GPOS", "GDEF", "BASE", "DSIG"]
    font = TTFont(source, fontNumber=number, lazy=True)
    # What this file does not say of itself, its licence says: who drew it.
    kept = subset.Subsetter(options)
    kept.populate(unicodes=characters)
    kept.subset(font)

    names = font["name"]
    spaced, joined = f"Aixin {name}", f"Aixin{name}-Regular"
    for identifier, text in {1: spaced, 2: "Regular", 3: joined, 4: spaced, 6: joined, 13: licence}.items():
        names.setName(text, identifier, 3, 1, 0x409)
    if "CFF " in font:
        top = font["CFF "].cff
        top.fontNames[0] = joined
        top.topDictIndex[0].FullName = spaced
        top.topDictIndex[0].FamilyName = spaced

    written = io.BytesIO()
    font.save(written, reorderTables=True)
    packed = brotli.compress(written.getvalue(), quality=11, lgwin=24)
    target.write_bytes(packed)
    print(f"{target.name}: {len(font.getBestCmap())} characters, {len(packed)} bytes", flush=True)
    return set(font.getBestCmap())


def main():
    packages, output = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    noto = packages / "usr/share/fonts/opentype/noto"
    wenkai = packages / "usr/share/fonts/truetype/lxgw-wenkai/LXGWWenKai-Regular.ttf"
    chinese = 2  # The face of the collections that is drawn as the mainland writes.
    licence = "SIL Open Font License, Version 1.1"

    common = gb2312() | marks()
    normal = standard(packages / "usr/share/unicode")
    everything = set(range(0x3400, 0x4DC0)) | set(range(0x4E00, 0xA000)) | set(range(0xF900, 0xFB00))
    everything |= set(range(0x20000, 0x33480))

    serif = make(
        noto / "NotoSerifCJK-Regular.ttc", chinese, common | normal, "Serif", output / "serif.otf.br", licence
    )
    make(noto / "NotoSansCJK-Medium.ttc", chinese, common, "Sans", output / "sans.otf.br", licence)
    make(wenkai, -1, common, "Kai", output / "kai.ttf.br", licence)
    # The last resort of all three: whatever else the largest of them has.
    make(noto / "NotoSansCJK-Regular.ttc", chinese, everything - serif, "Rare", output / "rare.otf.br", licence)


main()
