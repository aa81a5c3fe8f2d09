"""A drawing made real: every input has a queue, every output a tree, for one run."""

from __future__ import annotations

import pytest

from voxpipe.pipeline import SpeechStarted, VoxpipeError
from voxpipe.pipeline.graph import Graph
from voxpipe.pipeline.run import Run
from voxpipe.pipeline.testing import Probe, Source

from .boxes import Gain, Model, Phone


def test_every_port_is_connected_drawn_or_not_and_disconnected_again() -> None:
    phone, model = Phone(), Model()
    plan = Graph((phone.heard >> model.hears, model.says >> phone.speaks))
    circuit = Run(plan)
    circuit.connect()
    assert all(port.connected for port in plan.outputs)
    assert [port.queue.writers for port in plan.inputs] == [1, 1, 0]
    circuit.disconnect()
    assert not any(port.connected for port in plan.outputs)
    assert all(port.queue.finished for port in plan.inputs)


async def test_a_second_circuit_knows_nothing_of_the_first() -> None:
    source, probe = Source([]), Probe()
    plan = Graph((source.output >> Gain() >> probe.input,))
    first = Run(plan)
    first.connect()
    await source.output.send(SpeechStarted(at=1.0))
    first.disconnect()
    second = Run(plan)
    second.connect()
    assert first.stats().boxes["gain"].taken == 1
    assert first.stats().inputs["probe.input"].discarded == 1
    assert second.stats().boxes["gain"].taken == 0
    assert second.stats().outputs["source.output"].sent == 0
    second.disconnect()
    with pytest.raises(VoxpipeError, match="is not in a pipeline that runs"):
        await source.output.send(SpeechStarted(at=2.0))


def test_stats_are_named_as_the_diagram_names_them() -> None:
    source, one, other = Source([]), Probe(), Probe()
    gain = Gain()
    plan = Graph(
        (source.output >> gain >> one.input, source.output >> gain >> other.input)
    )
    circuit = Run(plan)
    assert circuit.stats().boxes == {}
    circuit.connect()
    stats = circuit.stats()
    assert list(stats.boxes) == ["gain"]
    assert list(stats.inputs) == ["probe.input", "probe2.input"]
    assert list(stats.outputs) == [
        "source.faults",
        "source.output",
        "probe.faults",
        "probe2.faults",
    ]
    assert stats.faults == {"source": 0, "probe": 0, "probe2": 0}
    circuit.disconnect()
