#!/usr/bin/env python3
"""Writes Sources/Language/Expressions/Schedules/TimeZoneTable.swift to standard output.

usage: generate-time-zones.py [/usr/share/zoneinfo] > Sources/Language/Expressions/Schedules/TimeZoneTable.swift

Reads compiled time zones (TZif, RFC 9636). Zones that agree since FIRST_YEAR share a line. Written are the rule that goes on for ever
and, where it does not tell all since FIRST_YEAR, the changes before it takes over. TimeZoneRules.swift says what a line means.
"""
import calendar, collections, pathlib, re, struct, sys

FIRST_YEAR, LAST_YEAR = 2000, 2100
START = calendar.timegm((FIRST_YEAR, 1, 1, 0, 0, 0))


def read(path):
    """The changes since START, what held before them, and the rule for the time after. What holds is an offset and its name: (3600, "CET")."""
    data = path.read_bytes()
    if data[:4] != b"TZif":
        return None

    def header(at):
        return struct.unpack(">4sc15x6I", data[at:at + 44])[2:]

    isut, isstd, leap, count, types, chars = header(0)
    at = 44 + count * 5 + types * 6 + chars + leap * 8 + isstd + isut
    isut, isstd, leap, count, types, chars = header(at)
    at += 44
    times = struct.unpack(f">{count}q", data[at:at + 8 * count])
    kinds = data[at + 8 * count:at + 9 * count]
    at += 9 * count
    names = data[at + 6 * types:at + 6 * types + chars]
    offsets = [(struct.unpack(">i", data[at + 6 * i:at + 6 * i + 4])[0], names[data[at + 6 * i + 5]:].split(b"\0")[0].decode())
               for i in range(types)]
    footer = data[at + 6 * types + chars + leap * 12 + isstd + isut:].strip(b"\n").decode()
    before = offsets[0]
    changes = []
    for time, kind in zip(times, kinds):
        if time <= START:
            before = offsets[kind]
        elif offsets[kind] != (changes[-1][1] if changes else before):
            changes.append((time, offsets[kind]))
    return before, changes, rule(footer)


def seconds(text):
    sign = -1 if text.startswith("-") else 1
    parts = [int(part) for part in text.lstrip("+-").split(":")] + [0, 0]
    return sign * (parts[0] * 3600 + parts[1] * 60 + parts[2])


def rule(footer):
    """POSIX TZ text as (standard,) or (standard, summer, (month, week, day, second), (month, week, day, second))."""
    name = r"(<[^>]+>|[A-Za-z]+)"
    match = re.fullmatch(rf"{name}([-+\d:]+)(?:{name}([-+\d:]+)?,([^,]+),([^,]+))?", footer)
    standard = (-seconds(match[2]), match[1].strip("<>"))
    if match[3] is None:
        return (standard,)
    summer = (-seconds(match[4]) if match[4] else standard[0] + 3600, match[3].strip("<>"))

    def day(text):
        month, week, weekday, time = re.fullmatch(r"M(\d+)\.(\d)\.(\d)(?:/(.+))?", text).groups()
        return int(month), int(week), int(weekday), seconds(time) if time else 7200

    return standard, summer, day(match[5]), day(match[6])


def instant(year, day, offset):
    month, week, weekday, second = day
    first = (calendar.weekday(year, month, 1) + 1) % 7
    number = 1 + (weekday - first) % 7 + 7 * (week - 1)
    if number > calendar.monthrange(year, month)[1]:
        number -= 7
    return calendar.timegm((year, month, number, 0, 0, 0)) + second - offset


def follow(rule, last):
    """What the rule alone says: the offset at START and the changes up to `last`."""
    if len(rule) == 1:
        return rule[0], []
    standard, summer, begin, end = rule
    changes = sorted(change for year in range(FIRST_YEAR - 1, LAST_YEAR)
                     for change in ((instant(year, begin, standard[0]), summer), (instant(year, end, summer[0]), standard)))
    before = [offset for time, offset in changes if time <= START][-1]
    return before, [change for change in changes if START < change[0] <= last]


def shown(offset):
    return f"{offset[0]}={offset[1]}"


def line(before, changes, rule):
    last = changes[-1][0] if changes else START
    expected, ruled = follow(rule, last)
    written = list(changes)
    while written and ruled and written[-1] == ruled[-1]:
        written.pop()
        ruled.pop()
    # The rule may change again, without effect, after the last change that is its own.
    until = max([time for time, _ in written + ruled], default=START)
    text = shown(rule[0])
    if len(rule) > 1:
        text += "," + shown(rule[1]) + "".join(f",{month}.{week}.{day}/{second}" for month, week, day, second in rule[2:])
    if not written and not ruled and before == expected:
        return text + " -"
    return text + " " + ";".join([shown(before)] + [f"{time}={shown(offset)}" for time, offset in written] + [str(until)])


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "/usr/share/zoneinfo")
    groups = collections.defaultdict(list)
    for path in root.rglob("*"):
        name = str(path.relative_to(root))
        if name.split("/")[0] in ("posix", "right") or name in ("localtime", "posixrules", "Factory") or not path.is_file():
            continue
        zone = read(path)
        if zone:
            groups[line(*zone)].append(name)
    version = (root / "tzdata.zi").read_text().split("\n", 1)[0].removeprefix("# version ")
    print(f"""// Written by scripts/generate-time-zones.py from tzdata {version}; change the script, not this file.

/// One line for all zones that agree since {FIRST_YEAR}: `rule changes name name …`. `TimeZoneRules.swift` says what they mean.
let timeZoneTable: StaticString = #\"\"\"""")
    for key in sorted(groups, key=lambda key: min(groups[key])):
        print("    " + key + " " + " ".join(sorted(groups[key])))
    print('    """#')


main()
