"""Writes places.txt and mobiles.bin from the geocoding data of libphonenumber (Apache-2.0).

    pip install phonenumbers==9.0.43
    python3 numbers.py
"""

import struct

from phonenumbers.geodata import GEOCODE_DATA

# The source names this one in English only.
MISSING = {"Simao, Yunnan": "云南省普洱市"}


def town(names):
    return (names.get("zh") or MISSING[names["en"]], names["en"])


china = {prefix[2:]: town(names) for prefix, names in GEOCODE_DATA.items() if prefix.startswith("86")}
mobile = {prefix: it for prefix, it in china.items() if prefix.startswith("1") and not prefix.startswith("10")}
fixed = {"0" + prefix: it for prefix, it in china.items() if prefix not in mobile}
towns = sorted(set(china.values()))
number = {it: n + 1 for n, it in enumerate(towns)}

codes = {}
for prefix, it in sorted(fixed.items()):
    codes.setdefault(it, []).append(prefix)
with open("places.txt", "w", encoding="utf-8") as out:
    for it in towns:
        out.write("|".join([*it, " ".join(codes.get(it, []))]) + "\n")


def of(seven):
    for length in range(7, 2, -1):
        if it := mobile.get(seven[:length]):
            return number[it]
    return 0


# Runs of prefixes in one place from 1300000 on: how many, and the place's line; 0 is nowhere.
runs = []
for n in range(1_300_000, 2_000_000):
    it = of(str(n))
    if runs and runs[-1][1] == it and runs[-1][0] < 0xFFFF:
        runs[-1][0] += 1
    else:
        runs.append([1, it])
with open("mobiles.bin", "wb") as out:
    for run in runs:
        out.write(struct.pack(">HH", *run))
