"""Pictures of a pipeline, golden: for documents and for terminals."""

from __future__ import annotations

import io
import sys
from textwrap import dedent

import pytest

from voxpipe.pipeline import Pipeline
from voxpipe.pipeline.testing import Probe, Source

from .boxes import Decode, Echo, Gain, Meter, Model, Phone, Resample, Tools


def conversation() -> Pipeline:
    phone, model, tools, meter, probe = Phone(), Model(), Tools(), Meter(), Probe()
    decode = Decode()
    return Pipeline(
        phone.heard >> model.hears,
        model.says >> phone.speaks,
        model.calls >> tools.calls,
        tools.results >> model.results,
        phone.heard >> decode >> Resample(24_000) >> meter.input,
        phone.heard >> decode >> Gain() >> probe.input,
        phone.played >> probe.input,
    )


def test_a_terminal_shows_branches_and_the_way_back_of_a_loop() -> None:
    assert conversation().drawing() == dedent(
        """\
        phone.heard ─┬─▶ model.hears
                     └─▶ decode ─┬─▶ resample ─▶ meter.input
                                 └─▶ gain ─▶ probe.input
        model.says ─▶ phone.speaks
        model.calls ─▶ tools.calls
        tools.results ─▶ model.results ⟲
        phone.played ─▶ probe.input
        """
    )


def test_a_program_has_it_as_edges() -> None:
    links = conversation().links()

    assert links[:3] == [
        ("phone", "heard", "model", "hears"),
        ("phone", "heard", "decode", ""),
        ("decode", "", "resample", ""),
    ]
    assert ("resample", "", "meter", "input") in links
    assert len(links) == len(set(links))


def test_a_document_shows_the_same() -> None:
    assert conversation().diagram() == dedent(
        """\
        flowchart LR
            phone(["phone"])
            model(["model"])
            tools(["tools"])
            meter(["meter"])
            probe(["probe"])
            decode["decode"]
            resample["resample"]
            gain["gain"]
            phone -->|"heard → hears"| model
            phone -->|"heard"| decode
            decode --> resample
            resample -->|"input"| meter
            decode --> gain
            gain -->|"input"| probe
            model -->|"says → speaks"| phone
            model -->|"calls → calls"| tools
            tools -.->|"results → results"| model
            phone -->|"played → input"| probe
        """
    )


def test_three_branches_and_what_is_behind_them_line_up() -> None:
    source, gain, echo = Source([]), Gain(), Echo()
    probes = [Probe() for _ in range(5)]
    pipeline = Pipeline(
        source.output >> gain >> probes[0].input,
        source.output >> gain >> Gain() >> probes[1].input,
        source.output >> gain >> probes[2].input,
        source.output >> probes[3].input,
        source.output >> echo >> probes[4].input,
    )
    assert pipeline.drawing() == dedent(
        """\
        source.output ─┬─▶ gain ─┬─▶ probe.input
                       │         ├─▶ gain2 ─▶ probe2.input
                       │         └─▶ probe3.input
                       ├─▶ probe4.input
                       └─▶ echo.input
        echo.output ─▶ probe5.input
        """
    )


def test_names_that_mermaid_would_trip_over_are_written_so_that_it_does_not() -> None:
    source, probe = Source([]), Probe()
    source.name, probe.name = "end", 'the "loud" one'
    pipeline = Pipeline(source.output >> probe.input)
    assert pipeline.diagram() == dedent(
        """\
        flowchart LR
            end_(["end"])
            the__loud__one(["the #quot;loud#quot; one"])
            end_ -->|"output → input"| the__loud__one
        """
    )


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437", "cp850"])
def test_a_console_without_the_signs_is_shown_ascii_and_can_print_it(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
    pipeline = conversation()
    sys.stdout.write(pipeline.drawing() + pipeline.diagram())
    sys.stdout.flush()
    printed = raw.getvalue().decode(encoding).replace("\r\n", "\n")
    assert printed.startswith(
        dedent(
            """\
            phone.heard -+-> model.hears
                         +-> decode -+-> resample -> meter.input
                                     +-> gain -> probe.input
            model.says -> phone.speaks
            model.calls -> tools.calls
            tools.results -> model.results (loop)
            """
        )
    )
    assert 'phone -->|"heard -> hears"| model' in printed


def test_a_name_that_a_console_cannot_show_does_not_stop_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source, probe = Source([]), Probe()
    source.name = "réception"
    pipeline = Pipeline(source.output >> probe.input)
    for encoding, name in (("cp1252", "réception"), ("ascii", "r?ception")):
        out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        monkeypatch.setattr(sys, "stdout", out)
        assert pipeline.drawing() == f"{name}.output -> probe.input\n"


def test_without_a_console_there_is_nothing_to_fit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert "▶" in conversation().drawing()
