"""The report's charts: frames and figures in, SVG text out. An arm has the same colour in all of them.

SVG needs no script and no network, prints sharply, and its text can be searched. Colours are those of Okabe and Ito and
of Tol, which people with colour blindness can tell apart. Fonts are those whose widths the renderer knows.
"""

import io
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from exectune.guides.reference import TEMPLATES
from exectune.summary import LEARNT

if TYPE_CHECKING:
    import altair as alt

ARM_COLOURS = {
    "core": "#4d4d4d",
    "untrained": "#cc79a7",
    "sft_all": "#56b4e9",
    "sft": "#0072b2",
    "rl": "#d55e00",
    "gold": "#009e73",
}
OTHER_COLOUR = "#8a6d3b"
SPLIT_TITLES = {"test": "test: families seen in training", "held_out": "held-out: families seen nowhere else"}
ENDINGS = {  # of a task: words, colour, colour of the count on it
    "right": ("right, strategy carried out", "#117733", "white"),
    "right_otherwise": ("right, strategy not carried out as written", "#99c794", "#1f2933"),
    "executed_wrong": ("carried out as written, and wrong", "#cc6677", "white"),
    "not_carried_out": ("not carried out", "#ddcc77", "#1f2933"),
    "invalid": ("invalid strategy", "#bbbbbb", "#1f2933"),
}
SMOOTHED = 5  # steps in the rolling mean of the training curves
FONT = "Arial, Helvetica, 'Liberation Sans', sans-serif"
INK, MUTED, GRID = "#1f2933", "#616e7c", "#e4e7eb"
PANEL = 455  # width of one split's panel, in pixels


def arm_colour(arm: str) -> str:
    return ARM_COLOURS.get(arm, OTHER_COLOUR)


def accuracy_against_cost(arms: Mapping[str, Mapping[str, Any]]) -> str:
    """Accuracy (%) over USD per 1,000 tasks, one panel a split, 95 % intervals both ways."""
    import altair as alt

    data = pl.DataFrame(
        {"arm": arm, "split": split}
        | _scaled("accuracy", c["accuracy"], 100)
        | _scaled("usd", c["usd"], 1000)
        for arm, splits in arms.items()
        for split, c in splits.items()
    )
    most = 1.2 * max(data["usd_high"].to_list())
    x = alt.X("usd:Q", title="USD per 1,000 tasks", scale=alt.Scale(domain=[0, most or 1]), axis=_few())
    y = alt.Y("accuracy:Q", title="accuracy, %", scale=alt.Scale(domain=[0, 100]), axis=_few())
    panels = []
    for split, here in _by_split(data):
        here = here.sort("accuracy")
        here = here.with_columns(name_y=pl.Series(_apart(here["accuracy"].to_list(), 5.0, 97.0)))
        base = alt.Chart(here, title=split, width=PANEL, height=320).encode(color=_arm_colours(here))
        rule = base.mark_rule(strokeWidth=1.5, opacity=0.7)
        across = rule.encode(x=alt.X("usd_low:Q"), x2="usd_high:Q", y=y)
        up = rule.encode(x=x, y=alt.Y("accuracy_low:Q"), y2="accuracy_high:Q")
        points = base.mark_point(filled=True, size=90, opacity=1).encode(x=x, y=y)
        names = base.mark_text(align="left", dx=8, fontSize=13, fontWeight=600)
        panels.append(
            across + up + points + names.encode(x=alt.X("usd_high:Q"), y=alt.Y("name_y:Q"), text="arm:N")
        )
    return _svg(alt.hconcat(*panels, spacing=36), "cost")


