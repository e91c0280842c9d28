"""The list of families: what it gives, and what it refuses."""

from dataclasses import dataclass, replace

import pytest
import toy_family

from cae_caffe.emit import RECIPES, Settings, Source, mnist_pairs, model_files
from cae_caffe.errors import InputError
from cae_caffe.families import FAMILIES, Family, PairSource, code_blobs, family_of, presets, register
from cae_caffe.families.siamese import train_test
from cae_caffe.models import MODELS, ClassicAutoencoder, ConvolutionalAutoencoder, SiameseNetwork


def test_the_families_there_are():
    assert [(family.name, family.design) for family in FAMILIES][:3] == [
        ("convolutional", ConvolutionalAutoencoder), ("classic", ClassicAutoencoder), ("siamese", SiameseNetwork)]
    assert list(presets().items())[:len(MODELS)] == list(MODELS.items())
    assert {family.name: family.recipe for family in FAMILIES} == RECIPES


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_preset_belongs_to_its_family(family):
    assert {family_of(design) for design in family.presets.values()} == {family}


def test_the_names_of_codes():
    assert code_blobs()[:2] == ("ip2encode", "encode4") and "feat" not in code_blobs()


def test_a_family_says_whether_its_codes_are_known_by_their_names(monkeypatch):
    shipped = code_blobs()
    for names_codes, more in ((False, ()), (True, ("squeeze",))):
        family = replace(toy_family.TOY, names_codes=names_codes)
        monkeypatch.setattr("cae_caffe.families.registry.FAMILIES", [*FAMILIES, family])
        assert code_blobs() == (*shipped, *more)


def test_a_subclass_belongs_to_the_family_of_its_base():
    @dataclass(frozen=True)
    class Wide(ClassicAutoencoder):
        hidden: tuple = (2000,)

    assert family_of(Wide()).name == "classic"
    assert model_files("wide", Wide())["solver.prototxt"].startswith("# wide: classic auto-encoder, ")


def test_a_design_of_no_family_is_refused():
    with pytest.raises(InputError, match=r"class `PooledAutoencoder` belongs to no family.*families\.register"):
        model_files("toy", toy_family.PooledAutoencoder())


@pytest.mark.parametrize("changes, sentence", [
    ({"name": "classic"}, "family `classic`: its name `classic` belongs to the family `classic` already"),
    ({"presets": {"cae1-n2": None}}, "family `toys`: its name `cae1-n2` belongs to the family `convolutional` already"),
    ({"flags": toy_family.TOY.flags._replace(word="siamese")}, "its name `siamese` belongs to the family `siamese`"),
    ({"design": SiameseNetwork}, "its class `SiameseNetwork` belongs to the family `siamese` already; give it one"),
])
def test_what_is_taken_is_refused(changes, sentence):
    before = list(FAMILIES)
    with pytest.raises(InputError, match=sentence):
        register(replace(toy_family.TOY, **changes))
    assert before == FAMILIES


def test_own_images_need_a_source_of_images():
    with pytest.raises(InputError, match="family `toys`: `own_images` is True, but lists of images make a `Source`"):
        replace(toy_family.TOY, source=PairSource)


def test_a_family_takes_the_source_of_its_kind():
    classic, siamese = family_of(ClassicAutoencoder()), family_of(SiameseNetwork())
    images, pairs = Source(train="mine.txt"), mnist_pairs("there")
    settings = Settings(source=images, pairs=pairs)
    assert (settings.source_of(classic), settings.source_of(siamese)) == (images, pairs)
    assert Settings(source=pairs).source_of(siamese) == pairs
    assert Settings(source=pairs).source_of(classic) == Source()


def test_a_family_with_data_of_its_own(monkeypatch):
    @dataclass(frozen=True)
    class Triples(PairSource):
        train: str = "triples.txt"

    @dataclass(frozen=True)
    class Triplet(SiameseNetwork):
        margin: float = 3

    family = Family("triplets", Triplet, {}, RECIPES["siamese"], train_test, kind="triplet network",
                    recipe_source="nobody", source=Triples, own_images=False)
    monkeypatch.setattr("cae_caffe.families.registry.FAMILIES", [*FAMILIES, family])
    assert 'source: "triples.txt"' in model_files("triplet", Triplet())["train_test.prototxt"]
    given = model_files("triplet", Triplet(), Settings(source=Triples(train="others.txt")))["train_test.prototxt"]
    assert 'source: "others.txt"' in given and "margin: 3" in given
