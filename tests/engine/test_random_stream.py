"""One random stream for all of a process: what several nets draw in turn is what they draw in real Caffe."""

from __future__ import annotations

import two_engines

NETS = {
    "dropped": """
        layer { name: "ones" type: "DummyData" top: "ones" dummy_data_param { shape { dim: 4 dim: 6 }
                data_filler { value: 1 } } }
        layer { name: "drop" type: "Dropout" bottom: "ones" top: "drop" dropout_param { dropout_ratio: 0.4 } }""",
    "noise": """
        layer { name: "noise" type: "DummyData" top: "noise" top: "ball" dummy_data_param { shape { dim: 3 dim: 5 }
                data_filler { type: "gaussian" std: 2 } data_filler { type: "positive_unitball" } } }
        layer { name: "shared" type: "InnerProduct" bottom: "noise" top: "once" param { name: "w" }
                inner_product_param { num_output: 5 bias_term: false weight_filler { type: "msra" } } }
        layer { name: "sharing" type: "InnerProduct" bottom: "once" top: "twice" param { name: "w" }
                inner_product_param { num_output: 5 bias_term: false weight_filler { type: "xavier" } } }""",
    "solver": 'net: "dropped" test_net: "noise" test_iter: 2 test_interval: 1 base_lr: 1 lr_policy: "fixed" '
              'random_seed: 9 max_iter: 3 snapshot_after_train: false',
}


def drawn(caffe):
    """The bytes of everything random that the nets, passed through in turn, draw from one stream."""
    caffe.set_random_seed(7)
    nets = [caffe.Net(name, phase) for name in ("dropped", "noise") for phase in (caffe.TRAIN, caffe.TEST)]
    found = [blob.data.tobytes() for net in nets for layer in net.layers for blob in layer.blobs]
    for number in (0, 2, 1, 0, 3, 2):
        nets[number].forward()
        blobs = nets[number].blobs
        found += [blobs[name].data.tobytes() for name in blobs if name in ("drop", "noise", "ball")]
    later = caffe.Net("noise", caffe.TRAIN)
    return found + [blob.data.tobytes() for layer in later.layers for blob in layer.blobs]


def solved(caffe):
    """The masks of a solver's steps, between which its test net draws too."""
    solver = caffe.SGDSolver("solver")
    masks = []
    for _ in range(3):
        solver.step(1)
        masks.append(solver.net.blobs["drop"].data.tobytes())
    return masks


def _write(folder) -> None:
    for name, text in NETS.items():
        (folder / name).write_text(text, encoding="utf-8")


def test_several_nets_draw_in_turn(real_caffe, tmp_path):
    _write(tmp_path)
    real, embedded = two_engines.on_both(real_caffe, drawn, tmp_path)
    assert embedded == real
    assert len(set(real)) > len(real) // 2       # they are random indeed


def test_a_solvers_nets_draw_in_turn(real_caffe, tmp_path):
    _write(tmp_path)
    real, embedded = two_engines.on_both(real_caffe, solved, tmp_path)
    assert embedded == real
    assert len(set(real)) == 3
