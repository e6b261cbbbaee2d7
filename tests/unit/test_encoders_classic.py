"""The features without weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from skimage import feature

from auditor.ml.encoders import hog, load
from auditor.ml.encoders.classic import Classic


def pictures(count: int, side: int = 64, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 256, (side, side, 3), dtype=np.uint8) for _ in range(count)]


def test_cells_agree_with_scikit_image() -> None:
    image = pictures(1)[0].astype(np.float32) / 255
    ours = hog.cells(torch.from_numpy(image).permute(2, 0, 1)[None], 8, shared=False)
    theirs = feature.hog(
        image.astype(np.float64),
        pixels_per_cell=(8, 8),
        cells_per_block=(1, 1),
        block_norm="L1",
        feature_vector=False,
        channel_axis=-1,
    )[:, :, 0, 0]
    normalised = ours[0] / ours[0].sum(0, keepdim=True)
    np.testing.assert_allclose(normalised.permute(1, 2, 0).numpy(), theirs, atol=1e-4)


def test_sharing_keeps_the_gradient_of_inner_pixels_whole() -> None:
    images = torch.zeros(1, 1, 64, 64)
    images[..., 30:34, 30:34] = 1.0
    apart, shared = (hog.cells(images, 8, shared=kind) for kind in (False, True))
    assert shared.sum() == pytest.approx(float(apart.sum()), rel=1e-5)
    assert (shared > 0).sum() > (apart > 0).sum()


def test_a_gradient_is_filed_under_its_own_orientation() -> None:
    ramp = torch.linspace(0, 1, 64)
    upright = hog.cells(ramp.expand(1, 1, 64, 64).clone(), 8)[0].sum((1, 2))
    lying = hog.cells(ramp[:, None].expand(1, 1, 64, 64).clone(), 8)[0].sum((1, 2))
    assert set(upright.topk(2).indices.tolist()) == {0, 8}
    assert int(lying.argmax()) == 4


def test_brightness_and_contrast_do_not_change_the_gradients() -> None:
    image = np.random.default_rng(1).integers(60, 160, (64, 64, 3)).astype(np.uint8)
    brighter = (image + 50).astype(np.uint8)
    plain, moved = Classic().encode([image, brighter])
    np.testing.assert_allclose(plain[:720], moved[:720], atol=1e-5)
    assert not np.allclose(plain[720:816], moved[720:816], atol=1e-2)


def test_an_image_gets_the_same_features_in_any_company() -> None:
    images = pictures(70)
    together = Classic().encode(images)
    alone = np.concatenate([Classic().encode([image]) for image in images[60:]])
    np.testing.assert_allclose(together[60:], alone, atol=1e-6)
    assert together.dtype == np.float32
    assert together.shape == (70, Classic.dim)


def test_images_of_any_size_and_none_at_all() -> None:
    odd = [np.full((1, 1, 3), 9, np.uint8), pictures(1, 32)[0], pictures(1, 200)[0][:, :77]]
    features = load("classic").encode(odd)
    assert features.shape == (3, Classic.dim)
    assert np.isfinite(features).all()
    assert load("classic").encode([]).shape == (0, Classic.dim)


def test_the_fingerprint_stands_for_these_very_numbers() -> None:
    """If this fails because the features were changed on purpose, raise classic's version too."""
    rows = Classic().encode(pictures(4, 48, seed=7))
    sums = [
        rows[:, :576].sum(),
        rows[:, 576:720].sum(),
        rows[:, 720:816].sum(),
        rows[:, 816:].sum(),
    ]
    np.testing.assert_allclose(sums, EXPECTED, rtol=1e-3)
    assert Classic().fingerprint.startswith(FINGERPRINT)


EXPECTED = [358.414, 89.4035, 46.2143, 24.5926]
FINGERPRINT = "9b1b4af9"