def executability(arms: Mapping[str, Mapping[str, Any]]) -> str:
    """Executability (strong bars) and success executability (pale) in %, from the untrained guide to the trained."""
    import altair as alt

    measures = ["executability", "success_executability"]
    rows = [
        {"arm": arm, "split": split, "measure": measure} | _scaled("share", cell[measure], 100)
        for arm in LEARNT
        for split, cell in arms.get(arm, {}).items()
        for measure in measures
    ]
    if not rows:
        return ""
    data = pl.DataFrame(rows)
    y = alt.Y("share:Q", title="share of strategies, %", scale=alt.Scale(domain=[0, 108]), axis=_few())
    shade = alt.Scale(domain=measures, range=[0.95, 0.4])
    panels = []
    for split, here in _by_split(data):
        base = alt.Chart(here, title=split, width=PANEL, height=270).encode(
            x=alt.X("arm:N", sort=list(LEARNT), title=None, axis=alt.Axis(labelAngle=0, labelFontSize=13)),
            xOffset=alt.XOffset("measure:N", scale=alt.Scale(domain=measures)),
            color=_arm_colours(data),
        )
        bars = base.mark_bar(width={"band": 0.86}).encode(
            y=y, fillOpacity=alt.FillOpacity("measure:N", scale=shade, legend=None)
        )
        rules = base.mark_rule(strokeWidth=1.5).encode(
            y=alt.Y("share_low:Q"), y2="share_high:Q", color=alt.value(INK)
        )
        numbers = base.mark_text(dy=-8, fontSize=12).encode(
            y=alt.Y("share_high:Q"), text=alt.Text("share:Q", format=".0f"), color=alt.value(INK)
        )
        panels.append(bars + rules + numbers)
    return _svg(alt.hconcat(*panels, spacing=36), "executability")


def decomposition(cells: Mapping[str, Mapping[str, Any]]) -> str:
    """How each arm's tasks end: stacked shares (%), with counts."""
    import altair as alt

    data = pl.DataFrame(
        {"arm": arm, "split": split} | part
        for arm, splits in cells.items()
        for split, cell in splits.items()
        for part in _stack(cell)
    )
    scale = alt.Scale(domain=list(ENDINGS), range=[colour for _, colour, _ in ENDINGS.values()])
    x = alt.X("start:Q", title="share of tasks, %", scale=alt.Scale(domain=[0, 100]), axis=_few())
    panels: list[alt.LayerChart] = []
    for split, here in _by_split(data):
        axis = None if panels else alt.Axis(labelFontSize=13, domain=False, ticks=False, labelPadding=8)
        base = alt.Chart(here, title=split, width=PANEL, height={"step": 34}).encode(
            y=alt.Y("arm:N", sort=list(cells), title=None, axis=axis)
        )
        bars = base.mark_bar(height={"band": 0.76}).encode(
            x=x, x2="end:Q", color=alt.Color("ending:N", scale=scale, legend=None)
        )
        counts = base.mark_text(fontSize=12).encode(
            x=alt.X("middle:Q"), text="label:N", color=alt.Color("ink:N", scale=None)
        )
        panels.append(bars + counts)
    return _svg(alt.hconcat(*panels, spacing=24), "decomposition")


def wordings(rates: pl.DataFrame, shares: pl.DataFrame) -> str:
    """Left: how often the core carries a wording out. Right: how often each guide uses it, of its steps of that kind.

    `rates`: operation, wording, value, low, high, n. `shares`: arm, operation, wording, share, n.
    """
    import altair as alt

    operations = list(dict.fromkeys(rates["operation"].to_list()))
    strips = []
    for operation in operations:
        here = rates.filter(pl.col("operation") == operation).sort("value", descending=True)
        used = shares.filter(pl.col("operation") == operation)
        order = list(dict.fromkeys([*here["wording"], *used["wording"]]))
        left = _carried_out(operation, here, order, last=operation == operations[-1])
        right = _used(used, order, first=operation == operations[0])
        strips.append(alt.hconcat(left, right, spacing=30))
    return _svg(alt.vconcat(*strips, spacing=10), "wordings") if strips else ""


def training(steps: pl.DataFrame, stage: str, panels: Mapping[str, tuple[str, ...]]) -> str:
    """One panel a title, one line a column: raw values pale, rolling mean strong."""
    import altair as alt

    charts = []
    for title, names in panels.items():
        columns = [name for name in names if name in steps.columns and steps[name].count()]
        if columns:
            charts.append(_curves(steps, title, columns, width=420 if len(panels) == 1 else 285))
    if not charts:
        return ""
    grid = alt.concat(*charts, columns=3, spacing=34).resolve_scale(color="independent")
    return _svg(grid, f"training-{stage}")


