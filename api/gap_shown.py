"""A gap as JSON has it. Without the web server, which the command need not load."""

from __future__ import annotations

from api import schemas as s
from core.domain.gaps import GapCluster


def gap_shown(one: GapCluster) -> s.Gap:
    """As JSON has it, over HTTP and from the command."""
    return s.Gap(
        id=one.id,
        count=one.count,
        example=one.example,
        first_at=one.first_at.isoformat(),
        last_at=one.last_at.isoformat(),
        languages=list(one.languages),
        counts={why.value: count for why, count in one.counts.items()},
        nearest=s.NearestDocument(title=one.nearest.title, score=one.nearest.score, url=one.nearest.url)
        if one.nearest
        else None,
        closed_at=one.closed_at.isoformat() if one.closed_at else None,
        answer=one.answer or None,
        staff=[
            s.StaffDid(case=did.case, resolved=did.resolved, proposed=did.proposed, learned=did.learned)
            for did in one.staff
        ],
    )
