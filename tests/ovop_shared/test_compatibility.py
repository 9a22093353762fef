"""The supported range of Saleor releases."""

import pytest

from ovop_shared.compatibility import saleor_version_problem, supported_range


@pytest.mark.parametrize("version", ["3.22.0", "3.22.67", "3.23.28", "3.23.0-rc.1"])
def test_a_supported_release_has_no_problem(version: str) -> None:
    assert saleor_version_problem(version) is None


@pytest.mark.parametrize("version", ["3.21.69", "3.24.0-a.0", "4.0.0", "2.23.1", "", "main"])
def test_any_other_release_is_named_with_the_range(version: str) -> None:
    problem = saleor_version_problem(version)

    assert problem is not None
    assert version in problem
    assert supported_range() == ">=3.22,<3.24"
    assert supported_range() in problem
