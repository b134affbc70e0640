"""The page on performance quotes the newest whole run of the benchmark."""

import json

from paths import ROOT


def quoted(bar):
    limit = f"at least {bar['at_least']:g}" if bar["at_least"] is not None else f"at most {bar['at_most']:g}"
    measured = "" if bar["measured"] is None else f"{bar['measured']:.4g}"
    return f"| {bar['what']} [{bar['unit']}] | {limit} | {measured} | {bar['verdict']} |"


def test_the_page_holds_every_bar_of_the_newest_whole_run():
    runs = ROOT.joinpath("benchmarks", "results").glob("????-??-??.json")
    newest = max(runs, key=lambda path: path.name)
    results = json.loads(newest.read_text(encoding="utf-8"))
    page = ROOT.joinpath("docs", "performance.md").read_text(encoding="utf-8")
    assert [quoted(bar) for bar in results["bars"] if quoted(bar) not in page] == []
    assert newest.name in page
    assert results["date"][:10] in page
    assert results["machine"]["cpu"] in page
