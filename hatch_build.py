"""Build hook: the wheel's dependencies are those of requirements/base.in, so that they stand in one place only."""

from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface


class CustomMetadataHook(MetadataHookInterface):
    """Fills `project.dependencies` from the direct requirements."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Read base.in line by line; comments and blanks are left out."""
        lines = (Path(self.root) / "requirements" / "base.in").read_text(encoding="utf-8").splitlines()
        metadata["dependencies"] = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
