"""What affects the bytes of DIST besides the sources and the time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from calfeed.editions.consent import Consent

if TYPE_CHECKING:
    from calfeed.editions.manifest import Manifest


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """What affects the bytes of DIST besides the sources and the time.

    Attributes:
        baseline: the manifest of what is published now; None for the one in DIST.
        consent: which promises to subscribers may be broken.
        site: whether to make web pages.
        preview: whether web pages have placeholders for what `calfeed serve` adds; such pages are not for publishing.
    """

    baseline: Manifest | None = None
    consent: Consent = field(default_factory=Consent)
    site: bool = True
    preview: bool = False