def _stack(cell: Mapping[str, Any]) -> list[dict[str, Any]]:
    parts, start = [], 0.0
    for ending, (_, _, ink) in ENDINGS.items():
        share = 100 * cell[ending] / cell["n"] if cell["n"] else 0.0
        label = str(cell[ending]) if share >= 4 else ""
        place = {"start": start, "end": start + share, "middle": start + share / 2}
        parts.append({"ending": ending, "ink": ink, "label": label} | place)
        start += share
    return parts


def _carried_out(operation: str, here: pl.DataFrame, order: list[str], *, last: bool) -> Any:
    import altair as alt

    data = here.with_columns(pl.col("value", "low", "high") * 100, count=pl.format("n = {}", "n"), edge=120.0)
    data = data.with_columns(_in_words())
    axis = alt.Axis(labelFontSize=12, labelLimit=300, ticks=False, domain=False, labelPadding=8)
    base = alt.Chart(
        data, title=alt.Title(operation, anchor="start", frame="group"), width=400, height={"step": 21}
    ).encode(
        y=alt.Y(
            "wording:N", sort=_worded(order), scale=alt.Scale(domain=_worded(order)), title=None, axis=axis
        )
    )
    title = "carried out by this core, % of the steps tried" if last else None
    marks = alt.Axis(values=[0, 25, 50, 75, 100], labels=last, ticks=last, titlePadding=8)
    x = alt.X("value:Q", title=title, scale=alt.Scale(domain=[0, 120]), axis=marks)
    rules = base.mark_rule(strokeWidth=2, color="#9aa5b1").encode(x=alt.X("low:Q"), x2="high:Q")
    points = base.mark_point(filled=True, size=70, opacity=1, color=INK).encode(x=x)
    counts = base.mark_text(align="right", fontSize=11, color=MUTED).encode(x=alt.X("edge:Q"), text="count:N")
    return rules + points + counts


def _used(used: pl.DataFrame, order: list[str], *, first: bool) -> Any:
    import altair as alt

    arms = [arm for arm in LEARNT if arm in set(used["arm"])]
    grid = pl.DataFrame({"arm": arms}, schema={"arm": pl.String}).join(
        pl.DataFrame({"wording": order}), how="cross"
    )
    data = grid.join(used, on=["arm", "wording"], how="left")
    data = data.with_columns(percent=pl.col("share").fill_null(0.0) * 100).with_columns(_in_words())
    ink = pl.when(pl.col("percent") > 60).then(pl.lit("white")).otherwise(pl.lit(INK))
    data = data.with_columns(ink=ink)
    axis = alt.Axis(orient="top", labelAngle=0, labelFontSize=12, ticks=False, domain=False, titlePadding=8)
    title = "used by the guide, % of its steps of this kind" if first else None
    base = alt.Chart(data, width=400, height={"step": 21}).encode(
        x=alt.X("arm:N", sort=arms, scale=alt.Scale(domain=arms), title=title, axis=axis),
        y=alt.Y(
            "wording:N", sort=_worded(order), scale=alt.Scale(domain=_worded(order)), title=None, axis=None
        ),
    )
    scale = alt.Scale(domain=[0, 100], range=["#f7f9fb", "#08519c"])
    tiles = base.mark_rect(stroke="white").encode(color=alt.Color("percent:Q", scale=scale, legend=None))
    numbers = base.mark_text(fontSize=12).encode(
        text=alt.Text("percent:Q", format=".0f"), color=alt.Color("ink:N", scale=None)
    )
    return (tiles + numbers).resolve_scale(color="independent")


