"""report.py - what run-bench has measured: as a table, as JSON and as a plot.

@results is {mode: {cpus, mem, icount, "kernel": rows, "peer": rows}} with rows as
{name: {value, unit, per, median, worst}}; "peer" is there if there was one. A value is the best of
several rounds: of what there should be much of the greatest, else the least.
"""
import json
import math
import os

COLUMNS = {"count": "instructions", "tcg1": "ns (or unit), 1 processor",
           "tcg2": "ns, 2 processors"}
SWAP = {"swap-count": "count", "swap-tcg": "tcg1"}      # the column that its rows stand in
MORE = {"MiB": "MiB/s", "percent": "% of disk"}         # units of what should be much


def cells(results):
    """{(name, unit): {column: (ours, theirs or None)}}, in the order of the rows."""
    found = {}
    for mode, result in results.items():
        for name, ours in result["kernel"].items():
            unit = MORE.get(ours["unit"], ours["per"])
            if ours["unit"] == "bytes":
                if mode != "count":
                    continue
                unit = "bytes"
            row = found.setdefault((name, unit), {})
            row[SWAP.get(mode, mode)] = (ours, result.get("peer", {}).get(name))
    return found


def ratio(pair):
    """Our cost to theirs, or None."""
    ours, theirs = pair
    if not theirs or ours["value"] <= 0 or theirs["value"] <= 0:
        return None
    turned = ours["unit"] in MORE
    return theirs["value"] / ours["value"] if turned else ours["value"] / theirs["value"]


def spread(row):
    """How many percent the median of the rounds is off the best."""
    return 100 * abs(row["median"] / row["value"] - 1) if row["value"] > 0 else 0


def number(value):
    return "%.0f" % value if abs(value) >= 1000 else "%.1f" % value


def cell(pair):
    if not pair:
        return "%9s %9s %5s %7s" % ("", "", "", "")
    ours, theirs = pair
    share = ratio(pair)
    spreads = "%.0f" % spread(ours) + ("/%.0f" % spread(theirs) if theirs else "")
    return "%9s %9s %5s %7s" % (number(ours["value"]), number(theirs["value"]) if theirs else "",
                                "%.2f" % share if share else "", spreads)


def table(results):
    columns = [c for c in COLUMNS if any(SWAP.get(m, m) == c for m in results)]
    peer = any("peer" in r for r in results.values())
    heads = ("ours", "Linux", "ratio", "+-%") if peer else ("value", "", "", "+-%")
    lines = ["%-26s %-10s" % ("", "") + "".join(" | %-33s" % COLUMNS[c] for c in columns),
             "%-26s %-10s" % ("operation", "per") + "".join(
                 " | %9s %9s %5s %7s" % heads for _ in columns)]
    for (name, unit), row in cells(results).items():
        lines.append("%-26s %-10s" % (name, unit) +
                     "".join(" | " + cell(row.get(c)) for c in columns))
    if peer:
        lines.append("ratio: our cost to Linux's, below 1 we are cheaper")
    lines.append("+-%: how far the median of the rounds is off the best"
                 + (", ours/Linux's" if peer else ""))
    return "\n".join(line.rstrip() for line in lines) + "\n"


# ---- the plot: a line for each operation, a mark for each column ----

WIDTH, LEFT, RIGHT, TOP, LINE = 900, 230, 30, 90, 18
FILL = {"count": "#1f5f99", "tcg1": "#d9822b", "tcg2": "#4c9f70"}


def text(x, y, words, anchor="start", extra=""):
    return '<text x="%.1f" y="%.1f" text-anchor="%s"%s>%s</text>' % (x, y, anchor, extra, words)


def mark(column, x, y):
    """A disc for the count, a square and a diamond for the times."""
    shape = {"count": '<circle cx="%.1f" cy="%.1f" r="5"' % (x, y),
             "tcg1": '<rect x="%.1f" y="%.1f" width="8" height="8"' % (x - 4, y - 4),
             "tcg2": '<path d="M%.1f %.1fl5 5l-5 5l-5 -5z"' % (x, y - 5)}[column]
    return shape + ' fill="%s" fill-opacity="0.85"/>' % FILL[column]


def plotted(results):
    """[(name, {column: value})]: ratios, or without a peer our own values."""
    with_peer = any("peer" in r for r in results.values())
    rows = []
    for (name, unit), row in cells(results).items():
        values = {c: ratio(p) if with_peer else p[0]["value"] for c, p in row.items()
                  if unit != "bytes"}
        values = {c: v for c, v in values.items() if v and v > 0}
        if values:
            rows.append((name + (" (%s)" % unit if unit in MORE.values() else ""), values))
    return with_peer, rows


def axis(rows):
    """The decades that the values lie in, as powers of ten."""
    values = [v for _, row in rows for v in row.values()] or [1]
    return math.floor(math.log10(min(values))), max(math.ceil(math.log10(max(values))), 1)


def grid(low, high, place, bottom, with_peer):
    out = []
    for decade in range(low, high + 1):
        for factor in (1, 2, 5):
            value = factor * 10.0 ** decade
            if value > 10.0 ** high:
                break
            x = place(value)
            one = with_peer and value == 1
            out.append('<path d="M%.1f %dV%d" stroke="%s" stroke-width="%s"/>'
                       % (x, TOP - 8, bottom, "#444" if one else "#ddd", 2 if one else 1))
            if factor == 1 or with_peer:
                out.append(text(x, TOP - 14, "%g" % value, "middle", ' fill="#555"'))
    return out


def svg(results):
    with_peer, rows = plotted(results)
    low, high = axis(rows)
    bottom = TOP + LINE * len(rows)

    def place(value):
        share = (math.log10(value) - low) / (high - low)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    title = "Cost relative to Linux (1 = the same, left is cheaper)" if with_peer else "Cost"
    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif"'
           ' font-size="12">' % (WIDTH, bottom + 20),
           '<rect width="100%" height="100%" fill="white"/>',
           text(LEFT, 24, title, extra=' font-size="16" font-weight="bold"')]
    x = LEFT
    for column in [c for c in COLUMNS if any(c in row for _, row in rows)]:
        out += [mark(column, x + 6, 44), text(x + 18, 48, COLUMNS[column])]
        x += 150
    out += grid(low, high, place, bottom, with_peer)
    for i, (name, values) in enumerate(rows):
        y = TOP + LINE * i + LINE / 2
        out.append(text(LEFT - 8, y + 4, name, "end"))
        out.append('<path d="M%d %.1fH%d" stroke="#eee"/>' % (LEFT, y, WIDTH - RIGHT))
        out += [mark(c, place(v), y) for c, v in values.items()]
    return "\n".join(out + ["</svg>"]) + "\n"


def write(results, folder):
    """Print the table; leave it, the JSON and the plot in @folder."""
    words = table(results)
    print(words, end="")
    for name, content in (("bench.txt", words), ("bench.svg", svg(results)),
                          ("bench.json", json.dumps(results, indent=1) + "\n")):
        with open(os.path.join(folder, name), "w") as f:
            f.write(content)
