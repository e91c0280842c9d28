import h5py
import numpy as np
import pytest

from cae_caffe import InputError
from cae_caffe.figures import scatter


@pytest.fixture
def codes_file(tmp_path):
    """Writes codes.h5 as `cae-caffe encode` does."""
    def write(codes, label=None, **attributes):
        with h5py.File(str(tmp_path / "codes.h5"), "w") as file:
            file["codes"] = np.asarray(codes, np.float32)
            if label is not None:
                file["label"] = np.asarray(label, np.float32)
            file.attrs.update({"net": "prototxt/cae1-n2/deploy.prototxt", "blob": "ip2encode", **attributes})
        return tmp_path / "codes.h5"
    return write


def random_codes(count=60, dimensions=2):
    return np.random.RandomState(0).normal(size=(count, dimensions))


def texts(path, codes, **options):
    """What is written in the picture, in order."""
    scatter.draw(codes, path / "s.svg", **options)
    lines = (path / "s.svg").read_text(encoding="utf-8").splitlines()
    return [line.strip()[5:-4] for line in lines if line.strip().startswith("<!--")]


def test_two_dimensional_codes_are_drawn_as_they_are(codes_file, tmp_path):
    found = texts(tmp_path, codes_file(random_codes()))
    assert "cae1-n2, ip2encode: 2-dimensional codes, 60 images" in found
    assert "ip2encode, unit 0" in found


def test_the_legend_has_the_classes_in_order(codes_file, tmp_path):
    found = texts(tmp_path, codes_file(random_codes(), np.arange(60)[::-1] % 10))
    assert found[-10:] == list("0123456789")


def test_more_classes_than_ten_have_colours_of_their_own():
    assert len(set(scatter._colours(26))) == 26
    assert len(set(scatter.COLOURS)) == 10


def test_longer_codes_go_through_tsne(codes_file, tmp_path, capsys):
    found = texts(tmp_path, codes_file(random_codes(dimensions=5)), perplexity=5, seed=3)
    assert "cae1-n2, ip2encode: 5-dimensional codes by t-SNE, 60 images" in found
    assert "t-SNE, perplexity 5, seed 3" in found
    assert "t-SNE of 60 codes of 5 dimensions" in capsys.readouterr().err


def test_few_codes_go_through_tsne_by_themselves(codes_file, tmp_path):
    assert "t-SNE, perplexity 20, seed 1" in texts(tmp_path, codes_file(random_codes(dimensions=5)))


def test_a_limit_is_said_in_the_title(codes_file, tmp_path):
    found = texts(tmp_path, codes_file(random_codes()), limit=20)
    assert "cae1-n2, ip2encode: 2-dimensional codes, 20 of 60 images" in found


def test_the_default_limit_of_tsne_is_said_too(codes_file, tmp_path, monkeypatch):
    monkeypatch.setattr(scatter, "TSNE_LIMIT", 30)
    found = texts(tmp_path, codes_file(random_codes(dimensions=3)), perplexity=5)
    assert "cae1-n2, ip2encode: 3-dimensional codes by t-SNE, 30 of 60 images" in found


@pytest.mark.parametrize("name", ["s.png", "s.svg", "s.pdf"])
def test_the_same_codes_give_the_same_file(codes_file, tmp_path, name):
    codes = codes_file(random_codes(), np.arange(60) % 3)
    (tmp_path / "again").mkdir()
    for out in (tmp_path / name, tmp_path / "again" / name):
        scatter.draw(codes, out)
    assert (tmp_path / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_codes_that_fell_together_can_still_be_drawn(codes_file, tmp_path):
    scatter.draw(codes_file(np.ones((6, 2)), [0, 0, 0, 1, 1, 1]), tmp_path / "s.png")
    assert (tmp_path / "s.png").stat().st_size


@pytest.mark.parametrize("codes, error", [
    (np.ones((4, 1)), r"`codes` has the shape \(4, 1\)"),
    (np.ones((0, 2)), r"`codes` has the shape \(0, 2\)"),
    (np.full((4, 2), np.nan), "some codes are not finite;"),
])
def test_codes_that_cannot_be_drawn_are_refused(codes_file, tmp_path, codes, error):
    with pytest.raises(InputError, match=error):
        scatter.draw(codes_file(codes), tmp_path / "s.png")


@pytest.mark.parametrize("options, error", [({"limit": 0}, "--limit 0"), ({"seed": -1}, "--seed -1")])
def test_impossible_options_are_refused(codes_file, tmp_path, options, error):
    with pytest.raises(InputError, match=error):
        scatter.draw(codes_file(random_codes()), tmp_path / "s.png", **options)


def test_labels_of_another_number_of_images_are_refused(codes_file, tmp_path):
    with pytest.raises(InputError, match=r"`label` has the shape \(3,\), but there are 60 codes"):
        scatter.draw(codes_file(random_codes(), [1, 2, 3]), tmp_path / "s.png")


def test_another_kind_of_file_is_refused_with_what_it_has(tmp_path):
    with h5py.File(str(tmp_path / "data.h5"), "w") as file:
        file["data"] = np.zeros(3)
    with pytest.raises(InputError, match="no dataset `codes` in it, but data; make it with `cae-caffe encode`"):
        scatter.draw(tmp_path / "data.h5", tmp_path / "s.png")


def test_an_unknown_kind_of_picture_is_refused_first(tmp_path):
    with pytest.raises(InputError, match=r"s\.bmp: pictures are saved by their extension"):
        scatter.draw(tmp_path / "missing.h5", tmp_path / "s.bmp")