def _curves(steps: pl.DataFrame, title: str, columns: list[str], width: int) -> Any:
    import altair as alt

    long = steps.select("step", *(pl.col(name).cast(pl.Float64) for name in columns)).sort("step")
    long = long.unpivot(index="step", variable_name="term", value_name="value").drop_nulls()
    mean = pl.col("value").rolling_mean(SMOOTHED, min_samples=1).over("term", order_by="step")
    long = long.with_columns(smooth=mean)
    scale = alt.Scale(domain=columns, range=["#0072b2", "#d55e00", "#009e73"][: len(columns)])
    base = alt.Chart(long, title=title, width=width, height=160).encode(
        x=alt.X("step:Q", title="step", axis=_few()), color=alt.Color("term:N", scale=scale, legend=None)
    )
    lowest, highest = min(long["value"].to_list()), max(long["value"].to_list())
    ends = [min(0.0, lowest), max(highest, 0.01) * 1.05]
    y = alt.Y("value:Q", title=None, scale=alt.Scale(domain=ends), axis=_few())
    raw = base.mark_line(opacity=0.35, strokeWidth=1).encode(y=y)
    lines = raw + base.mark_line(strokeWidth=2.2).encode(y=alt.Y("smooth:Q"))
    if len(columns) == 1:
        return lines
    last = long.group_by("term").agg(pl.col("step", "smooth").sort_by("step").last()).sort("smooth")
    places = _apart(last["smooth"].to_list(), 0.1 * ends[1], ends[1])
    named = alt.Chart(last.with_columns(name_y=pl.Series(places))).mark_text(
        align="left", dx=6, fontSize=12, fontWeight=600
    )
    return lines + named.encode(
        x=alt.X("step:Q"),
        y=alt.Y("name_y:Q"),
        text="term:N",
        color=alt.Color("term:N", scale=scale, legend=None),
    )


def _by_split(data: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    splits = list(dict.fromkeys(data["split"].to_list()))
    return [(SPLIT_TITLES.get(split, split), data.filter(pl.col("split") == split)) for split in splits]


def _in_words() -> pl.Expr:
    return pl.col("wording").map_elements(lambda name: _worded([name])[0], return_dtype=pl.String)


def _worded(wordings: list[str]) -> list[str]:
    """Ids of wordings as their templates: `Combine a with b`."""
    return [
        TEMPLATES[name].format(a="a", b="b").rstrip(".") if name in TEMPLATES else name for name in wordings
    ]


def _few() -> "alt.Axis":
    import altair as alt

    return alt.Axis(tickCount=5)


def _arm_colours(data: pl.DataFrame) -> "alt.Color":
    import altair as alt

    arms = list(dict.fromkeys(data["arm"].to_list()))
    return alt.Color("arm:N", scale=alt.Scale(domain=arms, range=[arm_colour(a) for a in arms]), legend=None)


def _scaled(name: str, interval: Mapping[str, float], factor: float) -> dict[str, float]:
    ends = {f"{name}_{end}": interval[end] * factor for end in ("low", "high")}
    return {name: interval["value"] * factor} | ends


def _apart(ascending: list[float], gap: float, most: float) -> list[float]:
    """Places for names: near the values, at least `gap` apart, none above `most`."""
    places: list[float] = []
    for value in ascending:
        places.append(max(value, places[-1] + gap) if places else value)
    for i in reversed(range(len(places))):
        places[i] = min(places[i], most - gap * (len(places) - 1 - i))
    return places


def _svg(chart: Any, name: str) -> str:
    """Draw without a network; ids get the chart's name, so that several SVGs can share a page."""
    chart = chart.configure(font=FONT, background="transparent").configure_view(stroke=None)
    chart = chart.configure_axis(
        gridColor=GRID, domainColor="#9aa5b1", tickColor="#9aa5b1", labelColor=INK, titleColor=MUTED,
        labelFontSize=12, titleFontSize=13, titleFontWeight="normal", titlePadding=12,
    )  # fmt: skip
    chart = chart.configure_title(fontSize=14, fontWeight=600, color=INK, offset=10)
    buffer = io.StringIO()
    chart.save(buffer, format="svg")
    text = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', buffer.getvalue())
    return re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", text)
